//! Data models and data sources, as an application does.

use std::time::Duration;

use cloudbase_core::ErrorKind;
use cloudbase_data::models::{DataSourceKey, Fields, Filter, Models, SqlValue, asc, desc, field};
use cloudbase_data::{DateTime, Row};
use cloudbase_emulator::{Emulator, EmulatorBuilder};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::{client, library, models};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Todo {
    #[serde(rename = "_id")]
    id: String,
    title: String,
    done: Option<bool>,
    created_at: DateTime,
}

fn world() -> EmulatorBuilder {
    let todo = json!({"name": "todo", "title": "Todo", "permission": "OPEN", "schema": {"type": "object", "properties": {
        "title": {"type": "string", "x-unique": true},
        "done": {"type": "boolean"},
        "priority": {"type": "number"},
        "note": {"type": "string"},
        "comments": {"type": "array", "format": "one-many", "x-parent": {"parentDataSourceName": "comment"}},
    }}});
    let comment = json!({"name": "comment", "permission": "OPEN", "schema": {"type": "object", "properties": {
        "text": {"type": "string"},
        "todo": {"type": "object", "format": "many-one", "x-parent": {"parentDataSourceName": "todo"}},
    }}});
    let secret = json!({"name": "secret", "permission": "ADMINONLY", "schema": {"type": "object", "properties": {
        "text": {"type": "string"}}}});
    library()
        .model(todo)
        .model(comment)
        .model(secret)
        .sql_template(
            "long_books",
            "SELECT title FROM books WHERE pages > {{ n }} ORDER BY id",
        )
}

async fn start() -> (Emulator, Models) {
    let emulator = world().start().await.unwrap();
    let models = models(&emulator);
    (emulator, models)
}

#[tokio::test]
async fn records_are_created_read_changed_and_removed() {
    let (emulator, models) = start().await;
    let todo = models.model("todo");
    let id = todo
        .create(&json!({"title": "milk", "done": false, "priority": 2}))
        .await
        .unwrap();
    let ids = todo
        .create_many(&[
            json!({"title": "bread", "priority": 5}),
            json!({"title": "Milk tea", "note": "hot"}),
        ])
        .await
        .unwrap();
    assert_eq!(ids.len(), 2);

    let milk = todo.get_by_id(&id).record::<Todo>().await.unwrap().unwrap();
    assert_eq!(
        (milk.id.as_str(), milk.title.as_str(), milk.done),
        (id.as_str(), "milk", Some(false))
    );
    assert!(milk.created_at.unix_millis().unwrap() > 1_500_000_000_000);
    assert!(todo.get_by_id("nobody").await.unwrap().is_none());
    let some: Row = todo
        .get_by_id(&id)
        .select(["title"])
        .await
        .unwrap()
        .unwrap();
    assert!(some.contains("title") && !some.contains("priority"));
    let bread = todo
        .get()
        .filter(field("title").eq("bread"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(bread.get::<i64>("priority").unwrap(), 5);
    assert!(
        todo.get()
            .filter(field("title").eq("none"))
            .await
            .unwrap()
            .is_none()
    );

    let done = json!({"done": true});
    assert_eq!(
        todo.update(&done)
            .filter(field("_id").eq(&id))
            .await
            .unwrap(),
        1
    );
    assert_eq!(
        todo.update(&done)
            .filter(field("_id").eq("nobody"))
            .await
            .unwrap(),
        0
    );
    let many = todo
        .update_many(&done)
        .filter(field("_id").in_(&ids))
        .await
        .unwrap();
    assert_eq!(many.count, 2);
    assert_eq!(
        todo.list()
            .filter(field("done").eq(true))
            .with_total()
            .await
            .unwrap()
            .total,
        Some(3)
    );

    let upsert = |title: &str| {
        todo.upsert()
            .filter(field("_id").eq("k1"))
            .create(&json!({"_id": "k1", "title": title}))
            .update(&json!({"title": title}))
    };
    let created = upsert("new").await.unwrap();
    assert_eq!((created.count, created.id.as_deref()), (0, Some("k1")));
    let changed = upsert("newer").await.unwrap();
    assert_eq!((changed.count, changed.id), (1, None));

    assert_eq!(todo.delete_by_id("k1").await.unwrap(), 1);
    assert_eq!(todo.delete_by_id("k1").await.unwrap(), 0);
    assert_eq!(
        todo.delete()
            .filter(field("title").eq("milk"))
            .await
            .unwrap(),
        1
    );
    assert_eq!(todo.delete_many().all_records().await.unwrap().count, 2);
    assert_eq!(
        todo.list_simple().with_total().await.unwrap().total,
        Some(0)
    );
    emulator.shutdown().await;
}

#[tokio::test]
async fn every_filter_finds_what_it_should() {
    let (emulator, models) = start().await;
    let todo = models.model("todo");
    let all = [
        json!({"title": "milk", "priority": 1}),
        json!({"title": "Milk tea", "priority": 2, "note": "hot"}),
        json!({"title": "bread", "priority": 3}),
    ];
    let ids = todo.create_many(&all).await.unwrap();
    models
        .model("comment")
        .create(&json!({"text": "yes", "todo": {"_id": ids[0]}}))
        .await
        .unwrap();
    for (filter, expected) in [
        (field("priority").eq(1), vec![1]),
        (field("priority").neq(1), vec![2, 3]),
        (field("priority").gt(1), vec![2, 3]),
        (field("priority").gte(2), vec![2, 3]),
        (field("priority").lt(2), vec![1]),
        (field("priority").lte(2), vec![1, 2]),
        (field("priority").in_([1, 3]), vec![1, 3]),
        (field("priority").not_in([1, 3]), vec![2]),
        (field("title").search("ilk"), vec![1, 2]),
        (field("title").search("Milk"), vec![2]),
        (field("title").search_ci("MILK"), vec![1, 2]),
        (field("title").not_search("Milk"), vec![1, 3]),
        (field("title").not_search_ci("MILK"), vec![3]),
        (field("note").is_empty(), vec![1, 3]),
        (field("note").is_not_empty(), vec![2]),
        (
            field("priority").eq(1).or(field("note").eq("hot")),
            vec![1, 2],
        ),
        (
            Filter::any([
                field("priority").eq(3),
                field("title").search("ilk").and(field("priority").gt(1)),
            ]),
            vec![2, 3],
        ),
        (
            Filter::related("comments", field("text").eq("yes")),
            vec![1],
        ),
        (
            json!({"where": {"priority": {"$gt": 1}, "note": {"$empty": true}}}).into(),
            vec![3],
        ),
        (Filter::all([]), vec![1, 2, 3]),
    ] {
        let text = format!("{filter:?}");
        let page = todo
            .list()
            .filter(filter)
            .order(asc("priority"))
            .await
            .unwrap();
        let found: Vec<i64> = page
            .records
            .iter()
            .map(|record| record.get("priority").unwrap())
            .collect();
        assert_eq!(found, expected, "{text}");
    }
    emulator.shutdown().await;
}

#[tokio::test]
async fn lists_are_selected_sorted_paged_and_counted() {
    let (emulator, models) = start().await;
    let todo = models.model("todo");
    let all: Vec<_> = (0..25)
        .map(|n| json!({"title": format!("t{n:02}"), "priority": n % 3}))
        .collect();
    let ids = todo.create_many(&all).await.unwrap();
    models
        .model("comment")
        .create(&json!({"text": "yes", "todo": {"_id": ids[4]}}))
        .await
        .unwrap();

    let page = todo
        .list()
        .order(desc("priority"))
        .order(asc("title"))
        .page(2, 10)
        .with_total()
        .records::<Todo>()
        .await
        .unwrap();
    assert_eq!(page.total, Some(25));
    assert_eq!(page.records[0].title, "t07");
    let first = todo.list().await.unwrap();
    assert_eq!((first.records.len(), first.total), (10, None));
    let simple = todo
        .list_simple()
        .page(3, 10)
        .with_total()
        .records::<Todo>()
        .await
        .unwrap();
    assert_eq!((simple.records.len(), simple.total), (5, Some(25)));

    let with_comments = todo
        .list()
        .filter(field("_id").eq(&ids[4]))
        .select(Fields::of(["title"]).relation("comments", Fields::of(["text"])))
        .await
        .unwrap();
    let comments: Vec<Value> = with_comments.records[0].get("comments").unwrap();
    assert_eq!(comments[0]["text"], "yes");
    assert!(!with_comments.records[0].contains("priority"));
    emulator.shutdown().await;
}

#[tokio::test]
async fn errors_in_a_200_are_errors() {
    let (emulator, models) = start().await;
    let missing = models.model("nope").list().await.unwrap_err();
    assert_eq!(missing.status().unwrap(), 200);
    assert_eq!(missing.code().unwrap(), &"DATASOURCE_NOT_EXIST");
    assert!(
        missing.is_not_found() && missing.request_id().is_some(),
        "{missing}"
    );
    assert_eq!(missing.operation(), "models.list");

    let user = Models::new(client(&emulator, emulator.publishable_key()));
    let denied = user.model("secret").list().await.unwrap_err();
    assert!(
        denied.is_permission_denied() && !denied.is_unauthenticated(),
        "{denied}"
    );
    let denied = user.mysql_command("SELECT 1").await.unwrap_err();
    assert!(denied.is_permission_denied(), "{denied}");

    let todo = models.model("todo");
    todo.create(&json!({"_id": "k", "title": "x"}))
        .await
        .unwrap();
    let twice = todo
        .create(&json!({"_id": "k", "title": "y"}))
        .await
        .unwrap_err();
    assert!(twice.is_conflict(), "{twice}");
    emulator.shutdown().await;
}

#[tokio::test]
async fn sql_runs_with_bound_parameters() {
    let (emulator, models) = start().await;
    let result = models
        .mysql_command(
            "SELECT id, title FROM books WHERE id IN ({{ ids }}) AND title <> {{ t }} ORDER BY id",
        )
        .parameter("ids", SqlValue::array(&[1, 2, 4]))
        .parameter("t", "a,b)")
        .sql_timeout(Duration::from_secs(10))
        .await;
    // How a list is bound is the service's affair; one value each always works.
    if let Err(error) = &result {
        assert_eq!(error.kind(), ErrorKind::Api, "{error}");
    }
    let result = models
        .mysql_command("SELECT id, title FROM books WHERE pages > {{ n }} ORDER BY id")
        .parameter("n", 100)
        .await
        .unwrap();
    assert_eq!(result.rows.len(), 2);
    assert_eq!(result.total, Some(2));
    assert_eq!(
        result.rows[0].get::<String>("title").unwrap(),
        "Night Train"
    );
    let data: Value = models
        .sql_template("long_books")
        .parameter("n", 100)
        .await
        .unwrap();
    assert_eq!(data["executeResultList"].as_array().unwrap().len(), 2);
    let missing = models.sql_template::<Value>("nope").await.unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::Api, "{missing}");
    emulator.shutdown().await;
}

#[tokio::test]
async fn data_sources_list_the_models() {
    let (emulator, models) = start().await;
    let sources = models.data_sources();

    let list = sources.aggregate_list(20).await.unwrap();
    assert_eq!(list.count, Some(3));
    let todo = list
        .rows
        .iter()
        .find(|source| source.name.as_deref() == Some("todo"))
        .unwrap();
    let schema = todo.json_schema().unwrap().unwrap();
    assert_eq!(
        schema.property("title").unwrap().kind.as_deref(),
        Some("string")
    );
    let named = sources
        .aggregate_list(20)
        .names(["todo", "comment"])
        .await
        .unwrap();
    assert_eq!(named.rows.len(), 2);

    let id = todo.id.clone().unwrap();
    let detail = sources
        .aggregate_detail(DataSourceKey::id(&id))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(detail.name.as_deref(), Some("todo"));
    let basic = sources
        .basic(DataSourceKey::name("todo"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(basic.id.as_deref(), Some(id.as_str()));
    assert!(
        basic
            .json_schema()
            .unwrap()
            .unwrap()
            .property("comments")
            .is_some()
    );

    let basics = sources
        .basic_list()
        .names(["todo"])
        .page(1, 10)
        .await
        .unwrap();
    assert_eq!((basics.total, basics.data_sources.len()), (Some(1), 1));

    let tables = sources.table_names("todo").await.unwrap();
    assert!(!tables.names.is_empty());
    let infos = sources.by_table_names(&tables.names).await.unwrap();
    assert_eq!(infos[0].name.as_deref(), Some("todo"));

    let schemas = sources.schemas(["todo"]).await.unwrap();
    assert!(
        schemas
            .iter()
            .any(|one| one.name.as_deref() == Some("todo"))
    );
    let missing = sources.basic(DataSourceKey::name("nope")).await;
    assert!(missing.is_err_and(|error| error.is_not_found()));
    emulator.shutdown().await;
}
