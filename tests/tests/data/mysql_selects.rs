//! Choosing rows of tables, and relations of them, as an application does.

use cloudbase_data::Row;
use cloudbase_data::mysql::{
    Columns, Is, QueryOptions, Related, all, any, asc, desc, eq, escape_like, gt, in_, is_null,
    like, not, relation,
};
use serde::Deserialize;
use serde_json::json;

use crate::support::{library, mysql};

#[derive(Debug, Deserialize, PartialEq)]
struct Book {
    id: i64,
    title: String,
    done: bool,
}

#[tokio::test]
async fn every_operator_finds_what_it_should() {
    let emulator = library().start().await.unwrap();
    let mysql = mysql(&emulator);
    let none: [i64; 0] = [];
    for (filter, expected) in [
        (eq("id", 3), vec![3]),
        (cloudbase_data::mysql::neq("id", 3), vec![1, 2, 4]),
        (gt("pages", 80), vec![1, 4]),
        (cloudbase_data::mysql::gte("pages", 80), vec![1, 3, 4]),
        (cloudbase_data::mysql::lt("pages", 120), vec![3]),
        (cloudbase_data::mysql::lte("pages", 120), vec![1, 3]),
        (like("title", format!("%{}%", escape_like("0% m"))), vec![3]),
        (cloudbase_data::mysql::regexp("title", "^[HN]"), vec![1, 2]),
        (in_("title", ["a,b)", "Harbour", "\"", "\\"]), vec![2, 4]),
        (in_("id", none), vec![]),
        (not(in_("id", none)), vec![1, 2, 3, 4]),
        (is_null("pages"), vec![2]),
        (eq("pages", None::<i64>), vec![2]),
        (cloudbase_data::mysql::is("done", Is::True), vec![2, 4]),
        (not(gt("pages", 100)), vec![3]),
        (
            not(any([
                eq("id", 1),
                all([gt("pages", 70), eq("done", false)]),
            ])),
            vec![2, 4],
        ),
        (
            all([
                any([eq("id", 1), eq("id", 2)]),
                any([eq("id", 2), eq("id", 3)]),
            ]),
            vec![2],
        ),
        (eq("order", None::<i64>), vec![1, 2, 3, 4]),
        (all([]), vec![1, 2, 3, 4]),
    ] {
        let text = format!("{filter:?}");
        let rows: Vec<Row> = mysql
            .from("books")
            .select("id")
            .filter(filter)
            .order(asc("id"))
            .await
            .unwrap();
        let found: Vec<i64> = rows.iter().map(|row| row.get("id").unwrap()).collect();
        assert_eq!(found, expected, "{text}");
    }
    let nulls: Vec<Row> = mysql
        .from("books")
        .select("id")
        .order(desc("pages").nulls_first())
        .await
        .unwrap();
    assert_eq!(nulls[0].get::<i64>("id").unwrap(), 2);
    emulator.shutdown().await;
}

#[tokio::test]
async fn relations_are_embedded_as_values_and_as_text() {
    #[derive(Debug, Deserialize, PartialEq)]
    struct Author {
        name: String,
        #[serde(default)]
        books: Vec<Title>,
    }
    #[derive(Debug, Deserialize, PartialEq)]
    struct Title {
        title: String,
    }
    #[derive(Debug, Deserialize, PartialEq)]
    struct WithAuthor {
        title: String,
        author: Option<Author>,
    }
    let emulator = library().start().await.unwrap();
    let mysql = mysql(&emulator);

    let author = relation("author_id").alias("author").columns(["name"]);
    let columns = Columns::new().column("title").relation(author.clone());
    let by_value: Vec<WithAuthor> = mysql
        .from("books")
        .select(columns)
        .order(asc("id"))
        .await
        .unwrap();
    let by_text: Vec<WithAuthor> = mysql
        .from("books")
        .select("title, author:author_id (name)")
        .order(asc("id"))
        .await
        .unwrap();
    assert_eq!(by_value, by_text);
    assert_eq!(by_value[0].author.as_ref().unwrap().name, "Ann");
    assert_eq!(by_value[3].author, None);

    let inner = Columns::new().column("title").relation(author.inner());
    let books: Vec<WithAuthor> = mysql.from("books").select(inner).await.unwrap();
    assert_eq!(books.len(), 3);

    let titles = relation("books")
        .columns(["title"])
        .order(desc("id"))
        .limit(1);
    let columns = Columns::new().column("name").relation(titles);
    let by_value: Vec<Author> = mysql
        .from("authors")
        .select(columns)
        .order(asc("id"))
        .await
        .unwrap();
    let by_text: Vec<Author> = mysql
        .from("authors")
        .select("name,books(title)")
        .related("books", Related::new().order(desc("id")).limit(1))
        .order(asc("id"))
        .await
        .unwrap();
    assert_eq!(by_value, by_text);
    assert_eq!(
        by_value[0].books,
        [Title {
            title: "Harbour".into()
        }]
    );
    assert_eq!(by_value[2].books, []);

    let filtered = relation("books")
        .columns(["title"])
        .filter(any([eq("id", 1), gt("pages", 1000)]));
    let columns = Columns::new().column("name").relation(filtered);
    let ann: Author = mysql
        .from("authors")
        .select(columns)
        .eq("id", 1)
        .single()
        .await
        .unwrap();
    assert_eq!(
        ann.books,
        [Title {
            title: "Night Train".into()
        }]
    );

    let mentors: Vec<Row> = mysql
        .from("authors")
        .select(
            Columns::new()
                .column("name")
                .relation(relation("mentor_id").alias("mentor").columns(["name"])),
        )
        .eq("id", 2)
        .await
        .unwrap();
    assert_eq!(mentors[0].get::<Author>("mentor").unwrap().name, "Ann");
    emulator.shutdown().await;
}

#[tokio::test]
async fn single_and_maybe_single_follow_the_documented_rules() {
    let emulator = library().start().await.unwrap();
    let mysql = mysql(&emulator);
    let books = || mysql.from("books").select::<Book>("*");

    assert_eq!(books().eq("id", 1).single().await.unwrap().id, 1);
    let none = books().eq("id", 99).single().await.unwrap_err();
    assert_eq!(none.status().unwrap(), 406);
    assert!(none.is_not_found());
    let several = books().single().await.unwrap_err();
    assert_eq!(several.status().unwrap(), 406);
    assert!(!several.is_not_found());

    assert_eq!(
        books()
            .eq("id", 1)
            .maybe_single()
            .await
            .unwrap()
            .unwrap()
            .id,
        1
    );
    assert_eq!(books().eq("id", 99).maybe_single().await.unwrap(), None);
    let several = books().maybe_single().await.unwrap_err();
    assert_eq!(several.status().unwrap(), 406);
    assert!(!several.is_not_found());
    assert_eq!(several.operation(), "mysql.select");
    emulator.shutdown().await;
}

#[tokio::test]
async fn short_forms_do_the_same() {
    let emulator = library().start().await.unwrap();
    let mysql = mysql(&emulator);
    let options = QueryOptions::new()
        .select("id,title,done")
        .filters([
            ("pages", "gte.80"),
            ("pages", "lt.300"),
            ("or", "(done.is.false,title.like.%x%)"),
        ])
        .order("id.desc")
        .limit(10);
    let books: Vec<Book> = mysql.query("books", options.clone()).await.unwrap();
    assert_eq!(books.iter().map(|book| book.id).collect::<Vec<_>>(), [3, 1]);
    let page = mysql
        .query("books", options.limit(1).offset(1))
        .with_count()
        .rows::<Book>()
        .await
        .unwrap();
    assert_eq!((page.total, page.rows[0].id), (Some(2), 1));
    let map = std::collections::BTreeMap::from([("id", "in.(1,2)")]);
    let written = mysql
        .update("books", &json!({"done": true}), map)
        .await
        .unwrap();
    assert_eq!(written.affected, Some(2));
    assert_eq!(
        mysql
            .insert("books", &json!({"title": "x"}))
            .await
            .unwrap()
            .affected,
        Some(1)
    );
    assert_eq!(
        mysql
            .delete("books", [("title", "eq.x")])
            .await
            .unwrap()
            .affected,
        Some(1)
    );
    assert_eq!(
        mysql.count("books", [("done", "is.true")]).await.unwrap(),
        3
    );
    emulator.shutdown().await;
}
