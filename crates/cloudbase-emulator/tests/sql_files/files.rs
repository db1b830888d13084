//! The smallest files of the tools that write dumps.

use serde_json::{Value, json};

use crate::construct::{load, rows};

pub(crate) struct File {
    pub(crate) name: &'static str,
    pub(crate) text: &'static str,
    /// A query and what it finds.
    pub(crate) query: &'static str,
    rows: fn() -> Value,
}

macro_rules! file {
    ($name:literal, $query:literal, $rows:tt) => {
        File {
            name: $name,
            text: include_str!($name),
            query: $query,
            rows: || json!($rows),
        }
    };
}

/// Files, some with several queries.
pub(crate) const FILES: &[File] = &[
    file!("auto-increment.sql", "SELECT * FROM ai ORDER BY id", [{"id": 1000, "x": 1}, {"id": 1001, "x": 2}]),
    file!("bom.sql", "SELECT * FROM t", []),
    file!("chk.sql", "SELECT * FROM ck", [{"id": 1, "a": -1}]),
    file!("database-options.sql", "SELECT * FROM t", []),
    file!("dbl.sql", "SELECT * FROM tc", [{"id": 1, "a": 1, "d": 1.23, "f": 2.346, "c": "x"}]),
    file!("heidisql-min.sql", "SELECT * FROM bed ORDER BY id",
        [{"id": 1, "plot_id": 1, "note": "it's sunny", "dug": 1}, {"id": 2, "plot_id": null, "note": null, "dug": 0}]),
    file!("mysqldump-min.sql", "SELECT * FROM t ORDER BY id", [{"id": 1}, {"id": 2}]),
    file!("navicat-min.sql", "SELECT * FROM shelf ORDER BY id",
        [{"id": 10, "label": "top; left", "width": "1.50", "made": "2025-01-02 03:04:05"},
         {"id": 11, "label": null, "width": "2.00", "made": null}]),
    file!("phpmyadmin-min.sql", "SELECT * FROM t ORDER BY id", [{"id": 1, "name": "a"}, {"id": 2, "name": "b"}]),
    file!("table-collation-bin.sql", "SELECT * FROM tb WHERE a = 'abc'", [{"id": 1, "a": "abc"}]),
    file!("table-collation-rows.sql", "SELECT * FROM nb WHERE a = 'abc'", [{"id": 1, "a": "abc"}]),
    file!(
        "values.sql",
        "SELECT x.id AS a, y.id AS b FROM padded x JOIN padded y ON x.g = y.g AND x.id < y.id ORDER BY 1, 2",
        [{"a": 1, "b": 2}, {"a": 1, "b": 3}, {"a": 1, "b": 14}, {"a": 2, "b": 3}, {"a": 2, "b": 14}, {"a": 3, "b": 14},
         {"a": 5, "b": 13}, {"a": 7, "b": 8}, {"a": 11, "b": 12}]
    ),
    file!(
        "values.sql",
        "SELECT x.id AS a, y.id AS b FROM padded x JOIN padded y ON x.u = y.u AND x.id < y.id AND y.id > 3 ORDER BY 1, 2",
        [{"a": 1, "b": 14}, {"a": 2, "b": 14}, {"a": 3, "b": 14}, {"a": 5, "b": 6}, {"a": 7, "b": 8}, {"a": 11, "b": 12}]
    ),
    file!(
        "values.sql",
        "SELECT id FROM padded ORDER BY g, id",
        [{"id": 11}, {"id": 12}, {"id": 9}, {"id": 1}, {"id": 2}, {"id": 3}, {"id": 14}, {"id": 10}, {"id": 16}, {"id": 15},
         {"id": 4}, {"id": 5}, {"id": 13}, {"id": 6}, {"id": 7}, {"id": 8}]
    ),
];

async fn check(file: &File) -> Result<(), String> {
    let emulator = load(file.text).await?;
    let found = rows(&emulator, file.query, false).await?;
    let expected = (file.rows)();
    if found == expected {
        Ok(())
    } else {
        Err(format!("`{}` finds {found}, not {expected}", file.query))
    }
}

#[tokio::test]
async fn files_load_with_their_rows() {
    let mut wrong = Vec::new();
    for file in FILES {
        if let Err(report) = check(file).await {
            wrong.push(format!("{}: {report}", file.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
