//! Responses of which one field is not what the documents say: every field of every endpoint of
//! models, data sources, templates and commands in turn.

#![allow(clippy::unwrap_used, reason = "a failure is a failed test")]
#![cfg(feature = "models")]
#![recursion_limit = "256"]

use std::time::Duration;

use cloudbase_core::http::{Request, Response};
use cloudbase_core::{Body, BoxError, Client, ErrorKind, Result};
use cloudbase_data::Row;
use cloudbase_data::models::{DataSourceKey, JsonSchema, Models, SqlResult, field};
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use tower::service_fn;

/// Models of which every call gets the response `body`.
fn responding(body: &Value) -> Models {
    let body = body.to_string();
    let transport = service_fn(move |_: Request<Body>| {
        let body = Body::from(body.clone());
        let response = Response::builder().header("content-type", "application/json");
        async move { Ok::<_, BoxError>(response.body(body).unwrap()) }
    });
    let client = Client::builder()
        .env_id("env")
        .access_key("the-access-key")
        .transport(transport);
    Models::new(client.build().unwrap())
}

/// What stands in a field in place of what belongs there.
const ODD: [&str; 7] = [
    "number", "text", "bool", "object", "array", "null", "nothing",
];

fn odd(kind: &str) -> Option<Value> {
    Some(match kind {
        "number" => json!(7),
        "text" => json!("odd"),
        "bool" => json!(true),
        "object" => json!({ "odd": 1 }),
        "array" => json!(["odd", 1]),
        "null" => Value::Null,
        _ => return None,
    })
}

/// The pointers of all fields, those in the first element of a list included.
fn fields(value: &Value, at: &str, out: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let at = format!("{at}/{name}");
                fields(member, &at, out);
                out.push(at);
            }
        }
        Value::Array(members) => {
            if let Some(first) = members.first() {
                fields(first, &format!("{at}/0"), out);
            }
        }
        _ => {}
    }
}

/// `body` with `odd` in the field at `pointer`, or without that field.
fn with_odd(body: &Value, pointer: &str, odd: Option<Value>) -> Value {
    let mut body = body.clone();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = body.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    match odd {
        Some(odd) => parent.insert(name.to_owned(), odd),
        None => parent.remove(name),
    };
    body
}

type Call = fn(Models) -> BoxFuture<'static, Result<()>>;

/// A call, what it gets, and the fields that it was made for with what they may be instead.
struct Case {
    name: &'static str,
    call: Call,
    body: Value,
    asked_for: &'static [(&'static str, &'static [&'static str])],
}

macro_rules! case {
    ($name:literal, $models:ident => $call:expr, $body:tt, [$($field:literal: $fine:expr),* $(,)?]) => {
        Case {
            name: $name,
            call: |$models| async move { $call.await.map(drop) }.boxed(),
            body: json!($body),
            asked_for: &[$(($field, &$fine)),*],
        }
    };
}

fn milk() -> cloudbase_data::models::Filter {
    field("title").eq("milk")
}

/// The calls to records. Their fields are the caller's own, so only what is around them is odd.
fn records() -> Vec<Case> {
    let page = json!({"data": {"records": [], "total": 1}, "requestId": "r"});
    let batch = json!({"data": {"count": 1, "legalIdList": ["a"], "illegalIdList": ["b"]}, "requestId": "r"});
    let count = json!({"data": {"count": 1}, "requestId": "r"});
    let one = json!({"data": {"record": {}}, "requestId": "r"});
    vec![
        case!("get_by_id", m => m.model("t").get_by_id("a"), one,
            ["/data": ["null", "nothing", "object"], "/data/record": ["object", "null", "nothing"]]),
        case!("get", m => m.model("t").get(), one,
            ["/data": ["null", "nothing", "object"], "/data/record": ["object", "null", "nothing"]]),
        case!("list", m => m.model("t").list(), page,
            ["/data": ["null", "nothing", "object"], "/data/records": ["null", "nothing"]]),
        case!("list_simple", m => m.model("t").list_simple(), page,
            ["/data": ["null", "nothing", "object"], "/data/records": ["null", "nothing"]]),
        case!("create", m => m.model("t").create(&json!({"a": 1})), {"data": {"id": "a"}, "requestId": "r"},
            ["/data": [], "/data/id": ["number", "text"]]),
        case!("create_many", m => m.model("t").create_many(&[json!({"a": 1})]),
            {"data": {"idList": ["a"]}, "requestId": "r"},
            ["/data": ["object"], "/data/idList": ["array", "null", "nothing"]]),
        case!("update", m => m.model("t").update(&json!({"a": 1})).filter(milk()), count,
            ["/data": ["object"], "/data/count": ["number", "null", "nothing"]]),
        case!("update_many", m => m.model("t").update_many(&json!({"a": 1})).filter(milk()), batch,
            ["/data": ["object"], "/data/count": ["number", "null", "nothing"]]),
        case!("upsert", m => m.model("t").upsert().filter(milk()).create(&json!({"a": 1})),
            {"data": {"count": 0, "id": "a"}, "requestId": "r"},
            ["/data": ["object"], "/data/count": ["number", "null", "nothing"],
             "/data/id": ["number", "text", "null", "nothing"]]),
        case!("delete_by_id", m => m.model("t").delete_by_id("a"), count,
            ["/data": ["object"], "/data/count": ["number", "null", "nothing"]]),
        case!("delete", m => m.model("t").delete().filter(milk()), count,
            ["/data": ["object"], "/data/count": ["number", "null", "nothing"]]),
        case!("delete_many", m => m.model("t").delete_many().filter(milk()), batch,
            ["/data": ["object"], "/data/count": ["number", "null", "nothing"]]),
    ]
}

fn statements() -> Vec<Case> {
    vec![
        case!("mysql_command", m => m.mysql_command("SELECT 1"),
            {"data": {"executeResultList": [{"id": 1}], "total": 1, "backendExecute": "27"}, "requestId": "r"},
            []),
        case!("sql_template", m => m.sql_template::<Vec<Row>>("t"),
            {"Response": {"Data": {"executeResultList": [], "total": 1, "backendExecute": "27"}, "RequestId": "r"}},
            ["/Response": [], "/Response/Data": [], "/Response/Data/executeResultList": []]),
        case!("sql_template, a list", m => m.sql_template::<Vec<Row>>("t"),
            {"Response": {"Data": [], "RequestId": "r"}}, ["/Response": [], "/Response/Data": []]),
        case!("sql_template, one object", m => m.sql_template::<Row>("t"),
            {"Response": {"Data": {"total": 1}, "RequestId": "r"}},
            ["/Response": [], "/Response/Data": ["object"]]),
    ]
}

/// Metadata: whatever a record says of itself, the others can be read.
fn data_sources() -> Vec<Case> {
    let source = json!({
        "Id": "ds-1", "Name": "todo", "Title": "Todo", "Type": "database", "SubType": "database",
        "Description": "d", "Schema": "{}", "Methods": "[]", "Fun": "[]", "EnvId": "env", "CmsProject": "c",
        "PkgId": "p", "SchemaVersion": "1", "CreatorId": "u", "CreatedAt": "t", "UpdatedAt": "t",
        "PublishedAt": "t", "DataSourceVersion": "1", "DbInstanceType": "MYSQL", "DbLinkName": "l",
        "DbSourceType": "s", "Configuration": "{}", "AuthStatus": "1", "AuthInfo": {"AuthUser": "u"},
        "ChildDataSourceIds": ["a"], "ChildDataSourceNames": ["a"], "IsNewDataSource": 1,
        "PreviewTableName": "a", "PublishedTableName": "b", "PublishStatus": 1, "PublishVersion": "1",
        "PublishViewId": "v", "ViewId": "v", "ScfStatus": 1, "Source": 1, "TemplateCode": "t",
        "UpdateVersion": 1,
        "RelationFieldList": [{"Field": "f", "Format": "many-one", "RelateDataSourceName": "r"}],
        "AppUsageList": [{"Id": "a", "Title": "t", "DataSourceId": "d", "EditStatusUse": 1,
            "PreviewStatusUse": 1, "OnlineStatusUse": 1}],
    });
    let basic = json!({
        "Id": "ds-1", "Name": "todo", "Title": "Todo", "Type": "database", "SubType": "database",
        "Schema": "{}", "Methods": "[]", "Fun": "[]", "ChildDataSourceNames": ["a"],
        "DbInstanceType": "MYSQL", "DbLinkType": "l", "DbSourceType": "s", "PreviewTableName": "a",
        "PublishedTableName": "b", "PublishCacheStatus": "1", "PublishStatus": 1, "TableNameRule": "r",
        "UpdateTime": "t",
    });
    let table = json!({"IsDataSource": true, "IsPreview": false, "Name": "todo", "Schema": "{}",
        "TableName": "t", "Title": "Todo"});
    let relation = json!({"Id": "ds-1", "Name": "todo", "Title": "Todo", "Schema": "{}",
        "RelatedFieldKey": "f", "RelatedType": "many-one", "RelationViewList": [{"a": 1}]});
    vec![
        case!("aggregate_list", m => m.data_sources().aggregate_list(10),
            {"data": {"Count": 1, "Rows": [source]}, "requestId": "r"},
            ["/data": ["object", "null", "nothing"], "/data/Rows": ["null", "nothing"]]),
        case!("aggregate_detail", m => m.data_sources().aggregate_detail(DataSourceKey::name("todo")),
            {"data": source, "requestId": "r"}, ["/data": ["object", "null", "nothing"]]),
        case!("by_table_names", m => m.data_sources().by_table_names(["t"]),
            {"data": {"DataSourceTableInfos": [table]}, "requestId": "r"},
            ["/data": ["object", "null", "nothing"], "/data/DataSourceTableInfos": ["null", "nothing"]]),
        case!("basic", m => m.data_sources().basic(DataSourceKey::name("todo")),
            {"data": basic, "requestId": "r"}, ["/data": ["object", "null", "nothing"]]),
        case!("basic_list", m => m.data_sources().basic_list(),
            {"data": {"DataSourceList": [basic], "Total": 1}, "requestId": "r"},
            ["/data": ["object", "null", "nothing"], "/data/DataSourceList": ["null", "nothing"]]),
        case!("schemas", m => m.data_sources().all_schemas(),
            {"data": {"DataSourceRelationInfoList": [relation]}, "requestId": "r"},
            ["/data": ["object", "null", "nothing"], "/data/DataSourceRelationInfoList": ["null", "nothing"]]),
        case!("table_names", m => m.data_sources().table_names("todo"),
            {"TableName": ["a"], "DbType": "MYSQL", "requestId": "r"},
            ["/TableName": ["text", "null", "nothing"]]),
        case!("table_names in data", m => m.data_sources().all_table_names(),
            {"data": {"TableName": ["a"], "DbType": "MYSQL"}, "requestId": "r"},
            ["/data": ["object", "null", "nothing"], "/data/TableName": ["text", "null", "nothing"]]),
    ]
}

/// Every field of the case's response in turn is odd, and the call comes to what the table says.
async fn check(case: Case) {
    let mut pointers = Vec::new();
    fields(&case.body, "", &mut pointers);
    assert!(
        (case.call)(responding(&case.body)).await.is_ok(),
        "{}",
        case.name
    );
    for (asked_for, _) in case.asked_for {
        assert!(
            pointers.iter().any(|field| field == asked_for),
            "{}: {asked_for}",
            case.name
        );
    }
    for pointer in pointers {
        let asked_for = case.asked_for.iter().find(|(field, _)| *field == pointer);
        for kind in ODD {
            let body = with_odd(&case.body, &pointer, odd(kind));
            let outcome = (case.call)(responding(&body)).await;
            let fine = asked_for.is_none_or(|(_, fine)| fine.contains(&kind));
            let what = format!("{}: {kind} at {pointer}: {outcome:?}", case.name);
            assert_eq!(outcome.is_ok(), fine, "{what}");
            if let Err(error) = outcome {
                assert_eq!(error.kind(), ErrorKind::Decode, "{what}");
            }
        }
    }
}

#[tokio::test]
async fn a_call_to_records_needs_only_what_it_was_made_for() {
    for case in records() {
        check(case).await;
    }
}

#[tokio::test]
async fn a_statement_needs_only_what_it_was_made_for() {
    for case in statements() {
        check(case).await;
    }
}

#[tokio::test]
async fn a_query_for_data_sources_needs_only_their_list() {
    for case in data_sources() {
        check(case).await;
    }
}

/// A statement that ran is no failure because of how its result is written.
#[tokio::test]
async fn the_result_of_a_statement_is_kept_as_it_is() {
    let run = |data: Value| async move {
        let result: Result<SqlResult> = responding(&json!({ "data": data }))
            .mysql_command("UPDATE t SET a = 1")
            .await;
        result.unwrap()
    };
    for (text, time) in [
        (json!("27.5"), Some(Duration::from_micros(27_500))),
        (json!("27ms"), Some(Duration::from_millis(27))),
        (json!(27), Some(Duration::from_millis(27))),
        (json!(""), None),
        (json!("soon"), None),
        (json!("-1"), None),
        (json!("1e300"), None),
        (json!(null), None),
    ] {
        let result = run(json!({ "backendExecute": text })).await;
        assert_eq!(result.backend_time(), time, "{text}");
    }
    for total in [json!(""), json!("-1"), json!({}), json!(1.5)] {
        assert_eq!(run(json!({ "total": total })).await.total, None, "{total}");
    }
    assert_eq!(run(json!({ "total": "3" })).await.total, Some(3));
    for other in [
        json!({ "affectedRows": 1 }),
        json!([1]),
        json!("ok"),
        json!(1),
    ] {
        let result = run(json!({ "executeResultList": other })).await;
        assert_eq!((result.rows.len(), result.other), (0, Some(other)));
    }
    let rows = run(json!({ "executeResultList": [{ "affectedRows": 1 }] }))
        .await
        .rows;
    assert_eq!(rows[0].get::<u64>("affectedRows").unwrap(), 1);
}

/// Rows that do not fit are an error all the same.
#[tokio::test]
async fn rows_that_do_not_fit_are_an_error() {
    #[derive(Debug, serde::Deserialize)]
    struct Book {
        #[expect(dead_code, reason = "only read")]
        id: u64,
    }
    let body = json!({ "data": { "executeResultList": [{ "id": "x" }] } });
    let command = responding(&body).mysql_command("SELECT 1").rows::<Book>();
    let error = command.await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Decode, "{error}");
    assert!(error.message().contains("[0].id"), "{error}");
}

/// Both forms of a template's data, read into what a caller writes down first.
#[tokio::test]
async fn rows_of_a_template_come_from_both_forms() {
    let rows = json!([{ "id": 1 }]);
    for data in [
        rows.clone(),
        json!({ "executeResultList": rows, "total": 1 }),
    ] {
        let body = json!({ "Response": { "RequestId": "r", "Data": data } });
        let rows: Vec<Row> = responding(&body).sql_template("t").await.unwrap();
        assert_eq!(rows[0].get::<u64>("id").unwrap(), 1);
        let whole: Value = responding(&body).sql_template("t").await.unwrap();
        assert_eq!(whole, data);
    }
}

#[tokio::test]
async fn details_of_another_type_are_read_where_they_can_be() {
    let body = json!({"data": {"Name": "todo", "SchemaVersion": 1, "CreatedAt": 1_700_000_000_000_u64,
        "DataSourceVersion": 3, "Schema": {"type": "object", "title": 1, "properties": {"a": {"format": 2}}},
        "Methods": [], "IsNewDataSource": "1"}});
    let key = || DataSourceKey::name("todo");
    let sources = responding(&body).data_sources();
    let source = sources.aggregate_detail(key()).await.unwrap().unwrap();
    assert_eq!(source.schema_version.as_deref(), Some("1"));
    assert_eq!(source.created_at.as_deref(), Some("1700000000000"));
    assert_eq!(source.methods.as_deref(), Some("[]"));
    assert_eq!(source.is_new_data_source, Some(1));
    let schema: JsonSchema = source.json_schema().unwrap().unwrap();
    assert_eq!(schema.property("a").unwrap().format.as_deref(), Some("2"));
    let body =
        json!({"data": {"DataSourceTableInfos": [{"IsPreview": 1, "IsDataSource": "false"}]}});
    let tables = responding(&body)
        .data_sources()
        .by_table_names(["t"])
        .await
        .unwrap();
    assert_eq!(
        (tables[0].is_preview, tables[0].is_data_source),
        (Some(true), Some(false))
    );
}
