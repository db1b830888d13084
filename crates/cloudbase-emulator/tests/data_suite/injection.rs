//! No value leaves its place.

use http::Method;
use serde_json::json;

use crate::support::{Api, encode, on_each_engine};

const SCHEMA: &str = "
DROP TABLE IF EXISTS words;
CREATE TABLE words (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, word LONGTEXT COLLATE utf8mb4_bin);
";

fn values() -> Vec<String> {
    let mut values: Vec<String> = [
        "a,b",
        ")",
        "(",
        "\"",
        "\\",
        "*",
        "%",
        "_",
        "null",
        ",or(x.eq.1)",
        "a\0b",
        "😀",
        "'",
        "';--",
        "eq.1",
        "in.(1)",
        "not.is.null",
        "true",
        "a.b.c",
        ":",
        "&x=1",
        "#",
        "?",
        "+",
        " ",
        "\r\n",
        "`",
        "\\\"",
        "\"a\"",
        "{\"a\":1}",
        "[1,2]",
        "é",
        "腾讯 云",
        "",
        "$1",
        "?1",
        "%41",
        "\\%",
    ]
    .map(str::to_owned)
    .to_vec();
    values.push("x".repeat(1 << 20));
    values
}

/// As PostgREST quotes: in double quotes, with backslashes before quotes and backslashes.
fn quote(value: &str) -> String {
    format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

#[test]
fn every_value_finds_itself_and_nothing_else() {
    on_each_engine(async |engine| {
        let emulator = engine.builder().schema_sql(SCHEMA).start().await.unwrap();
        let api = Api::admin(&emulator);
        // utf8mb4_bin does not distinguish blanks at the end from nothing.
        let mut values = values();
        values.retain(|value| value.is_empty() || !value.trim_matches(' ').is_empty());
        for value in &values {
            let response = api
                .rest(Method::POST, "words", &[], json!({"word":value}))
                .await;
            assert_eq!(response.status, 201, "{}", response.text);
        }
        for (place, value) in values.iter().enumerate() {
            let expected = json!([{"id": place + 1}]);
            let mut queries = vec![format!("word=eq.{}", encode(value))];
            // A URL of some megabytes is nobody's.
            if value.len() < 1000 {
                let quoted = encode(&quote(value));
                queries.push(format!("word=in.({quoted})"));
                queries.push(format!("or=(word.eq.{quoted})"));
                queries.push(format!(
                    "and=(word.in.({quoted},{}),id.gt.0)",
                    encode("\"nobody\"")
                ));
                let like = value
                    .replace('\\', "\\\\")
                    .replace('%', "\\%")
                    .replace('_', "\\_");
                queries.push(format!("word=like.{}", encode(&like)));
                queries.push(format!("or=(word.like.{})", encode(&quote(&like))));
            }
            for query in queries {
                if query.len() > 60_000 {
                    continue;
                }
                let found = api.rows(&format!("words?select=id&{query}")).await;
                assert_eq!(found, expected, "{value:?} by {query}");
            }
            let rows = emulator
                .sql("SELECT id FROM words WHERE word = ?", &[json!(value)])
                .await
                .unwrap();
            assert_eq!(rows.len(), 1);
        }
        // What the official builder writes without quotes.
        let found = api
            .rows(&format!(
                "words?select=id&word=in.({})",
                encode("\"a,b\",e\"f,*")
            ))
            .await;
        assert_eq!(found, json!([{"id":1},{"id":6}]));
        emulator.shutdown().await;
    });
}

#[test]
fn names_are_checked_not_joined() {
    on_each_engine(async |engine| {
        let emulator = engine.builder().schema_sql(SCHEMA).start().await.unwrap();
        let api = Api::admin(&emulator);
        for name in [
            "word`",
            "word\"",
            "id;DROP TABLE words",
            "id FROM words--",
            "*/",
            "1",
        ] {
            let name = encode(name);
            for path in [
                format!("words?select={name}"),
                format!("words?{name}=eq.1"),
                format!("words?order={name}"),
                format!("words?select=id,{name}(id)"),
                format!("words?on_conflict={name}"),
            ] {
                let response = api.rest(Method::GET, &path, &[], json!(null)).await;
                assert!(
                    response.status == 400 || path.contains("on_conflict"),
                    "{path}: {}",
                    response.text
                );
            }
            let response = api
                .rest(Method::POST, "words", &[], json!({"word":"x", "wo`rd":1}))
                .await;
            assert_eq!(response.status, 400);
            let response = api
                .send(Method::GET, &format!("/v1/rdb/rest/{name}"), &[], "")
                .await;
            assert_eq!(response.status, 404, "{}", response.text);
        }
        assert_eq!(api.rows("words?select=id").await, json!([]));
        emulator.shutdown().await;
    });
}
