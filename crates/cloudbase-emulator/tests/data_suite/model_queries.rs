//! Finding records of data models: filters, pages, relations, raw SQL.

use http::Method;
use serde_json::{Value, json};

use crate::models::{create, run, titles};
use crate::support::Api;

#[test]
fn lists_pages_and_filters() {
    run(async |e| {
        let api = Api::admin(e);
        let data: Vec<Value> = [("Apple", 1, Some("red")), ("banana", 2, None), ("Cherry_x", 3, Some("dark")), ("100% milk", 4, None), ("Milk", 5, Some("white"))]
            .into_iter()
            .map(|(title, views, slug)| json!({"title": title, "views": views, "slug": slug, "done": views % 2 == 0}))
            .collect();
        let made = api
            .model(Method::POST, "prod/todo/createMany", json!({"data": data}))
            .await;
        assert_eq!(made["data"]["idList"].as_array().unwrap().len(), 5);
        for (filter, expected) in [
            (
                json!({"where": {}}),
                vec!["100% milk", "Apple", "banana", "Cherry_x", "Milk"],
            ),
            (json!({"where": {"title": {"$eq": "Apple"}}}), vec!["Apple"]),
            (
                json!({"where": {"views": {"$gt": 1, "$lte": 3}}}),
                vec!["banana", "Cherry_x"],
            ),
            (
                json!({"where": {"views": {"$neq": 1}, "done": {"$eq": false}}}),
                vec!["Cherry_x", "Milk"],
            ),
            (
                json!({"where": {"views": {"$in": [1, 5, 9]}}}),
                vec!["Apple", "Milk"],
            ),
            (
                json!({"where": {"views": {"$nin": [1, 5]}}}),
                vec!["100% milk", "banana", "Cherry_x"],
            ),
            (json!({"where": {"views": {"$in": []}}}), vec![]),
            (
                json!({"where": {"title": {"$search": "milk"}}}),
                vec!["100% milk"],
            ),
            (
                json!({"where": {"title": {"$search_ci": "milk"}}}),
                vec!["100% milk", "Milk"],
            ),
            (
                json!({"where": {"title": {"$nsearch_ci": "milk"}}}),
                vec!["Apple", "banana", "Cherry_x"],
            ),
            (
                json!({"where": {"title": {"$nsearch": "milk"}}}),
                vec!["Apple", "banana", "Cherry_x", "Milk"],
            ),
            (
                json!({"where": {"title": {"$search": "%"}}}),
                vec!["100% milk"],
            ),
            (
                json!({"where": {"title": {"$search": "_"}}}),
                vec!["Cherry_x"],
            ),
            (
                json!({"where": {"slug": {"$empty": true}}}),
                vec!["100% milk", "banana"],
            ),
            (
                json!({"where": {"slug": {"$nempty": true}}}),
                vec!["Apple", "Cherry_x", "Milk"],
            ),
            (
                json!({"where": {"$and": [{"slug": {"$nempty": 1}}]}}),
                vec!["Apple", "Cherry_x", "Milk"],
            ),
            (
                json!({"where": {"slug": {"$empty": 1}}}),
                vec!["100% milk", "banana"],
            ),
            (
                json!({"where": {"slug": {"$empty": 0}}}),
                vec!["Apple", "Cherry_x", "Milk"],
            ),
            (
                json!({"where": {"slug": {"$nempty": 0}}}),
                vec!["100% milk", "banana"],
            ),
            (
                json!({"where": {"slug": {"$eq": null}}}),
                vec!["100% milk", "banana"],
            ),
            (
                json!({"where": {"$or": [{"views": {"$eq": 1}}, {"$and": [{"views": {"$gte": 4}}, {"done": {"$eq": true}}]}]}}),
                vec!["100% milk", "Apple"],
            ),
            (
                json!({"where": {"$and": [{"done": {"$eq": false}}, {"title": {"$search": "il"}}]}}),
                vec!["Milk"],
            ),
        ] {
            assert_eq!(titles(&api, filter.clone()).await, expected, "{filter}");
        }
        let page = api.model(Method::POST, "prod/todo/list", json!({"filter": {"where": {}}, "select": {"title": true}, "pageSize": 2, "pageNumber": 2,
            "getCount": true, "orderBy": [{"done": "desc"}, {"views": "desc"}]})).await;
        assert_eq!(
            page["data"],
            json!({"records": [{"title": "Milk"}, {"title": "Cherry_x"}], "total": 5})
        );
        let simple = api
            .model(
                Method::GET,
                "prod/todo/list?pageSize=2&pageNumber=3&getCount=true",
                Value::Null,
            )
            .await;
        assert_eq!(
            (
                simple["data"]["records"].as_array().unwrap().len(),
                &simple["data"]["total"]
            ),
            (1, &json!(5))
        );
        // Size and number count only together; no total unless it is asked for.
        let half = api
            .model(Method::GET, "prod/todo/list?pageSize=2", Value::Null)
            .await;
        assert_eq!(
            (
                half["data"]["records"].as_array().unwrap().len(),
                &half["data"]["total"]
            ),
            (5, &Value::Null)
        );
        // Trial data are others.
        let trial = api.model(Method::POST, "pre/todo/list", json!({})).await;
        assert_eq!(trial["data"], json!({"records": []}));
        let trial = api
            .model(
                Method::POST,
                "pre/todo/create",
                json!({"data": {"title": "x"}, "envType": "pre"}),
            )
            .await;
        assert!(trial["data"]["id"].is_string());
        assert_eq!(
            titles(&api, json!({"where": {"title": {"$eq": "x"}}})).await,
            Vec::<String>::new()
        );
    });
}

#[test]
fn relations_both_ways() {
    run(async |e| {
        let api = Api::admin(e);
        for (id, name) in [("l1", "red"), ("l2", "blue")] {
            create(&api, "label", json!({"_id": id, "name": name})).await;
        }
        create(&api, "comment", json!({"_id": "c1", "comment": "first"})).await;
        create(&api, "post", json!({"_id": "p1", "title": "one", "comments": [{"_id": "c1"}], "labels": [{"_id": "l1"}, {"_id": "l2"}, {"_id": "l1"}]})).await;
        create(
            &api,
            "post",
            json!({"_id": "p2", "title": "two", "labels": [{"_id": "l2"}]}),
        )
        .await;
        create(
            &api,
            "comment",
            json!({"_id": "c2", "comment": "second", "post": {"_id": "p1"}}),
        )
        .await;
        create(&api, "comment", json!({"_id": "c3", "post": {"_id": "p2"}})).await;
        create(
            &api,
            "profile",
            json!({"_id": "f1", "bio": "hi", "post": {"_id": "p1"}}),
        )
        .await;

        let list = async |model: &str, body: Value| {
            let response = api
                .model(Method::POST, &format!("prod/{model}/list"), body)
                .await;
            assert!(response["data"].is_object(), "{response}");
            response["data"]["records"].clone()
        };
        let posts = list("post", json!({"select": {"title": true, "comments": {"comment": true}, "labels": {"name": true}, "profile": {"bio": true}}, "orderBy": [{"title": "asc"}]})).await;
        assert_eq!(
            posts,
            json!([
            {"title": "one", "comments": [{"comment": "first"}, {"comment": "second"}], "labels": [{"name": "red"}, {"name": "blue"}], "profile": {"bio": "hi"}},
            {"title": "two", "comments": [{"comment": null}], "labels": [{"name": "blue"}], "profile": null}])
        );
        let comments = list("comment", json!({"select": {"_id": true, "post": {"title": true, "labels": {"name": true}}}, "orderBy": [{"_id": "asc"}]})).await;
        assert_eq!(
            comments[2],
            json!({"_id": "c3", "post": {"title": "two", "labels": [{"name": "blue"}]}})
        );
        assert_eq!(
            list(
                "comment",
                json!({"select": {"$master": true}, "filter": {"where": {"_id": {"$eq": "c1"}}}})
            )
            .await[0]["post"],
            json!({"_id": "p1"})
        );
        let labels = list("label", json!({"select": {"name": true, "posts": {"title": true}}, "orderBy": [{"name": "asc"}]})).await;
        assert_eq!(
            labels,
            json!([{"name": "blue", "posts": [{"title": "one"}, {"title": "two"}]}, {"name": "red", "posts": [{"title": "one"}]}])
        );
        assert_eq!(
            list("profile", json!({"select": {"post": {"title": true}}})).await,
            json!([{"post": {"title": "one"}}])
        );

        for (filter, expected) in [
            (
                json!({"where": {}, "relateWhere": {"comments": {"where": {"comment": {"$nempty": true}}}}}),
                json!([{"_id": "p1"}]),
            ),
            (
                json!({"where": {}, "relateWhere": {"labels": {"where": {"name": {"$eq": "blue"}}}}}),
                json!([{"_id": "p1"}, {"_id": "p2"}]),
            ),
            (
                json!({"where": {"title": {"$eq": "two"}}, "relateWhere": {"labels": {"where": {"name": {"$eq": "red"}}}}}),
                json!([]),
            ),
            (
                json!({"relateWhere": {"profile": {"where": {"bio": {"$eq": "hi"}}}}}),
                json!([{"_id": "p1"}]),
            ),
            (
                json!({"relateWhere": {"comments": {"relateWhere": {"post": {"where": {"title": {"$eq": "two"}}}}}}}),
                json!([{"_id": "p2"}]),
            ),
        ] {
            let found = list(
                "post",
                json!({"filter": filter, "select": {"_id": true}, "orderBy": [{"_id": "asc"}]}),
            )
            .await;
            assert_eq!(found, expected, "{filter}");
        }
        assert_eq!(list("comment", json!({"filter": {"where": {"post": {"$eq": {"_id": "p2"}}}}, "select": {"_id": true}})).await, json!([{"_id": "c3"}]));

        let by_id = |id: &str| json!({"where": {"_id": {"$eq": id}}});
        let update = json!({"filter": by_id("p1"), "data": {"labels": [{"_id": "l2"}], "comments": [{"_id": "c2"}]}});
        assert_eq!(
            api.model(Method::PUT, "prod/post/update", update).await["data"]["count"],
            json!(1)
        );
        let post = list("post", json!({"filter": by_id("p1"), "select": {"labels": {"name": true}, "comments": {"_id": true}}})).await;
        assert_eq!(
            post,
            json!([{"labels": [{"name": "blue"}], "comments": [{"_id": "c2"}]}])
        );
        api.model(
            Method::POST,
            "prod/post/delete",
            json!({"filter": by_id("p1")}),
        )
        .await;
        assert_eq!(
            list(
                "comment",
                json!({"filter": by_id("c2"), "select": {"post": {"title": true}}})
            )
            .await,
            json!([{"post": null}])
        );
        assert_eq!(
            list(
                "label",
                json!({"filter": by_id("l2"), "select": {"posts": {"_id": true}}})
            )
            .await,
            json!([{"posts": [{"_id": "p2"}]}])
        );
        for (path, body) in [
            (
                "post/createMany",
                json!({"data": [{"labels": [{"_id": "l1"}]}]}),
            ),
            (
                "post/updateMany",
                json!({"filter": {"where": {}}, "data": {"labels": []}}),
            ),
        ] {
            let method = if path.contains("update") {
                Method::PUT
            } else {
                Method::POST
            };
            assert_eq!(
                api.model(method, &format!("prod/{path}"), body).await["code"],
                json!("UNSUPPORTED_OPERATION")
            );
        }
    });
}

#[test]
fn raw_sql() {
    run(async |e| {
        let api = Api::admin(e);
        for title in ["a", "it's", "c"] {
            create(&api, "post", json!({"title": title})).await;
        }
        let command = async |template: &str, parameter: Value| {
            let body = json!({"sqlTemplate": template, "parameter": parameter, "config": {"timeout": 5, "preparedStatements": true}});
            api.model(Method::POST, "plugin/prod/mysqlCommand", body)
                .await
        };
        let found = command(
            "SELECT title FROM `post` WHERE title = {{ t }} OR title IN {{ list }} OR {{ flag }} = 0 ORDER BY title",
            json!([{"key": "t", "type": "STRING", "value": "it's"}, {"key": "list", "type": "ARRAY", "value": "[\"c\", \"d\"]"}, {"key": "flag", "type": "BOOLEAN", "value": "true"}]),
        ).await;
        assert_eq!(
            (&found["data"]["executeResultList"], &found["data"]["total"]),
            (&json!([{"title": "c"}, {"title": "it's"}]), &json!(2)),
            "{found}"
        );
        assert!(
            found["data"]["backendExecute"]
                .as_str()
                .unwrap()
                .parse::<u64>()
                .is_ok()
        );
        let found = command("SELECT COUNT(*) AS n FROM post WHERE title <> {{ x }} LIMIT {{ n }}", json!([{"key": "x", "type": "STRING", "value": "' OR 1=1 --"}, {"key": "n", "type": "NUMBER", "value": "5"}])).await;
        assert_eq!(
            found["data"]["executeResultList"],
            json!([{"n": 3}]),
            "{found}"
        );
        let changed = command("UPDATE post SET title = {{ t }} WHERE title IN ({{ list }})", json!([{"key": "t", "type": "STRING", "value": "new"}, {"key": "list", "type": "ARRAY", "value": "[\"a\",\"c\"]"}])).await;
        assert_eq!(
            (
                &changed["data"]["executeResultList"],
                &changed["data"]["total"]
            ),
            (&json!([]), &json!(2)),
            "{changed}"
        );
        for (template, parameter, expected) in [
            ("SELECT {{ x }}", json!([]), "INVALID_PARAMETER"),
            (
                "SELECT '{{ x }}'",
                json!([{"key": "x", "type": "STRING", "value": "1"}]),
                "INVALID_PARAMETER",
            ),
            (
                "SELECT {{ x }}",
                json!([{"key": "x", "type": "NUMBER", "value": "1; DROP TABLE post"}]),
                "INVALID_PARAMETER_VALUE",
            ),
            (
                "SELECT {{ x }}",
                json!([{"key": "x", "type": "NUMBER", "value": 1}]),
                "INVALID_PARAMETER_VALUE",
            ),
            (
                "SELECT {{ x }}",
                json!([{"key": "x", "type": "DATE", "value": "1"}]),
                "INVALID_PARAMETER_VALUE",
            ),
            ("SELECT 1; SELECT 2", json!([]), "INVALID_PARAMETER"),
            ("SELEC 1", json!([]), "FAILED_OPERATION"),
            ("SELECT * FROM nowhere", json!([]), "FAILED_OPERATION"),
        ] {
            let response = command(template, parameter).await;
            assert_eq!(response["code"], json!(expected), "{template}: {response}");
        }
        let (user, _) = Api::user(e).await;
        let rejected = user
            .model(
                Method::POST,
                "plugin/prod/mysqlCommand",
                json!({"sqlTemplate": "SELECT 1"}),
            )
            .await;
        assert_eq!(rejected["code"], json!("UNAUTHORIZED_OPERATION"));

        let template = async |name: &str| {
            let body =
                json!({"parameter": [{"key": "s", "type": "STRING", "value": "x"}]}).to_string();
            user.send(Method::POST, &format!("/v1/sql/prod/{name}/run"), &[], body)
                .await
                .json()
        };
        let run = template("top_posts").await;
        assert_eq!(
            run["Response"]["Data"]["executeResultList"],
            json!([{"title": "it's"}, {"title": "new"}])
        );
        assert!(run["Response"]["RequestId"].is_string());
        assert_eq!(
            template("broken").await["Response"]["Error"]["Code"],
            json!("FAILED_OPERATION")
        );
        assert_eq!(
            template("missing").await["Response"]["Error"]["Code"],
            json!("RESOURCE_NOT_FOUND")
        );
    });
}

/// What of raw SQL would be something else on the service is rejected by name.
#[test]
fn parameters_are_not_bound_in_secret() {
    run(async |e| {
        let api = Api::admin(e);
        let command = async |template: &str, parameter: Value, prepared: Value| {
            let body = json!({"sqlTemplate": template, "parameter": parameter,
                "config": {"preparedStatements": prepared}});
            api.model(Method::POST, "plugin/prod/mysqlCommand", body)
                .await
        };
        let n = json!([{"key": "n", "type": "NUMBER", "value": "1"}]);
        let raw = command("SELECT {{ n }} AS n", n.clone(), json!(false)).await;
        assert_eq!(raw["code"], json!("UNSUPPORTED_OPERATION"), "{raw}");
        let message = raw["message"].as_str().unwrap();
        assert!(message.contains("preparedStatements"), "{message}");
        let wrong = command("SELECT 1 AS n", json!([]), json!("no")).await;
        assert_eq!(wrong["code"], json!("INVALID_PARAMETER_VALUE"), "{wrong}");
        let null = json!([{"key": "n", "type": "OBJECT", "value": "null"}]);
        let found = command("SELECT {{ n }} IS NULL AS n", null, json!(true)).await;
        assert_eq!(
            found["data"]["executeResultList"],
            json!([{"n": 1}]),
            "{found}"
        );
        for (template, parameter, prepared) in [
            ("SELECT 1 AS n", json!([]), json!(false)),
            ("SELECT {{ n }} AS n", n, json!(true)),
        ] {
            let found = command(template, parameter, prepared).await;
            assert_eq!(found["data"]["total"], json!(1), "{found}");
        }
    });
}

#[test]
fn a_template_is_for_those_whom_its_permission_lets_in() {
    run(async |e| {
        let (user, _) = Api::user(e).await;
        let run = async |api: &Api, name: &str| {
            let path = format!("/v1/sql/prod/{name}/run");
            let body = json!({"parameter": [{"key": "s", "type": "STRING", "value": "x"}]});
            let response = api.send(Method::POST, &path, &[], body.to_string()).await;
            let response = response.json()["Response"].clone();
            response["Error"]["Code"]
                .as_str()
                .unwrap_or("ok")
                .to_owned()
        };
        let denied = "UNAUTHORIZED_OPERATION";
        for (api, outcomes) in [
            (Api::admin(e), ["ok", "ok", "ok"]),
            (user, ["ok", "ok", denied]),
            (Api::publishable(e), ["ok", denied, denied]),
        ] {
            for (name, outcome) in ["anybody", "top_posts", "cleanup"].iter().zip(outcomes) {
                assert_eq!(run(&api, name).await, outcome, "{name}");
            }
        }
    });
}

#[tokio::test]
async fn a_template_reads_or_writes_rows() {
    for sql in [
        "DROP TABLE t",
        "WITH a AS (SELECT 1) SELECT 1",
        "SHOW TABLES",
        "(SELECT 1)",
        "",
        "'",
    ] {
        let start = cloudbase_emulator::Emulator::builder()
            .sql_template("t", sql)
            .start();
        let error = start
            .await
            .err()
            .unwrap_or_else(|| panic!("{sql}"))
            .to_string();
        assert!(error.contains("SQL template `t` begins with"), "{error}");
    }
    let start = cloudbase_emulator::Emulator::builder()
        .template_permission("nobody", cloudbase_emulator::TemplatePermission::Open)
        .start();
    let error = start.await.err().unwrap().to_string();
    assert!(
        error.contains("there is no SQL template `nobody`"),
        "{error}"
    );
}
