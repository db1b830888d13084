//! What a condition chooses: the rows of a write, the rows that are counted, the record just made.

use cloudbase_core::ErrorKind;
use cloudbase_data::Row;
use cloudbase_data::models::{Filter, field};
use cloudbase_data::mysql::{Columns, Filters, Related, eq, relation};
use serde::Serialize;
use serde_json::json;

use crate::support::{library, models, mysql};

#[tokio::test]
async fn nothing_is_written_that_no_condition_on_the_table_chose() {
    let emulator = library().start().await.unwrap();
    let mysql = mysql(&emulator);
    let change = json!({"pages": 1});
    for write in [
        mysql.from("books").delete().eq("author_id.name", "Ann"),
        mysql.delete("books", [("author_id.or", "(name.eq.Ann,name.eq.Bob)")]),
        mysql.delete("books", [("id", "not.in.()")]),
        mysql.delete("books", Filters::none()),
        mysql
            .from("books")
            .delete()
            .eq_all([("author_id.name", "Ann")]),
    ] {
        assert_eq!(write.await.unwrap_err().kind(), ErrorKind::Argument);
    }
    let both = mysql.from("books").update(&change).eq("id", 1);
    let both = both
        .eq("author_id.name", "Bob")
        .returning::<Row>("*,author_id(name)");
    assert_eq!(both.await.unwrap_err().kind(), ErrorKind::Argument);
    let left = mysql.from("books").count().is_null("pages").await.unwrap();
    assert_eq!((left, mysql.from("books").count().await.unwrap()), (1, 4));
    emulator.shutdown().await;
}

#[tokio::test]
async fn a_count_is_the_number_of_rows_that_a_select_gives() {
    let emulator = library().start().await.unwrap();
    let mysql = mysql(&emulator);
    let by = |name: &str| relation("author_id").inner().filter(eq("name", name));
    for (name, rows) in [("Ann", 2), ("Bob", 1), ("Cy", 0)] {
        let select = || {
            mysql
                .from("books")
                .select::<Row>(Columns::all().relation(by(name)))
        };
        assert_eq!(select().await.unwrap().len(), rows, "{name}");
        let page = select().limit(1).with_count().await.unwrap();
        assert_eq!(page.total, Some(rows as u64), "{name}");
        assert_eq!(select().count().await.unwrap(), rows as u64, "{name}");
        let text = mysql.from("books").select::<Row>("*,author_id!inner(name)");
        let count = text.eq("author_id.name", name).count().await.unwrap();
        assert_eq!(count, rows as u64, "{name}");
        let count = mysql
            .count("books", [("author_id.name", format!("eq.{name}"))])
            .select("id,author_id!inner(id)");
        assert_eq!(count.await.unwrap(), rows as u64, "{name}");
    }
    // A relation that is not inner narrows down what is shown, not what is counted.
    let shown = Related::new().filter(eq("name", "Ann"));
    let count = mysql
        .from("books")
        .select::<Row>("*,author_id(name)")
        .related("author_id", shown);
    assert_eq!(count.count().await.unwrap(), 4);
    emulator.shutdown().await;
}

#[tokio::test]
async fn no_record_is_touched_that_no_test_chose() {
    let emulator = library().model(todo()).start().await.unwrap();
    let todo = models(&emulator).model("todo");
    let two = json!([{"title": "a"}, {"title": "b"}]);
    todo.create_many(&two).await.unwrap();
    for filter in [
        json!({"where": {"$and": []}}),
        json!({"where": {"$or": []}}),
        json!({"where": {"title": {}}}),
        json!({"where": {"$and": [{"$or": [{}]}]}}),
        json!({"where": {}, "relateWhere": {}}),
    ] {
        let given = || Filter::from(filter.clone());
        let change = json!({"title": "c"});
        let kinds = [
            todo.delete_many().filter(given()).await.unwrap_err().kind(),
            todo.delete().filter(given()).await.unwrap_err().kind(),
            todo.update(&change)
                .filter(given())
                .await
                .unwrap_err()
                .kind(),
            todo.update_many(&change)
                .filter(given())
                .await
                .unwrap_err()
                .kind(),
            todo.upsert()
                .filter(given())
                .create(&change)
                .await
                .unwrap_err()
                .kind(),
        ];
        assert_eq!(kinds, [ErrorKind::Argument; 5], "{filter}");
    }
    let left = todo
        .list()
        .filter(field("title").in_(["a", "b"]))
        .with_total()
        .await
        .unwrap();
    assert_eq!(left.records.len(), 2);
    assert_eq!(todo.delete_many().all_records().await.unwrap().count, 2);
    emulator.shutdown().await;
}

#[derive(Serialize)]
struct Weight {
    title: &'static str,
    weight: f32,
}

#[tokio::test]
async fn a_filter_finds_the_value_that_a_record_was_made_with() {
    let emulator = library().model(todo()).start().await.unwrap();
    let todo = models(&emulator).model("todo");
    for (title, weight) in [("a", 0.1), ("b", 16_777_217.0)] {
        todo.create(&Weight { title, weight }).await.unwrap();
        let found = todo
            .list()
            .filter(field("weight").eq(weight))
            .await
            .unwrap();
        assert_eq!(found.records.len(), 1, "{weight}");
    }
    let record = Weight {
        title: "c",
        weight: f32::NAN,
    };
    let error = todo.create(&record).await.unwrap_err();
    assert!(error.message().ends_with("`weight` is NaN"), "{error}");
    let error = todo
        .list()
        .filter(field("weight").lt(f32::INFINITY))
        .await
        .unwrap_err();
    assert!(
        error.message().ends_with("`weight.$lt` is infinite"),
        "{error}"
    );
    emulator.shutdown().await;
}

fn todo() -> serde_json::Value {
    json!({"name": "todo", "permission": "OPEN", "schema": {"type": "object", "properties": {
        "title": {"type": "string"},
        "weight": {"type": "number"},
    }}})
}
