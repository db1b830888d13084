//! Reading and writing tables, as an application does.

use cloudbase_data::mysql::{
    Columns, Filters, Is, QueryOptions, Related, all, any, asc, desc, eq, escape_like, gt, in_,
    is_null, like, not, relation,
};
use cloudbase_data::{DateTime, Decimal, Row};
use cloudbase_emulator::TablePermission;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::support::{client, library, mysql};

#[derive(Debug, Deserialize, PartialEq)]
struct Book {
    id: i64,
    title: String,
    done: bool,
}

#[tokio::test]
async fn typed_rows_come_filtered_sorted_and_counted() {
    let emulator = library().start().await.unwrap();
    let mysql = mysql(&emulator);

    let books: Vec<Book> = mysql
        .from("books")
        .select("id,title,done")
        .eq("done", false)
        .order(desc("id"))
        .limit(20)
        .await
        .unwrap();
    let titles: Vec<_> = books.iter().map(|book| book.title.as_str()).collect();
    assert_eq!(titles, ["100% milk", "Night Train"]);

    let page = mysql
        .from("books")
        .filter(any([eq("done", true), like("title", "%milk%")]))
        .order(asc("id"))
        .limit(2)
        .with_count()
        .rows::<Book>()
        .await
        .unwrap();
    assert_eq!(page.total, Some(3));
    assert_eq!(page.rows.len(), 2);
    assert_eq!(page.rows[0].title, "Harbour");

    let answer = mysql
        .from("books")
        .select::<Book>("*")
        .range(1, 2)
        .send_with_meta()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    assert!(!answer.request_id().is_empty());
    assert_eq!(
        answer
            .value()
            .iter()
            .map(|book| book.id)
            .collect::<Vec<_>>(),
        [2, 3]
    );

    assert_eq!(
        mysql.from("books").count().gt("pages", 100).await.unwrap(),
        2
    );
    assert_eq!(mysql.count("books", Filters::none()).await.unwrap(), 4);
    assert_eq!(
        mysql
            .from("books")
            .eq::<Row>("title", "none")
            .await
            .unwrap(),
        []
    );
    emulator.shutdown().await;
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
async fn rows_are_written_changed_and_removed() {
    #[derive(Serialize)]
    struct New<'a> {
        title: &'a str,
        pages: Option<i32>,
    }
    let emulator = library().start().await.unwrap();
    let mysql = mysql(&emulator);

    let inserted = mysql
        .from("books")
        .insert(&New {
            title: "One",
            pages: None,
        })
        .await
        .unwrap();
    assert_eq!(inserted.affected, Some(1));
    let many = [
        New {
            title: "Two",
            pages: Some(2),
        },
        New {
            title: "Three",
            pages: Some(3),
        },
    ];
    let rows: Vec<Book> = mysql
        .from("books")
        .insert(&many)
        .returning("*")
        .await
        .unwrap();
    assert_eq!(rows.iter().map(|row| row.id).collect::<Vec<_>>(), [6, 7]);
    let one: Book = mysql
        .from("books")
        .insert(&New {
            title: "Four",
            pages: None,
        })
        .returning("id,title,done")
        .single()
        .await
        .unwrap();
    assert_eq!(
        one,
        Book {
            id: 8,
            title: "Four".into(),
            done: false
        }
    );

    let changed = mysql
        .from("books")
        .update(&json!({"done": true}))
        .in_("id", [6, 7])
        .returning::<Book>("*")
        .await
        .unwrap();
    assert!(changed.len() == 2 && changed.iter().all(|book| book.done));
    let nothing = mysql
        .from("books")
        .update(&json!({"done": true}))
        .eq("id", 99)
        .await
        .unwrap();
    assert_eq!(nothing.affected, Some(0));

    let upserted = mysql
        .from("authors")
        .upsert(&json!([{"id": 1, "name": "Anna"}, {"id": 9, "name": "Zoe"}]))
        .on_conflict(["id"])
        .returning::<Row>("*")
        .await
        .unwrap();
    assert_eq!(upserted.len(), 2);
    let ignored = mysql
        .from("authors")
        .upsert(&json!({"id": 1, "name": "Nobody"}))
        .ignore_duplicates();
    ignored.await.unwrap();
    let anna: Row = mysql
        .from("authors")
        .select("name")
        .eq("id", 1)
        .single()
        .await
        .unwrap();
    assert_eq!(anna.get::<String>("name").unwrap(), "Anna");

    let removed = mysql
        .from("books")
        .delete()
        .gt("id", 5)
        .order(asc("id"))
        .limit(2)
        .await
        .unwrap();
    assert_eq!(removed.affected, Some(2));
    let gone = mysql
        .from("books")
        .delete()
        .eq("id", 8)
        .returning::<Book>("*")
        .maybe_single()
        .await
        .unwrap();
    assert_eq!(gone.unwrap().title, "Four");
    let gone = mysql
        .from("books")
        .delete()
        .eq("id", 8)
        .returning::<Book>("*")
        .maybe_single()
        .await
        .unwrap();
    assert_eq!(gone, None);
    assert_eq!(mysql.from("books").count().await.unwrap(), 5);
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
async fn no_digit_is_lost() {
    #[derive(Debug, Serialize, Deserialize, PartialEq)]
    struct Precise {
        title: String,
        price: Option<Decimal>,
        #[serde(default, with = "cloudbase_data::lossless::integer::option")]
        big: Option<u64>,
        at: Option<DateTime>,
    }
    let emulator = library().start().await.unwrap();
    let mysql = mysql(&emulator);
    let precise = Precise {
        title: "precise".into(),
        price: Some("12345678901234567890.1234567891".parse().unwrap()),
        big: Some(9_007_199_254_740_993_u64),
        at: Some("2024-02-29 23:59:58".parse().unwrap()),
    };
    let stored: Precise = mysql
        .from("books")
        .insert(&precise)
        .returning("title,price,big,at")
        .single()
        .await
        .unwrap();
    assert_eq!(stored.big, precise.big);
    assert_eq!(stored.price, precise.price);
    assert_eq!(
        stored.at.as_ref().unwrap().unix_millis(),
        precise.at.as_ref().unwrap().unix_millis()
    );
    let found: Option<Row> = mysql
        .from("books")
        .select("*")
        .eq("big", 9_007_199_254_740_993_u64)
        .eq("price", precise.price.as_ref().unwrap())
        .eq("at", precise.at.as_ref().unwrap())
        .maybe_single()
        .await
        .unwrap();
    let row = found.unwrap();
    assert_eq!(row.get::<u64>("big").unwrap(), 9_007_199_254_740_993_u64);
    assert_eq!(Some(row.get::<Decimal>("price").unwrap()), precise.price);
    // A row of no fixed shape is written back as it was read.
    let again = mysql
        .from("books")
        .upsert(&row)
        .returning::<Row>("*")
        .single()
        .await
        .unwrap();
    assert_eq!(again, row);
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

#[tokio::test]
async fn other_databases_are_reached_by_path() {
    let emulator = library().start().await.unwrap();
    let mysql = mysql(&emulator);
    let here = mysql.clone().database("test-env").instance("default");
    assert_eq!(here.from("books").count().await.unwrap(), 4);
    let log = emulator.requests().all();
    assert_eq!(
        log.last().unwrap().path,
        "/v1/rdb/rest/default/test-env/books"
    );
    let error = mysql
        .database("elsewhere")
        .from("books")
        .select::<Row>("*")
        .await
        .unwrap_err();
    assert!(error.is_not_found(), "{error}");
    emulator.shutdown().await;
}

#[tokio::test]
async fn errors_say_what_happened() {
    let emulator = library()
        .table_permission("authors", TablePermission::AdminOnly)
        .start()
        .await
        .unwrap();
    let mysql = mysql(&emulator);

    let missing = mysql.from("nope").select::<Row>("*").await.unwrap_err();
    assert!(
        missing.is_not_found() && !missing.is_retryable(),
        "{missing}"
    );
    assert_eq!(missing.code().unwrap(), &"RESOURCE_NOT_FOUND");
    assert!(missing.request_id().is_some());

    let counted = mysql.from("nope").count().await.unwrap_err();
    assert!(counted.is_not_found(), "{counted}");

    let duplicate = mysql
        .from("authors")
        .insert(&json!({"name": "Ann"}))
        .await
        .unwrap_err();
    assert!(duplicate.is_conflict(), "{duplicate}");
    assert_eq!(duplicate.status().unwrap(), 400);

    let unknown = mysql.from("books").select::<Row>("nope").await.unwrap_err();
    assert_eq!(unknown.status().unwrap(), 400);
    assert!(!unknown.is_conflict() && !unknown.is_not_found());

    let user = cloudbase_data::MySql::new(client(&emulator, emulator.publishable_key()));
    emulator.requests().clear();
    let denied = user.from("authors").select::<Row>("*").await.unwrap_err();
    assert!(
        denied.is_permission_denied() && !denied.is_unauthenticated(),
        "{denied}"
    );
    assert_eq!(emulator.requests().all().len(), 1);

    let decode = mysql.from("books").select::<Book>("id").await.unwrap_err();
    assert_eq!(decode.kind(), cloudbase_core::ErrorKind::Decode);
    assert!(decode.message().contains("[0]"), "{decode}");

    emulator.requests().clear();
    let refused = mysql
        .from("books")
        .delete()
        .filter(all([]))
        .await
        .unwrap_err();
    assert_eq!(refused.kind(), cloudbase_core::ErrorKind::Argument);
    let refused = mysql
        .from("books")
        .eq::<Row>("title", "x".repeat(1 << 20))
        .await
        .unwrap_err();
    assert_eq!(refused.kind(), cloudbase_core::ErrorKind::Argument);
    assert!(emulator.requests().all().is_empty());
    emulator.shutdown().await;
}
