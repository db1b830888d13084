//! Data models over HTTP: records, relations, raw SQL, and errors inside a 200.

use cloudbase_emulator::{Emulator, TemplatePermission};
use http::Method;
use serde_json::{Value, json};

use crate::support::{Api, on_each_engine};

/// The tables that the models make, so that a real server starts clean.
const CLEAN: &str = "
SET FOREIGN_KEY_CHECKS = 0;
DROP TABLE IF EXISTS todo, todo_preview, post, post_preview, comment, comment_preview, label, label_preview, profile, profile_preview,
  post_labels_links, post_labels_links_preview, label_posts_links, label_posts_links_preview, notice, notice_preview;
SET FOREIGN_KEY_CHECKS = 1;
";

fn relation(format: &str, target: &str) -> Value {
    json!({"type": "object", "format": format, "x-parent": {"parentDataSourceName": target}})
}

fn models() -> Vec<Value> {
    vec![
        json!({"name": "todo", "title": "Todo", "schema": {"type": "object", "required": ["title"], "properties": {
            "title": {"type": "string"}, "done": {"type": "boolean", "default": false}, "views": {"type": "number"}, "rank": {"type": "integer"},
            "tags": {"type": "array"}, "meta": {"type": "object"}, "slug": {"type": "string", "x-unique": true}}}}),
        json!({"name": "post", "permission": "READONLY", "schema": {"type": "object", "properties": {
            "title": {"type": "string"}, "comments": relation("one-many", "comment"), "labels": relation("many-many", "label"),
            "profile": relation("one-one", "profile")}}}),
        json!({"name": "comment", "permission": "READONLY", "schema": {"type": "object", "properties": {
            "comment": {"type": "string"}, "post": relation("many-one", "post")}}}),
        json!({"name": "label", "permission": "OPEN", "schema": {"type": "object", "properties": {
            "name": {"type": "string"}, "posts": relation("many-many", "post")}}}),
        // The shape of an exported record.
        json!({"Name": "profile", "Title": "Profile", "Id": "ds-8k2", "permission": "OPEN",
            "Schema": json!({"type": "object", "properties": {"bio": {"type": "string"}, "post": relation("one-one", "post")}}).to_string()}),
        json!({"name": "notice", "permission": "ADMINWRITE", "schema": {"properties": {"text": {"type": "string"}}}}),
    ]
}

pub(crate) fn run(test: impl AsyncFn(&Emulator)) {
    on_each_engine(async |engine| {
        let mut builder = engine
            .builder()
            .schema_sql(CLEAN)
            .sql_template(
                "top_posts",
                "SELECT title FROM `post` WHERE title <> {{ s }} ORDER BY title LIMIT 2",
            )
            .sql_template("broken", "SELECT * FROM nowhere")
            .sql_template("anybody", "/* shown to all */ select 1 AS n")
            .template_permission("anybody", TemplatePermission::Open)
            .sql_template("cleanup", "DELETE FROM `post`")
            .template_permission("cleanup", TemplatePermission::AdminOnly);
        for model in models() {
            builder = builder.model(model);
        }
        let emulator = builder.start().await.unwrap();
        test(&emulator).await;
        emulator.shutdown().await;
    });
}

pub(crate) async fn create(api: &Api, model: &str, data: Value) -> String {
    let response = api
        .model(
            Method::POST,
            &format!("prod/{model}/create"),
            json!({"data": data}),
        )
        .await;
    response["data"]["id"]
        .as_str()
        .unwrap_or_else(|| panic!("{response}"))
        .to_owned()
}

/// Titles of the todos that a filter finds.
pub(crate) async fn titles(api: &Api, filter: Value) -> Vec<String> {
    let body = json!({"filter": filter, "select": {"title": true}, "orderBy": [{"title": "asc"}], "pageSize": 200, "pageNumber": 1});
    let response = api.model(Method::POST, "prod/todo/list", body).await;
    let records = response["data"]["records"]
        .as_array()
        .unwrap_or_else(|| panic!("{response}"));
    records
        .iter()
        .map(|record| record["title"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_record_from_creation_to_deletion() {
    run(async |e| {
        let (ann, id) = Api::user(e).await;
        let before = e.clock().now_ms();
        let data = json!({"title": "你好", "views": 0, "done": true, "tags": ["a", "b"], "meta": {"k": null}, "rank": 9_007_199_254_740_993i64});
        let record_id = create(&ann, "todo", data).await;
        assert_eq!(record_id.len(), 10);
        let got = ann
            .model(
                Method::GET,
                &format!("prod/todo/{record_id}/get"),
                Value::Null,
            )
            .await;
        assert!(got["requestId"].is_string());
        let record = &got["data"]["record"];
        let created = record["createdAt"].as_i64().unwrap();
        assert!(created >= before && record["updatedAt"] == record["createdAt"]);
        let expected = json!({"_id": record_id, "title": "你好", "views": 0, "done": true, "tags": ["a", "b"], "meta": {"k": null},
            "rank": 9_007_199_254_740_993i64, "slug": null, "createdAt": created, "updatedAt": created,
            "owner": id, "createBy": id, "updateBy": id, "_openid": id});
        assert_eq!(record, &expected);

        let by_id = json!({"where": {"_id": {"$eq": record_id}}});
        e.clock().advance(std::time::Duration::from_secs(60));
        let update = json!({"filter": by_id, "data": {"done": false, "views": 1.5}});
        assert_eq!(
            ann.model(Method::PUT, "prod/todo/update", update).await["data"],
            json!({"count": 1})
        );
        let got = ann.model(Method::POST, "prod/todo/get", json!({"filter": by_id, "select": {"done": true, "views": true, "updatedAt": true}})).await;
        let updated = got["data"]["record"]["updatedAt"].as_i64().unwrap();
        assert!(updated >= created + 60_000);
        assert_eq!(
            got["data"]["record"],
            json!({"done": false, "views": 1.5, "updatedAt": updated})
        );

        assert_eq!(
            ann.model(
                Method::DELETE,
                &format!("prod/todo/{record_id}/delete"),
                Value::Null
            )
            .await["data"],
            json!({"count": 1})
        );
        assert_eq!(
            ann.model(
                Method::DELETE,
                &format!("prod/todo/{record_id}/delete"),
                Value::Null
            )
            .await["data"],
            json!({"count": 0})
        );
        assert_eq!(
            ann.model(Method::POST, "prod/todo/get", json!({"filter": by_id}))
                .await["data"],
            json!({"record": {}})
        );
        let none = json!({"filter": by_id, "data": {"done": true}});
        assert_eq!(
            ann.model(Method::PUT, "prod/todo/update", none).await["data"],
            json!({"count": 0})
        );
    });
}

/// The half of an upsert that is not there has nothing to do.
#[test]
fn half_an_upsert() {
    run(async |e| {
        let (api, _) = Api::user(e).await;
        let upsert = async |more: Value| {
            let mut body = json!({"filter": {"where": {"_id": {"$eq": "k1"}}}});
            for (name, value) in more.as_object().unwrap() {
                body[name] = value.clone();
            }
            let response = api.model(Method::POST, "prod/todo/upsert", body).await;
            response.get("data").unwrap_or(&response["code"]).clone()
        };
        let update = json!({"update": {"title": "y"}});
        let create = json!({"create": {"_id": "k1", "title": "x"}, "update": null});
        assert_eq!(upsert(json!({})).await, json!("MISSING_PARAMETER"));
        assert_eq!(upsert(update.clone()).await, json!({"count": 0, "id": ""}));
        assert_eq!(
            upsert(create.clone()).await,
            json!({"count": 0, "id": "k1"})
        );
        assert_eq!(upsert(create).await, json!({"count": 0, "id": ""}));
        assert_eq!(upsert(update).await, json!({"count": 1, "id": ""}));
        assert_eq!(titles(&api, json!({"where": {}})).await, ["y"]);
    });
}

#[test]
fn many_at_once_and_upserts() {
    run(async |e| {
        let api = Api::admin(e);
        let upsert = json!({"filter": {"where": {"_id": {"$eq": "k1"}}}, "create": {"_id": "k1", "title": "x"}, "update": {"title": "y"}});
        assert_eq!(
            api.model(Method::POST, "prod/todo/upsert", upsert.clone())
                .await["data"],
            json!({"count": 0, "id": "k1"})
        );
        assert_eq!(
            api.model(Method::POST, "prod/todo/upsert", upsert).await["data"],
            json!({"count": 1, "id": ""})
        );
        assert_eq!(titles(&api, json!({"where": {}})).await, ["y"]);
        create(&api, "todo", json!({"_id": "k2", "title": "z"})).await;
        let all = json!({"filter": {"where": {}}, "data": {"done": true}});
        let changed = api.model(Method::PUT, "prod/todo/updateMany", all).await;
        assert_eq!(
            changed["data"],
            json!({"count": 2, "legalIdList": ["k1", "k2"], "illegalIdList": []})
        );
        let gone = api
            .model(
                Method::POST,
                "prod/todo/deleteMany",
                json!({"filter": {"where": {"title": {"$in": ["y", "z"]}}}}),
            )
            .await;
        assert_eq!(
            gone["data"],
            json!({"count": 2, "legalIdList": ["k1", "k2"], "illegalIdList": []})
        );
        // All or none.
        let bad = api
            .model(
                Method::POST,
                "prod/todo/createMany",
                json!({"data": [{"title": "a", "slug": "s"}, {"title": "b", "slug": "s"}]}),
            )
            .await;
        assert_eq!(bad["code"], json!("FAILED_OPERATION"), "{bad}");
        assert_eq!(
            titles(&api, json!({"where": {}})).await,
            Vec::<String>::new()
        );
    });
}

#[test]
fn errors_come_in_a_200() {
    run(async |e| {
        let api = Api::admin(e);
        let list = |body: Value| ("prod/todo/list", Method::POST, body);
        let create = |data: Value| ("prod/todo/create", Method::POST, json!({"data": data}));
        for ((path, method, body), expected) in [
            (
                ("prod/nope/list", Method::POST, json!({})),
                "DATASOURCE_NOT_EXIST",
            ),
            (
                ("preview/todo/list", Method::POST, json!({})),
                "INVALID_PARAMETER_VALUE",
            ),
            (
                list(json!({"filter": {"where": {"nope": {"$eq": 1}}}})),
                "INVALID_PARAMETER",
            ),
            (
                list(json!({"filter": {"where": {"title": {"$like": "x"}}}})),
                "INVALID_PARAMETER",
            ),
            (
                list(json!({"filter": {"where": {"title": "x"}}})),
                "INVALID_PARAMETER",
            ),
            (
                list(json!({"filter": {"where": {"$not": []}}})),
                "INVALID_PARAMETER",
            ),
            (
                list(json!({"filter": {"where": {"$or": []}}})),
                "INVALID_PARAMETER",
            ),
            (
                list(json!({"filter": {"where": {"$and": [{"$or": []}]}}})),
                "INVALID_PARAMETER",
            ),
            (
                list(json!({"filter": {"where": {"title": {}}}})),
                "INVALID_PARAMETER",
            ),
            (
                list(json!({"filter": {"where": {"$or": [{"title": {}}]}}})),
                "INVALID_PARAMETER",
            ),
            (list(json!({"filter": {"wher": {}}})), "INVALID_PARAMETER"),
            (
                list(json!({"filter": {"relateWhere": {"title": {}}}})),
                "INVALID_PARAMETER",
            ),
            (list(json!({"select": {"nope": true}})), "INVALID_PARAMETER"),
            (
                list(json!({"pageSize": 201, "pageNumber": 1})),
                "INVALID_PARAMETER_VALUE",
            ),
            (
                list(json!({"pageSize": 10, "pageNumber": 0})),
                "INVALID_PARAMETER_VALUE",
            ),
            (
                list(json!({"orderBy": [{"title": "up"}]})),
                "INVALID_PARAMETER_VALUE",
            ),
            (
                list(json!({"orderBy": [{"nope": "asc"}]})),
                "INVALID_PARAMETER",
            ),
            (
                list(
                    json!({"orderBy": [{"title": "asc"}, {"done": "asc"}, {"views": "asc"}, {"rank": "asc"}]}),
                ),
                "INVALID_PARAMETER_VALUE",
            ),
            (list(json!([])), "INVALID_PARAMETER"),
            (create(json!({"done": true})), "MISSING_PARAMETER"),
            (create(json!({"title": 1})), "INVALID_PARAMETER_VALUE"),
            (
                create(json!({"title": "x", "done": "yes"})),
                "INVALID_PARAMETER_VALUE",
            ),
            (
                create(json!({"title": "x", "nope": 1})),
                "INVALID_PARAMETER",
            ),
            (
                ("prod/todo/create", Method::POST, json!({})),
                "MISSING_PARAMETER",
            ),
            (
                (
                    "prod/todo/update",
                    Method::PUT,
                    json!({"data": {"done": true}}),
                ),
                "MISSING_PARAMETER",
            ),
            (
                ("prod/todo/deleteMany", Method::POST, json!({"filter": {}})),
                "MISSING_PARAMETER",
            ),
            (
                (
                    "prod/todo/update",
                    Method::PUT,
                    json!({"filter": {"where": {}}}),
                ),
                "MISSING_PARAMETER",
            ),
        ] {
            let response = api.model(method, path, body.clone()).await;
            assert_eq!(
                response["code"],
                json!(expected),
                "{path} {body}: {response}"
            );
            assert!(
                response["message"].is_string()
                    && response["requestId"].is_string()
                    && response.get("data").is_none()
            );
        }
        // What the gateway itself rejects keeps its status.
        let nobody = Api::with(e, None);
        let response = nobody
            .send(Method::POST, "/v1/model/prod/todo/list", &[], "{}")
            .await;
        assert_eq!(
            (response.status, response.code().as_str()),
            (401, "MISSING_CREDENTIALS")
        );
        let response = api
            .send(Method::GET, "/v1/model/prod/todo/update", &[], "")
            .await;
        assert_eq!(response.status, 405);
        let response = api
            .send(Method::POST, "/v1/model/prod/todo/nope", &[], "")
            .await;
        assert_eq!(response.status, 404);
    });
}
