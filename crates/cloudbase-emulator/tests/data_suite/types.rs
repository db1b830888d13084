//! Each type of column, in and out, over MySQL REST.

use http::Method;
use serde_json::{Value, json};

use crate::conformance::run;
use crate::support::{Api, encode};

#[test]
fn types_go_in_and_out_unchanged() {
    run(async |e| {
        let row = r#"{"tiny":-128,"small":65535,"medium":-8388608,"whole":2147483647,"big":-9223372036854775808,
            "amount":12345678901234567890.0123456789,"price":"9.995","ratio":0.1,"single":1.5,"code":"ab  ","label":"é😀",
            "note":"line\nbreak","exact":"Ab","day":"2024-02-29","moment":"2024-02-29T23:59:59","precise":"2024-01-01 00:00:00.1235",
            "clock":"7:05","stamp":"2024-01-01 08:00:00+08:00","y":2024,"meta":{"b":[1,null,true],"a":"x"},"size":"LARGE","raw":"AP8="}"#;
        let api = Api::admin(e);
        let headers = [("prefer", "return=representation")];
        let response = api
            .send(Method::POST, "/v1/rdb/rest/kinds", &headers, row)
            .await;
        assert_eq!(response.status, 201, "{}", response.text);
        assert!(
            response.text.contains("-9223372036854775808"),
            "{}",
            response.text
        );
        assert_eq!(
            response.json(),
            json!([{
            "id":1,"tiny":-128,"small":65535,"medium":-8388608,"whole":2147483647,"big":i64::MIN,
            "amount":"12345678901234567890.0123456789","price":"10.00","ratio":0.1,"single":1.5,"code":"ab","label":"é😀",
            "note":"line\nbreak","exact":"Ab","day":"2024-02-29","moment":"2024-02-29 23:59:59","precise":"2024-01-01 00:00:00.124",
            "clock":"07:05:00","stamp":"2024-01-01 00:00:00","y":2024,"meta":{"a":"x","b":[1,null,true]},"size":"large","raw":"AP8="}])
        );
        for (query, expected) in [
            ("amount=eq.12345678901234567890.0123456789", 1),
            ("amount=eq.12345678901234567890.0123456788", 0),
            ("amount=gt.9", 1),
            ("amount=gt.12345678901234567890.0123456788", 1),
            ("price=eq.10", 1),
            ("price=lt.9.99", 0),
            ("price=in.(10.0,3)", 1),
            ("big=eq.-9223372036854775808", 1),
            ("big=gt.-9223372036854775808", 0),
            ("big=lt.99999999999999999999", 1),
            ("small=gt.-1", 1),
            ("exact=eq.ab", 0),
            ("exact=eq.Ab", 1),
            ("exact=like.a%25", 0),
            ("exact=like.A%25", 1),
            ("exact=ilike.a%25", 1),
            ("code=eq.AB", 1),
            ("label=eq.E%F0%9F%98%80", 1),
            ("day=eq.2024-02-29", 1),
            ("day=lt.2024-02-29%2000:00:01", 1),
            ("day=eq.2024-02-29%2012:00:00", 0),
            ("day=in.(2024-02-29,2024-03-01)", 1),
            ("precise=eq.2024-01-01%2000:00:00.124", 1),
            ("precise=gt.2024-01-01%2000:00:00.1239", 1),
            ("moment=lt.2024-02-29%2023:59:59.5", 1),
            ("moment=eq.2024-02-29T23:59:59.000", 1),
            ("clock=gt.07:00", 1),
            ("clock=eq.07:05:00", 1),
            ("y=eq.2024", 1),
            ("meta=not.is.null", 1),
            ("size=eq.Large", 1),
            ("size=eq.huge", 0),
            ("raw=eq.AP8%3D", 1),
            ("ratio=eq.0.1", 1),
            ("whole=like.2147%25", 1),
        ] {
            let rows = api.rows(&format!("kinds?select=id&{query}")).await;
            assert_eq!(rows.as_array().unwrap().len(), expected, "{query}");
        }
        for (column, bad) in [
            ("tiny", json!(128)),
            ("tiny", json!("x")),
            ("small", json!(-1)),
            ("medium", json!(8_388_608)),
            ("whole", json!(2_147_483_648i64)),
            ("big", json!(9_223_372_036_854_775_808u64)),
            ("price", json!(123_456_789)),
            ("price", json!("abc")),
            ("label", json!("12345678901")),
            ("day", json!("2024-02-30")),
            ("moment", json!("2024-01-01T00:00:00Z")),
            ("moment", json!("")),
            ("size", json!("huge")),
            ("y", json!(1800)),
            ("raw", json!("not base64!")),
            ("ratio", json!("1e400")),
            ("clock", json!("7:65")),
            ("whole", json!({"a":1})),
        ] {
            let mut row = serde_json::Map::new();
            row.insert(column.to_owned(), bad.clone());
            let response = api
                .rest(Method::POST, "kinds", &[], Value::Object(row))
                .await;
            assert_eq!(
                (response.status, response.code().as_str()),
                (400, "INVALID_REQUEST"),
                "{column} {bad}: {}",
                response.text
            );
        }
        for (given, shown) in [
            (json!(true), json!(1)),
            (json!("12"), json!(12)),
            (json!(1.5), json!(2)),
            (json!(-2.5), json!(-3)),
        ] {
            let response = api
                .rest(
                    Method::POST,
                    "kinds?select=whole",
                    &headers,
                    json!({"whole":given}),
                )
                .await;
            assert_eq!(
                response.json(),
                json!([{"whole":shown}]),
                "{}",
                response.text
            );
        }
        // The order of decimals is that of numbers, the order of an ENUM that of its members.
        for (price, size) in [("-5", "small"), ("100", "medium"), ("20.5", "large")] {
            api.rest(
                Method::POST,
                "kinds",
                &[],
                json!({"price":price,"size":size,"label":"sort"}),
            )
            .await;
        }
        assert_eq!(
            api.rows("kinds?select=price&label=eq.sort&order=price")
                .await,
            json!([{"price":"-5.00"},{"price":"20.50"},{"price":"100.00"}])
        );
        assert_eq!(
            api.rows("kinds?select=size&label=eq.sort&order=size.desc")
                .await,
            json!([{"size":"large"},{"size":"medium"},{"size":"small"}])
        );
    });
}

#[test]
fn text_compares_without_case_and_accents() {
    run(async |e| {
        let api = Api::admin(e);
        for label in ["b", "É", "a", "Z", "e", "0"] {
            api.rest(Method::POST, "kinds", &[], json!({"label":label}))
                .await;
        }
        let rows = api.rows("kinds?select=label&order=label,id").await;
        let labels: Vec<&str> = rows
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["label"].as_str().unwrap())
            .collect();
        assert_eq!(labels, ["0", "a", "b", "É", "e", "Z"]);
        assert_eq!(
            api.rows(&format!("kinds?select=label&label=eq.{}", encode("é")))
                .await
                .as_array()
                .unwrap()
                .len(),
            2
        );
        assert_eq!(
            api.rows("kinds?select=label&label=gt.a&order=label.desc&limit=1")
                .await,
            json!([{"label":"Z"}])
        );
        let response = api
            .rest(
                Method::POST,
                "users",
                &[],
                json!({"name":"X","email":"ANN@example.org"}),
            )
            .await;
        assert_eq!(
            response.status, 400,
            "a unique key ignores case too: {}",
            response.text
        );
    });
}
