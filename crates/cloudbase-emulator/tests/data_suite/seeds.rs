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
        let rejected = api
            .rest(Method::POST, "z", &[], json!({"b": "0000-00-00"}))
            .await;
        assert_eq!(rejected.status, 400, "{}", rejected.text);
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
             SET @n = 20 + 1, @early = @n;
             SET @m = @n * 2;
             INSERT INTO p (n) VALUES (@n), (@m), (@never), (@early);
             INSERT INTO p (n) VALUES (LAST_INSERT_ID());",
        )
        .await
        .unwrap();
        let rows = Api::admin(&emulator).rows("p?order=id").await;
        let expected = [json!(21), json!(42), Value::Null, Value::Null, json!(1)];
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

/// Numbers of the rows that a query finds.
async fn ids(api: &Api, query: &str) -> Vec<i64> {
    let rows = api.rows(&format!("{query}&select=id&order=id")).await;
    rows.as_array()
        .unwrap()
        .iter()
        .map(|row| row["id"].as_i64().unwrap())
        .collect()
}

#[test]
fn text_without_a_collation_of_its_own_has_the_one_around_it() {
    let rows = "INSERT INTO c VALUES (1, 'abc'), (2, 'ABC'), (3, 'abc ');";
    let column = "CREATE TABLE c (id INT PRIMARY KEY, a VARCHAR(9)";
    block_on(async {
        for (schema, equal) in [
            (format!("{column});"), &[1, 2][..]),
            (format!("{column}) CHARSET=utf8mb4;"), &[1, 2]),
            (format!("{column}) COLLATE=utf8mb4_general_ci;"), &[1, 2, 3]),
            (format!("{column}) CHARSET=utf8mb3;"), &[1, 2, 3]),
            (
                format!("{column}) DEFAULT CHARSET=utf8mb4 COLLATE utf8mb4_bin;"),
                &[1, 3],
            ),
            (
                format!("{column} COLLATE utf8mb4_0900_ai_ci) COLLATE=utf8mb4_bin;"),
                &[1, 2],
            ),
            (
                format!("CREATE DATABASE d COLLATE utf8mb4_bin; USE d; {column});"),
                &[1, 3],
            ),
            (
                format!(
                    "CREATE DATABASE d /*!40100 DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_0900_bin */; USE d; {column});"
                ),
                &[1],
            ),
            (
                format!(
                    "{column}); ALTER TABLE c CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;"
                ),
                &[1, 3],
            ),
        ] {
            let emulator = load(&format!("{schema} {rows}")).await.unwrap();
            let api = Api::admin(&emulator);
            assert_eq!(ids(&api, "c?a=eq.abc").await, equal, "{schema}");
            assert_eq!(ids(&api, "c?a=in.(abc,xyz)").await, equal, "{schema}");
        }
        // Of the character set `binary`, they are bytes.
        let emulator = load(&format!(
            "{column} DEFAULT 'x') CHARSET=binary; {rows} INSERT INTO c (id) VALUES (4);"
        ))
        .await
        .unwrap();
        let api = Api::admin(&emulator);
        assert_eq!(ids(&api, "c?a=eq.YWJj").await, [1]);
        assert_eq!(api.rows("c?id=eq.4&select=a").await, json!([{"a": "eA=="}]));
        for (schema, named) in [
            (
                format!("{column}) COLLATE=latin1_swedish_ci;"),
                "latin1_swedish_ci",
            ),
            (format!("{column}) CHARSET=gbk;"), "gbk"),
            (
                format!("{column}) COLLATE=utf8mb4_sv_0900_ai_ci;"),
                "utf8mb4_sv_0900_ai_ci",
            ),
            (
                format!("CREATE DATABASE d COLLATE utf8mb4_0900_as_cs; USE d; {column});"),
                "utf8mb4_0900_as_cs",
            ),
        ] {
            let report = load(&schema).await.unwrap_err();
            assert!(
                report.contains(named) && report.contains("`c`") && report.contains("`a`"),
                "{report}"
            );
        }
    });
}

#[test]
fn blanks_at_the_end_do_not_count_where_a_collation_pads() {
    block_on(async {
        for (name, text) in [
            ("the file", include_str!("../sql_files/pad-space.sql")),
            (
                "a binary one",
                "CREATE TABLE p (p VARCHAR(9) COLLATE utf8mb4_bin PRIMARY KEY); INSERT INTO p VALUES ('a'), ('a  ');",
            ),
        ] {
            let report = load(text).await.unwrap_err();
            assert!(report.contains("Duplicate entry"), "{name}: {report}");
        }
        let emulator = load(
            "CREATE TABLE p (id INT PRIMARY KEY AUTO_INCREMENT, p VARCHAR(9) COLLATE utf8mb4_general_ci, UNIQUE KEY (p));
             CREATE TABLE q (id INT PRIMARY KEY, p VARCHAR(9) COLLATE utf8mb4_general_ci, FOREIGN KEY (p) REFERENCES p (p));
             INSERT INTO p (p) VALUES ('a'), ('b '), ('a!'), ('a\t');
             INSERT INTO q VALUES (1, 'A '), (2, 'b');",
        )
        .await
        .unwrap();
        let api = Api::admin(&emulator);
        assert_eq!(ids(&api, "p?p=eq.A%20%20").await, [1]);
        assert_eq!(ids(&api, "p?p=in.(A%20,B)").await, [1, 2]);
        assert_eq!(ids(&api, "p?p=gt.a%20").await, [2, 3]);
        // LIKE goes by characters.
        assert_eq!(ids(&api, "p?p=like.a%20").await, [0i64; 0]);
        let sorted = api.rows("p?select=id&order=p").await;
        assert_eq!(sorted, json!([{"id":4},{"id":1},{"id":3},{"id":2}]));
        let joined = api.rows("q?select=id,p(id)&order=id").await;
        assert_eq!(joined, json!([{"id":1,"p":{"id":1}},{"id":2,"p":{"id":2}}]));
        let twice = api.rest(Method::POST, "p", &[], json!({"p": "A   "})).await;
        assert_eq!(twice.status, 400, "{}", twice.text);
        let groups = emulator
            .sql("SELECT COUNT(*) AS n FROM q GROUP BY p", &[])
            .await
            .unwrap();
        assert_eq!(groups.len(), 2);
    });
}

#[test]
fn limited_digits_are_rounded() {
    let table = "CREATE TABLE r (id INT PRIMARY KEY AUTO_INCREMENT, d DOUBLE(5,2), f FLOAT(7,3), long_one FLOAT(53));";
    block_on(async {
        let emulator = load(&format!("{table} INSERT INTO r (d, f, long_one) VALUES (1.005, 2.34567, 1.23456789), (-999.994, '-0.0005', NULL);")).await.unwrap();
        let api = Api::admin(&emulator);
        let written = api
            .rest(Method::POST, "r", &[], json!({"d": 2.675, "f": 9999.999}))
            .await;
        assert_eq!(written.status, 201, "{}", written.text);
        assert_eq!(
            api.rows("r?select=d,f,long_one&order=id").await,
            json!([
                {"d": 1, "f": 2.346, "long_one": 1.23456789},
                {"d": -999.99, "f": 0, "long_one": null},
                {"d": 2.67, "f": 9999.999, "long_one": null}
            ])
        );
        let beyond = api
            .rest(Method::POST, "r", &[], json!({"d": 999.996}))
            .await;
        assert!(beyond.text.contains("Out of range"), "{}", beyond.text);
    });
}
