//! Inserting, upserting, updating and deleting over MySQL REST.

use serde_json::{Value, json};

use crate::conformance::{delete, get, ids, patch, post, run};
use crate::support::code;

#[test]
fn inserting() {
    run(async |e| {
        post(e, "users", json!({"name":"Dan"}))
            .gives(201, Value::Null, "*/1")
            .await;
        let response = post(
            e,
            "users",
            json!([{"name":"Fay"},{"name":"Gil","email":"gil@example.org"}]),
        )
        .send()
        .await;
        assert_eq!(
            (
                response.status,
                response.header("content-range"),
                response.header("preference-applied")
            ),
            (201, "*/2", "return=minimal")
        );
        post(e, "users?select=id,name,email", json!([{"name":"Hal"},{"name":"Ida","email":"ida@example.org"}])).prefer("return=representation")
            .gives(201, json!([{"id":7,"name":"Hal","email":null},{"id":8,"name":"Ida","email":"ida@example.org"}]), "*/2").await;
        post(e, "users", json!({"email":"x@example.org"}))
            .gives(400, code("INVALID_REQUEST"), "")
            .await;
        post(e, "users", json!({"name":null}))
            .gives(400, code("INVALID_REQUEST"), "")
            .await;
        post(e, "users", json!({"name":"Ann2","email":"ann@example.org"}))
            .gives(400, code("INVALID_REQUEST"), "")
            .await;
        post(e, "users", json!({"name":"A","nope":1}))
            .gives(400, code("INVALID_REQUEST"), "")
            .await;
        post(e, "users", json!({"name":["a"]}))
            .gives(400, code("INVALID_REQUEST"), "")
            .await;
        post(e, "users", json!("text"))
            .gives(400, code("INVALID_PARAM"), "")
            .await;
        post(e, "tags", json!({"post_id":999,"label":"x"}))
            .gives(400, code("INVALID_REQUEST"), "")
            .await;
        post(e, "users", json!([]))
            .gives(201, Value::Null, "*/0")
            .await;
        // All or none.
        post(e, "users", json!([{"name":"Zoe","email":"zoe@example.org"},{"name":"Zac","email":"zoe@example.org"}])).gives(400, code("INVALID_REQUEST"), "").await;
        get(e, "users?name=like.Z%25")
            .gives(200, json!([]), "*/*")
            .await;
        // Columns that a row leaves out: null, or the default if the caller prefers it.
        post(
            e,
            "keyed?columns=%22code%22,%22note%22&select=code,amount,note",
            json!([{"code":"a","note":"n"},{"code":"b"}]),
        )
        .prefer("return=representation")
        .gives(
            201,
            json!([{"code":"a","amount":7,"note":"n"},{"code":"b","amount":7,"note":null}]),
            "*/2",
        )
        .await;
        post(
            e,
            "keyed?columns=%22code%22,%22note%22&select=code,note",
            json!([{"code":"c","note":"n"},{"code":"d","amount":1}]),
        )
        .prefer("return=representation, missing=default")
        .gives(
            201,
            json!([{"code":"c","note":"n"},{"code":"d","note":"none"}]),
            "*/2",
        )
        .await;
        post(e, "composite?select=a,b,n", json!({"a":5,"b":"q","n":null}))
            .prefer("return=representation")
            .gives(201, json!([{"a":5,"b":"q","n":null}]), "*/1")
            .await;
        post(
            e,
            "posts?select=id,title,created_by(name)",
            json!({"title":"New","created_by":3}),
        )
        .prefer("return=representation")
        .gives(
            201,
            json!([{"id":6,"title":"New","created_by":{"name":"Cyd"}}]),
            "*/1",
        )
        .await;
    });
}

#[test]
fn upserting() {
    run(async |e| {
        let merge = "resolution=merge-duplicates, return=representation";
        post(
            e,
            "keyed?select=code,amount,note",
            json!([{"code":"a","amount":1},{"code":"b","amount":2}]),
        )
        .prefer(merge)
        .gives(
            201,
            json!([{"code":"a","amount":1,"note":"none"},{"code":"b","amount":2,"note":"none"}]),
            "*/2",
        )
        .await;
        post(
            e,
            "keyed?on_conflict=code&select=code,amount,note",
            json!([{"code":"A","amount":5},{"code":"c","amount":3}]),
        )
        .prefer(merge)
        .gives(
            201,
            json!([{"code":"a","amount":5,"note":"none"},{"code":"c","amount":3,"note":"none"}]),
            "*/2",
        )
        .await;
        post(
            e,
            "keyed?select=code,amount",
            json!([{"code":"a","amount":9},{"code":"z","amount":1}]),
        )
        .prefer("resolution=ignore-duplicates, return=representation")
        .gives(201, json!([{"code":"z","amount":1}]), "*/1")
        .await;
        get(e, "keyed?select=code,amount&order=code").gives(200, json!([
            {"code":"a","amount":5},{"code":"b","amount":2},{"code":"c","amount":3},{"code":"z","amount":1}]), "0-3/*").await;
        // A unique key other than the primary one.
        post(
            e,
            "users?on_conflict=email&select=id,name",
            json!({"name":"Anna","email":"ann@example.org"}),
        )
        .prefer(merge)
        .gives(201, json!([{"id":1,"name":"Anna"}]), "*/1")
        .await;
        post(e, "users", json!({"id":2,"name":"Rob"}))
            .prefer("resolution=merge-duplicates")
            .gives(201, Value::Null, "*/1")
            .await;
        get(e, "users?select=name,email&id=lte.2")
            .gives(
                200,
                json!([{"name":"Anna","email":"ann@example.org"},{"name":"Rob","email":null}]),
                "0-1/*",
            )
            .await;
        post(e, "users?on_conflict=nope", json!({"name":"Anna"}))
            .prefer(merge)
            .gives(400, code("INVALID_REQUEST"), "")
            .await;
    });
}

#[test]
fn updating() {
    run(async |e| {
        patch(e, "posts?id=eq.1", json!({"stars":1}))
            .gives(204, Value::Null, "*/1")
            .await;
        patch(e, "posts?id=in.(1,2)&select=id,stars", json!({"stars":2}))
            .prefer("return=representation")
            .gives(200, json!([{"id":1,"stars":2},{"id":2,"stars":2}]), "*/2")
            .await;
        patch(e, "posts?id=eq.1", json!({"stars":2}))
            .gives(204, Value::Null, "*/1")
            .await;
        patch(e, "posts?id=eq.99", json!({"stars":2}))
            .gives(204, Value::Null, "*/0")
            .await;
        patch(e, "posts?id=eq.99", json!({"stars":2}))
            .prefer("return=representation")
            .gives(200, json!([]), "*/0")
            .await;
        patch(e, "posts?id=gt.0&order=id.desc&limit=2", json!({"stars":8}))
            .gives(204, Value::Null, "*/2")
            .await;
        assert_eq!(ids(e, "stars=eq.8").await, [4, 5]);
        patch(e, "posts?stars=eq.8&select=id", json!({"stars":null}))
            .prefer("return=representation")
            .gives(200, json!([{"id":4},{"id":5}]), "*/2")
            .await;
        patch(e, "employees?id=eq.2&select=id,name", json!({"id":20}))
            .prefer("return=representation")
            .gives(400, code("INVALID_REQUEST"), "")
            .await;
        patch(e, "employees?id=eq.3&select=id,name", json!({"id":30}))
            .prefer("return=representation")
            .gives(200, json!([{"id":30,"name":"Lee"}]), "*/1")
            .await;
        patch(e, "composite?a=eq.1&b=eq.x&select=a,b,n", json!({"n":11}))
            .prefer("return=representation")
            .gives(200, json!([{"a":1,"b":"x","n":11}]), "*/1")
            .await;
        patch(e, "composite?a=eq.1&select=b,n", json!({"n":12}))
            .prefer("return=representation")
            .gives(200, json!([{"b":"x","n":12},{"b":"y","n":12}]), "*/2")
            .await;
        patch(e, "plain?n=eq.1", json!({"t":"uno"}))
            .gives(204, Value::Null, "*/1")
            .await;
        patch(e, "plain?n=eq.1", json!({"t":"uno"}))
            .prefer("return=representation")
            .gives(400, code("INVALID_REQUEST"), "")
            .await;
        for (query, body) in [
            ("", json!({"stars":1})),
            ("?select=id&limit=1&order=id", json!({"stars":1})),
            ("?id=eq.1", json!({})),
            ("?id=eq.1", json!({"nope":1})),
            ("?id=eq.1", json!({"title":null})),
            ("?id=eq.1", json!({"stars":"many"})),
            ("?id=eq.1&offset=1", json!({"stars":1})),
            ("?id=eq.abc", json!({"stars":1})),
        ] {
            let response = patch(e, &format!("posts{query}"), body).send().await;
            assert_eq!(response.status, 400, "{query} {}", response.text);
        }
        let response = patch(e, "posts", json!({"stars":1})).send().await;
        assert_eq!(response.code(), "INVALID_REQUEST");
        assert!(
            response.json()["message"]
                .as_str()
                .unwrap()
                .contains("UPDATE requires a WHERE clause")
        );
    });
}

#[test]
fn deleting() {
    run(async |e| {
        delete(e, "posts")
            .gives(400, code("INVALID_REQUEST"), "")
            .await;
        delete(e, "posts?limit=1")
            .gives(400, code("INVALID_REQUEST"), "")
            .await;
        delete(e, "users?id=eq.3")
            .gives(400, code("INVALID_REQUEST"), "")
            .await;
        delete(e, "posts?id=eq.1&select=id,title,tags(label)")
            .prefer("return=representation")
            .gives(
                200,
                json!([{"id":1,"title":"Milk","tags":[{"label":"food"},{"label":"cold"}]}]),
                "*/1",
            )
            .await;
        get(e, "tags?select=post_id")
            .gives(200, json!([{"post_id":2},{"post_id":3}]), "0-1/*")
            .await;
        delete(e, "posts?id=gt.1&order=id.desc&limit=1")
            .gives(204, Value::Null, "*/1")
            .await;
        assert_eq!(ids(e, "").await, [2, 3, 4]);
        delete(e, "posts?id=eq.99")
            .gives(204, Value::Null, "*/0")
            .await;
        delete(e, "plain?n=eq.2")
            .gives(204, Value::Null, "*/1")
            .await;
        delete(e, "composite?or=(n.eq.10,n.eq.30)&select=a,b")
            .prefer("return=representation")
            .gives(200, json!([{"a":1,"b":"x"},{"a":2,"b":"x"}]), "*/2")
            .await;
    });
}
