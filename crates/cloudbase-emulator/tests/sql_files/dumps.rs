//! Dumps of whole databases, as the tools write them with several options.

use serde_json::{Value, json};

use crate::construct::{load_file, rows};

/// A query and what it finds.
type Found = (&'static str, Value);

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

async fn found(dump: &[u8], queries: &[Found]) -> Result<(), String> {
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

#[tokio::test]
async fn dumps_of_the_tools_load_whole() {
    let cases: [(&str, &[u8], Vec<Found>); 4] = [
        (
            "mysqldump",
            include_bytes!("dumps/mysqldump.sql"),
            vec![
                (
                    "SELECT id, uid, n, body, tags, raw, seen, day, at FROM note ORDER BY id",
                    json!([
                        {"id": 5, "uid": "u-1", "n": 7, "body": "a;b\n'c'", "tags": {"k": [1, 2]}, "raw": "AFxa", "seen": 0,
                         "day": "2025-01-01", "at": "2025-01-01 00:00:00"},
                        {"id": 11, "uid": "u-2", "n": null, "body": null, "tags": null, "raw": null, "seen": 1,
                         "day": "0000-00-00", "at": null},
                    ]),
                ),
                (
                    "INSERT INTO note (n, day) VALUES (65000, '2025-01-02')",
                    json!([]),
                ),
                ("SELECT max(id) AS id FROM note", json!([{"id": 12}])),
            ],
        ),
        (
            "phpMyAdmin",
            include_bytes!("dumps/phpmyadmin.sql"),
            vec![
                (
                    "SELECT id, email, name, kind, tags, created, changed FROM customers ORDER BY id",
                    json!([
                        {"id": 0, "email": "zero@example.org", "name": "Zero", "kind": "private", "tags": null,
                         "created": "2025-01-01 00:00:00", "changed": null},
                        {"id": 1, "email": "lin@example.org", "name": "Lin 'L' O\\H", "kind": "firm", "tags": "new,vip",
                         "created": "2025-01-01 10:00:00", "changed": "2025-01-01 11:00:00"},
                        {"id": 7, "email": "zhang@example.org", "name": "张三", "kind": "private", "tags": "",
                         "created": "2025-01-02 00:00:00", "changed": null},
                    ]),
                ),
                (
                    "SELECT * FROM orders ORDER BY id",
                    json!([
                        {"id": 100, "customer": 1, "total": "12.50", "paid": 1, "open": 0, "note": "first;\nsecond -- line"},
                        {"id": 101, "customer": 7, "total": "0.99", "paid": 0, "open": 1, "note": null},
                    ]),
                ),
                (
                    "INSERT INTO customers (email, name) VALUES ('new@example.org', 'n')",
                    json!([]),
                ),
                ("SELECT max(id) AS id FROM customers", json!([{"id": 20}])),
            ],
        ),
        (
            "HeidiSQL",
            include_bytes!("dumps/heidisql.sql"),
            vec![
                (
                    "SELECT * FROM item ORDER BY id",
                    json!([
                        {"id": 1, "shelf_id": 2, "name": "it's one; -- not two", "price": "1.500000", "weight": 0.25,
                         "code": "YWIA", "picture": "/9g=", "meta": {"a": 1}, "dug": 1},
                        {"id": 4, "shelf_id": null, "name": "four \\ \"q\"", "price": "0.000000", "weight": null,
                         "code": null, "picture": null, "meta": null, "dug": 0},
                    ]),
                ),
                ("SELECT * FROM shelf", json!([{"id": 2, "label": "left"}])),
            ],
        ),
        (
            "Navicat",
            include_bytes!("dumps/navicat.sql"),
            vec![
                (
                    "SELECT * FROM sys_user ORDER BY user_id",
                    json!([
                        {"user_id": 1, "dept_id": 103, "user_name": "admin", "sex": "1", "rank": 1.5, "del_flag": 0,
                         "login_date": "2025-01-02 03:04:05", "create_time": "2025-01-01 00:00:00",
                         "update_time": "2025-01-01 00:00:00.123", "remark": "管理员\\; 'q'", "extra": {"a": [1]}},
                        {"user_id": 2, "dept_id": null, "user_name": "lin", "sex": "0", "rank": null, "del_flag": 1,
                         "login_date": null, "create_time": "2025-01-01 00:00:00", "update_time": null, "remark": null,
                         "extra": null},
                    ]),
                ),
                (
                    "SELECT * FROM sys_dept",
                    json!([{"dept_id": 103, "dept_name": "研发部门"}]),
                ),
            ],
        ),
    ];
    let mut wrong = Vec::new();
    for (tool, text, queries) in cases {
        if let Err(error) = found(text, &queries).await {
            wrong.push(format!("{tool}: {error}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
