//! Values of seed rows and defaults: what SQL says is what is read over REST.

use http::Method;
use serde_json::{Value, json};

use crate::support::{Api, Engine, block_on};

async fn load(schema: &str) -> Result<cloudbase_emulator::Emulator, String> {
    let started = Engine::Sqlite.builder().schema_sql(schema).start().await;
    started.map_err(|error| error.to_string())
}

#[test]
fn a_string_is_what_its_column_makes_of_it() {
    block_on(async {
        let emulator = load(
            "CREATE TABLE v (id INT PRIMARY KEY, bytes BLOB, fixed BINARY(3), doc JSON, bits BIT(8), n INT, label VARCHAR(9), size ENUM('s','m'));
             INSERT INTO v VALUES (1, 'ab', 'x', '{\"a\": [1]}', 'A', 0x10, 0x41, 2);
             INSERT INTO v VALUES (2, _binary 'ab\\0', X'00ff', '\"text\"', b'101', '7', b'1000001', 'S');
             INSERT INTO v (id, doc, n) VALUES (3, JSON_ARRAY(TRUE, 1.5), NOW() - NOW());",
        )
        .await
        .unwrap();
        let rows = Api::admin(&emulator).rows("v?order=id").await;
        let expected = json!([
            {"id":1,"bytes":"YWI=","fixed":"eAAA","doc":{"a":[1]},"bits":65,"n":16,"label":"A","size":"m"},
            {"id":2,"bytes":"YWIA","fixed":"AP8A","doc":"text","bits":5,"n":7,"label":"A","size":"s"},
            {"id":3,"bytes":null,"fixed":null,"doc":[true,1.5],"bits":null,"n":0,"label":null,"size":null},
        ]);
        assert_eq!(rows, expected);
        for (row, error) in [
            (
                "(9, NULL, NULL, '{', NULL, NULL, NULL, NULL)",
                "Invalid JSON text",
            ),
            (
                "(9, NULL, NULL, _binary '{}', NULL, NULL, NULL, NULL)",
                "CHARACTER SET 'binary'",
            ),
            (
                "(9, NULL, NULL, NULL, '1a', NULL, NULL, NULL)",
                "Out of range",
            ),
            (
                "(9, NULL, NULL, NULL, NULL, NULL, 0xff, NULL)",
                "Incorrect string value",
            ),
            (
                "(9, NULL, NULL, NULL, NULL, NULL, NULL, 3)",
                "Data truncated",
            ),
            (
                "(9, NULL, 'abcd', NULL, NULL, NULL, NULL, NULL)",
                "Data too long",
            ),
        ] {
            let table = "CREATE TABLE v (id INT PRIMARY KEY, bytes BLOB, fixed BINARY(3), doc JSON, bits BIT(8), n INT, label VARCHAR(9), size ENUM('s','m'));";
            let report = load(&format!("{table}\nINSERT INTO v VALUES {row};"))
                .await
                .unwrap_err();
            assert!(
                report.contains(error) && report.contains("line 2"),
                "{row}: {report}"
            );
        }
    });
}

#[test]
fn defaults_are_computed_for_each_row() {
    block_on(async {
        let emulator = load(
            "CREATE TABLE d (id INT PRIMARY KEY, uid VARCHAR(36) DEFAULT (UUID()), doc JSON DEFAULT (JSON_ARRAY('it''s')),
               due DATE DEFAULT (CURDATE() + INTERVAL 1 DAY), bits BIT(2) DEFAULT b'10', raw VARBINARY(9) DEFAULT 'ab', n INT DEFAULT (60 * 60));
             INSERT INTO d (id) VALUES (1), (2);",
        )
        .await
        .unwrap();
        let api = Api::admin(&emulator);
        let written = api.rest(Method::POST, "d", &[], json!({"id": 3})).await;
        assert_eq!(written.status, 201, "{}", written.text);
        // SQL of the caller's own gets them too.
        emulator
            .sql("INSERT INTO d (id) VALUES (4)", &[])
            .await
            .unwrap();
        let rows = api.rows("d?order=id").await;
        let uids: std::collections::BTreeSet<_> = rows
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["uid"].to_string())
            .collect();
        assert_eq!(uids.len(), 4, "{rows}");
        for row in rows.as_array().unwrap() {
            assert_eq!(
                (&row["doc"], &row["bits"], &row["raw"], &row["n"]),
                (&json!(["it's"]), &json!(2), &json!("YWI="), &json!(3600)),
                "{row}"
            );
            assert_eq!(row["uid"].as_str().unwrap().len(), 36, "{row}");
            assert_eq!(row["due"].as_str().unwrap().len(), 10, "{row}");
        }
        for (column, error) in [
            ("a INT DEFAULT 'x'", "Invalid default value for 'a'"),
            (
                "a DATE DEFAULT '2024-02-30'",
                "Invalid default value for 'a'",
            ),
            (
                "a DATETIME DEFAULT '0000-00-00 00:00:00'",
                "Invalid default value for 'a'",
            ),
            ("a INT DEFAULT (nope(1))", "`NOPE("),
            ("a INT DEFAULT (CURDATE() > 0)", "> 0"),
        ] {
            let report = load(&format!("CREATE TABLE bad (id INT PRIMARY KEY, {column})"))
                .await
                .unwrap_err();
            assert!(
                report.contains(error) && report.contains("bad"),
                "{column}: {report}"
            );
        }
    });
}

#[test]
fn the_sql_mode_of_a_dump_decides() {
    let table = "CREATE TABLE z (id INT AUTO_INCREMENT PRIMARY KEY, a DATETIME DEFAULT '0000-00-00 00:00:00', b DATE);";
    let rows = "INSERT INTO z VALUES (0, '0000-00-00 00:00:00', '2024-00-00');";
    block_on(async {
        let dump = format!(
            "SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO';
             {table} {rows}
             SET SQL_MODE=IFNULL(@OLD_SQL_MODE, '');
             INSERT INTO z (id) VALUES (0);"
        );
        let emulator = load(&dump).await.unwrap();
        let api = Api::admin(&emulator);
        let written = api
            .rest(Method::POST, "z", &[], json!({"b": "2024-01-02"}))
            .await;
        assert_eq!(written.status, 201, "{}", written.text);
        let zero = "0000-00-00 00:00:00";
        assert_eq!(
            api.rows("z?order=id").await,
            json!([{"id":0,"a":zero,"b":"2024-00-00"},{"id":1,"a":zero,"b":null},{"id":2,"a":zero,"b":"2024-01-02"}])
        );
        let refused = api
            .rest(Method::POST, "z", &[], json!({"b": "0000-00-00"}))
            .await;
        assert_eq!(refused.status, 400, "{}", refused.text);
        for late in [
            table.to_owned(),
            format!("SET SQL_MODE=''; {table} SET SQL_MODE='TRADITIONAL'; {rows}"),
        ] {
            let report = load(&late).await.unwrap_err();
            assert!(report.contains("`a`") || report.contains("'a'"), "{report}");
        }
    });
}

#[test]
fn variables_and_the_last_id_pass_from_statement_to_statement() {
    block_on(async {
        let emulator = load(
            "CREATE TABLE p (id INT AUTO_INCREMENT PRIMARY KEY, n INT);
             SET @n = 20 + 1, @m = @n * 2;
             INSERT INTO p (n) VALUES (@n), (@m), (@never);
             INSERT INTO p (n) VALUES (LAST_INSERT_ID());",
        )
        .await
        .unwrap();
        let rows = Api::admin(&emulator).rows("p?order=id").await;
        let expected = [json!(21), json!(42), Value::Null, json!(1)];
        let found: Vec<&Value> = rows
            .as_array()
            .unwrap()
            .iter()
            .map(|row| &row["n"])
            .collect();
        assert_eq!(found, expected.iter().collect::<Vec<_>>());
        let report = load("CREATE TABLE p (n INT); SET @v = @@version; INSERT INTO p VALUES (@v);")
            .await
            .unwrap_err();
        assert!(report.contains("@v"), "{report}");
    });
}
