//! The calls as values: method, path, body and nature of each of the builders.

use cloudbase_core::{ErrorKind, Operation, Result};
use serde_json::{Value, json};

use super::*;
use crate::order::{asc, desc};

mod arguments;
mod writes;

fn models() -> Models {
    let client = Client::builder()
        .env_id("env")
        .endpoint("http://127.0.0.1:1")
        .build()
        .unwrap();
    Models::new(client)
}

#[track_caller]
fn check(operation: Result<Operation>, line: &str, body: Value, repeatable: bool) {
    let operation = operation.unwrap();
    assert_eq!(
        format!("{} {}", operation.method(), operation.target()),
        line
    );
    let sent = operation.body_bytes().unwrap();
    if body.is_null() {
        assert!(sent.is_empty());
    } else {
        assert_eq!(serde_json::from_slice::<Value>(sent).unwrap(), body);
    }
    assert_eq!(operation.is_repeatable(), repeatable, "{line}");
}

#[test]
fn all_thirteen_methods_are_as_documented() {
    let todo = models().model("to do");
    let base = "/v1/model/prod/to%20do";
    let milk = field("title").eq("milk");
    let filter = json!({"where": {"title": {"$eq": "milk"}}});
    let all = json!({"$master": true});
    check(
        todo.get_by_id("a/b").operation(),
        &format!("GET {base}/a%2Fb/get"),
        json!(null),
        true,
    );
    check(
        todo.get_by_id("x").select(["title"]).operation(),
        &format!("POST {base}/get"),
        json!({"filter": {"where": {"_id": {"$eq": "x"}}}, "select": {"title": true}}),
        true,
    );
    check(
        todo.get().filter(milk.clone()).operation(),
        &format!("POST {base}/get"),
        json!({"filter": filter, "select": all}),
        true,
    );
    check(
        todo.list()
            .filter(milk.clone())
            .select(
                Fields::master()
                    .relation("comments", Fields::of(["_id"]))
                    .field("author"),
            )
            .order(desc("createdAt"))
            .order(asc("_id"))
            .page(2, 20)
            .with_total()
            .operation(),
        &format!("POST {base}/list"),
        json!({
            "filter": filter,
            "select": {"$master": true, "comments": {"_id": true}, "author": true},
            "pageSize": 20, "pageNumber": 2, "getCount": true,
            "orderBy": [{"createdAt": "desc"}, {"_id": "asc"}],
        }),
        true,
    );
    check(
        todo.list_simple().page(1, 10).with_total().operation(),
        &format!("GET {base}/list?pageSize=10&pageNumber=1&getCount=true"),
        json!(null),
        true,
    );
    check(
        todo.create(&json!({"title": "milk"})).operation(),
        &format!("POST {base}/create"),
        json!({"data": {"title": "milk"}}),
        false,
    );
    check(
        todo.create_many(&[json!({"title": "one"}), json!({"title": "two"})])
            .operation(),
        &format!("POST {base}/createMany"),
        json!({"data": [{"title": "one"}, {"title": "two"}]}),
        false,
    );
    let change = json!({"filter": filter, "data": {"done": true}});
    let done = json!({"done": true});
    check(
        todo.update(&done).filter(milk.clone()).operation(),
        &format!("PUT {base}/update"),
        change.clone(),
        false,
    );
    check(
        todo.update_many(&done).filter(milk.clone()).operation(),
        &format!("PUT {base}/updateMany"),
        change,
        false,
    );
    check(
        todo.upsert()
            .filter(milk.clone())
            .create(&done)
            .update(&done)
            .operation(),
        &format!("POST {base}/upsert"),
        json!({"filter": filter, "create": done, "update": done}),
        true,
    );
    check(
        todo.delete_by_id("x").operation(),
        &format!("DELETE {base}/x/delete"),
        json!(null),
        true,
    );
    check(
        todo.delete().filter(milk.clone()).operation(),
        &format!("POST {base}/delete"),
        json!({"filter": filter}),
        false,
    );
    check(
        todo.delete_many().filter(milk).operation(),
        &format!("POST {base}/deleteMany"),
        json!({"filter": filter}),
        true,
    );
}

#[test]
fn trial_data_is_in_the_path() {
    let todo = models().env_type(EnvType::Pre).model("todo");
    let operation = todo.list().operation().unwrap();
    assert_eq!(operation.target(), "/v1/model/pre/todo/list");
}

#[test]
fn everything_is_reached_only_on_request() {
    let todo = models().model("todo");
    let done = json!({"done": true});
    for rejected in [
        todo.update(&done).operation(),
        todo.update_many(&done).operation(),
        todo.upsert().create(&done).operation(),
        todo.delete().operation(),
        todo.delete_many().operation(),
        todo.delete_many().filter(json!({"where": {}})).operation(),
    ] {
        let error = rejected.unwrap_err();
        assert!(
            error.message().starts_with("`filter` is required"),
            "{error}"
        );
    }
    check(
        todo.delete_many().all_records().operation(),
        "POST /v1/model/prod/todo/deleteMany",
        json!({"filter": {"where": {}}}),
        true,
    );
    assert!(todo.update_many(&done).all_records().operation().is_ok());
}

/// What the other SDKs write, written down here.
#[test]
fn the_json_of_the_other_sdks_is_taken() {
    let select = json!({"$master": true, "comments": {"_id": true}});
    let operation = models()
        .model("t")
        .list()
        .select(select.clone())
        .operation();
    let operation = operation.unwrap();
    let body: Value = serde_json::from_slice(operation.body_bytes().unwrap()).unwrap();
    assert_eq!(body["select"], select);

    let (number, none, some) = (7_u8, None::<&str>, Some(2.5_f32));
    let parameters = [
        (SqlValue::from(&number), "NUMBER", "7"),
        (SqlValue::from(1.1_f32), "NUMBER", "1.1"),
        (SqlValue::from(&1.5_f64), "NUMBER", "1.5"),
        (SqlValue::from(none), "OBJECT", "null"),
        (SqlValue::from(some), "NUMBER", "2.5"),
        (SqlValue::from(vec!["a"]), "ARRAY", r#"["a"]"#),
        (SqlValue::from([1, 2]), "ARRAY", "[1,2]"),
        (SqlValue::from(&[1, 2][..]), "ARRAY", "[1,2]"),
        (SqlValue::from(Value::Null), "OBJECT", "null"),
    ];
    for (value, kind, text) in parameters {
        let command = models()
            .mysql_command("SELECT {{ a }}")
            .parameter("a", value);
        let operation = command.operation().unwrap();
        let body: Value = serde_json::from_slice(operation.body_bytes().unwrap()).unwrap();
        let parameter = json!([{"key": "a", "type": kind, "value": text}]);
        assert_eq!(body["parameter"], parameter);
    }
    let command = models()
        .mysql_command("SELECT {{ a }}")
        .parameter("a", f32::INFINITY);
    assert_eq!(command.operation().unwrap_err().kind(), ErrorKind::Argument);

    let sources = models().data_sources();
    let all = sources.all_schemas().operation();
    let base = "GET /v1/model/datasource/prod";
    check(all, &format!("{base}/schemaList"), json!(null), true);
    let all = sources.all_table_names().operation();
    check(all, &format!("{base}/tableName"), json!(null), true);
}

/// One record, whichever it is, is changed only where the program says so.
#[test]
fn any_record_is_written_if_the_program_says_so() {
    let (todo, done) = (models().model("t"), json!({"done": true}));
    let body = |operation: Result<Operation>| -> Value {
        serde_json::from_slice(operation.unwrap().body_bytes().unwrap()).unwrap()
    };
    for filter in [
        json!({}),
        json!({"where": {}}),
        json!({"where": {"$and": []}}),
    ] {
        let update = || todo.update(&done).filter(filter.clone());
        let upsert = || todo.upsert().create(&done).filter(filter.clone());
        let delete = || todo.delete().filter(filter.clone());
        assert!(update().operation().is_err() && upsert().operation().is_err());
        assert!(delete().operation().is_err());
        for body in [
            body(update().any_record().operation()),
            body(upsert().any_record().operation()),
            body(delete().any_record().operation()),
        ] {
            let sent = filter.get("where").cloned().unwrap_or(json!({}));
            assert_eq!(body["filter"], json!({"where": sent}));
        }
    }
}

#[test]
fn commands_carry_typed_parameters_as_text() {
    let command = models()
        .mysql_command("SELECT {{ n }}")
        .parameter("n", 3)
        .parameter("s", "x")
        .parameter("b", true)
        .parameter("a", SqlValue::array(&[1]))
        .parameter("o", json!({"k": 1}))
        .parameter("d", "1.50".parse::<crate::Decimal>().unwrap())
        .sql_timeout(std::time::Duration::from_secs(30))
        .db_link("other");
    check(
        command.operation(),
        "POST /v1/model/plugin/prod/mysqlCommand",
        json!({
            "sqlTemplate": "SELECT {{ n }}",
            "parameter": [
                {"key": "n", "type": "NUMBER", "value": "3"},
                {"key": "s", "type": "STRING", "value": "x"},
                {"key": "b", "type": "BOOLEAN", "value": "true"},
                {"key": "a", "type": "ARRAY", "value": "[1]"},
                {"key": "o", "type": "OBJECT", "value": "{\"k\":1}"},
                {"key": "d", "type": "NUMBER", "value": "1.50"},
            ],
            "config": {"timeout": 30, "preparedStatements": true, "dbLinkName": "other"},
        }),
        false,
    );
    check(
        models()
            .sql_template::<Value>("top_posts")
            .parameter("n", 3)
            .operation(),
        "POST /v1/sql/prod/top_posts/run",
        json!({"parameter": [{"key": "n", "type": "NUMBER", "value": "3"}]}),
        false,
    );
}

#[test]
fn data_sources_are_asked_as_documented() {
    let sources = models().data_sources();
    let base = "/v1/model/datasource/prod";
    check(
        sources
            .aggregate_list(20)
            .page_index(1)
            .query_all(true)
            .names(["a", "b"])
            .with_relations(true)
            .system_models(false)
            .operation(),
        &format!(
            "GET {base}/aggregateDataSourceList?pageSize=20&envId=env&pageIndex=1&queryAll=1\
             &dataSourceNames=a&dataSourceNames=b&queryDataSourceRelationList=true&querySystemModel=false"
        ),
        json!(null),
        true,
    );
    check(
        sources.aggregate_list(1).env_id("other").operation(),
        &format!("GET {base}/aggregateDataSourceList?pageSize=1&envId=other"),
        json!(null),
        true,
    );
    check(
        sources
            .aggregate_detail(
                DataSourceKey::id("ds-1")
                    .published(true)
                    .with_relations(false),
            )
            .operation(),
        &format!(
            "GET {base}/dataSourceAggregateDetail?datasourceId=ds-1&queryPublish=1&queryModelRelation=false"
        ),
        json!(null),
        true,
    );
    check(
        sources.by_table_names(["t1", "t2"]).operation(),
        &format!("GET {base}/dataSourceByTableName?tableNames=t1&tableNames=t2"),
        json!(null),
        true,
    );
    check(
        sources
            .basic(DataSourceKey::name("todo").view_id("v").table("t"))
            .operation(),
        &format!("GET {base}/basicDataSource?dataSourceName=todo&viewId=v&databaseTableName=t"),
        json!(null),
        true,
    );
    check(
        sources
            .basic_list()
            .names(["todo"])
            .page(1, 10)
            .filter(
                QueryFilter::new("Type", ["database"])
                    .exact(false)
                    .like(true),
            )
            .only_flex_db(false)
            .operation(),
        &format!("POST {base}/basicDataSourceList"),
        json!({
            "NameList": ["todo"], "PageNum": 1, "PageSize": 10, "OnlyFlexDb": false,
            "QueryFilterList": [{"Name": "Type", "Values": ["database"], "Match": false, "Like": true}],
        }),
        true,
    );
    check(
        sources.schemas(["todo"]).operation(),
        &format!("GET {base}/schemaList?dataSourceNameList=todo"),
        json!(null),
        true,
    );
    check(
        sources.table_names("todo").operation(),
        &format!("GET {base}/tableName?dataSourceName=todo"),
        json!(null),
        true,
    );
}
