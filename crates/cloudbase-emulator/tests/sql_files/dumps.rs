//! Dumps of whole databases, as the tools write them with several options.

use serde_json::{Value, json};

use crate::construct::{load_file, rows};

/// What `mariadb-dump` wrote of one database.
const MARIADB: &[(&str, &[u8])] = &[
    ("", include_bytes!("dumps/mariadb-dump-opt.sql")),
    (
        "--skip-opt",
        include_bytes!("dumps/mariadb-dump-skip-opt.sql"),
    ),
    (
        "--hex-blob --complete-insert --skip-extended-insert",
        include_bytes!("dumps/mariadb-dump-hex.sql"),
    ),
    (
        "--single-transaction --order-by-primary --insert-ignore --add-drop-database --databases",
        include_bytes!("dumps/mariadb-dump-drop.sql"),
    ),
    (
        "--replace --no-autocommit --skip-add-locks",
        include_bytes!("dumps/mariadb-dump-replace.sql"),
    ),
];

async fn found(dump: &[u8], queries: &[(&str, Value)]) -> Result<(), String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), dump).unwrap();
    let emulator = load_file(file.path()).await?;
    for (query, expected) in queries {
        let found = rows(&emulator, query, false).await?;
        if found != *expected {
            return Err(format!("`{query}` finds {found}, not {expected}"));
        }
    }
    Ok(())
}

#[tokio::test]
async fn dumps_of_mariadb_load_whole() {
    let mut wrong = Vec::new();
    for (options, text) in MARIADB {
        let queries = [
            (
                "SELECT id, name, mail, level, flags, score, since, at, changed FROM grower ORDER BY id",
                json!([
                    {"id": 1, "name": "Lin; -- no comment", "mail": "lin@example.org", "level": "new", "flags": "a,c",
                     "score": 1.5, "since": "2024-02-29", "at": "2024-02-29 12:13:14.567", "changed": "2024-01-01 00:00:00"},
                    {"id": 2, "name": "O'Hara \\ \"q\" \n\t\r\u{0} \u{1a} 张三 😀", "mail": null, "level": "it's old",
                     "flags": "", "score": 0, "since": null, "at": null, "changed": "2024-01-02 00:00:00"},
                    {"id": 39, "name": "/* x */ # y", "mail": null, "level": "x,y", "flags": null, "score": 1e300,
                     "since": "0000-00-00", "at": "0000-00-00 00:00:00.000", "changed": "2024-01-02 00:00:00"},
                ]),
            ),
            (
                "SELECT * FROM plant WHERE no = 7",
                json!([{
                    "grower_id": 1, "no": 7, "tiny": 1, "u": 255, "med": -8388608, "big": 9223372036854775807i64,
                    "price": "12.3456", "ratio": 1.5, "exact": 0.1, "bits": 255, "on_": 1, "c": "abc",
                    "raw": "AP8QJw==", "vraw": "JwBcCg==", "tt": "tt", "t": "t;'x'", "mt": "mt", "lt": "lt",
                    "tb": "AA==", "b": "3q2+7w==", "mb": "Ynl0ZXM=", "lb": "Gg==", "d": "2024-12-31", "tm": "112:30:00",
                    "tm3": "01:02:03.456", "y": 2024, "meta": "{\"a\": [1, \"x\"]}", "loc": "9f1c1f5e-5d0a-11ef-9f1c-000000000000",
                }]),
            ),
            (
                "SELECT count(*) AS n, max(id) AS last FROM log",
                json!([{"n": 2, "last": 6}]),
            ),
            ("SELECT `key`, `a``b` FROM `empty one`", json!([])),
        ];
        if let Err(error) = found(text, &queries).await {
            wrong.push(format!("{options}: {error}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
