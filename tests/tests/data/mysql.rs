//! Reading and writing tables, as an application does.

use cloudbase_data::mysql::{Filters, all, any, asc, desc, eq, like};
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

    let response = mysql
        .from("books")
        .select::<Book>("*")
        .range(1, 2)
        .send_with_meta()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
    assert!(!response.request_id().is_empty());
    assert_eq!(
        response
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
    let rejected = mysql
        .from("books")
        .delete()
        .filter(all([]))
        .await
        .unwrap_err();
    assert_eq!(rejected.kind(), cloudbase_core::ErrorKind::Argument);
    let rejected = mysql
        .from("books")
        .eq::<Row>("title", "x".repeat(1 << 20))
        .await
        .unwrap_err();
    assert_eq!(rejected.kind(), cloudbase_core::ErrorKind::Argument);
    assert!(emulator.requests().all().is_empty());
    emulator.shutdown().await;
}
