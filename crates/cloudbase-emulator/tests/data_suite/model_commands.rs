//! Raw SQL of data models: commands and templates.

use http::Method;
use serde_json::{Value, json};

use crate::models::{create, run};
use crate::support::Api;

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
