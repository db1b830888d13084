//! Scripts: what the `mysql` client takes off them before a server sees them.

use http::Method;
use serde_json::json;

use crate::support::{Api, Engine, block_on, on_each_engine};

#[test]
fn scripts_are_read_as_the_mysql_client_reads_them() {
    for schema in [
        "\u{feff}CREATE TABLE cut (id INT PRIMARY KEY);\r\nINSERT INTO cut VALUES (1);\r\n",
        "CREATE TABLE cut (id INT PRIMARY KEY);\nDELIMITER ;;\nINSERT INTO cut VALUES (1);;\nDELIMITER ;\n",
        "/*!40101 SET NAMES utf8 */;\n/*!50001 CREATE TABLE */ cut (id INT /*!50003 COMMENT */ 'a;' PRIMARY KEY);\n\
         /*!99999 SELEC */;\nINSERT INTO /* ; */ cut (id) -- ;\n VALUES (1)",
    ] {
        on_each_engine(|engine| async move {
            let script = format!("DROP TABLE IF EXISTS cut;{schema}");
            // The mark is skipped at the start of a file only.
            let script = match schema.strip_prefix('\u{feff}') {
                Some(schema) => format!("\u{feff}DROP TABLE IF EXISTS cut;{schema}"),
                None => script,
            };
            let emulator = engine.builder().schema_sql(script).start().await;
            let emulator = emulator.unwrap_or_else(|error| panic!("{schema}: {error}"));
            let rows = Api::admin(&emulator).rows("cut?select=id").await;
            assert_eq!(rows, json!([{"id":1}]), "{schema}");
            emulator.reset().await.unwrap();
            emulator.shutdown().await;
        });
    }
}

#[test]
fn a_trigger_has_its_way_in_on_a_real_server() {
    let schema = "DROP TABLE IF EXISTS watched;\nCREATE TABLE watched (id INT PRIMARY KEY, n INT);\nDELIMITER ;;\n\
                  CREATE TRIGGER doubled BEFORE INSERT ON watched FOR EACH ROW BEGIN SET NEW.n = NEW.n * 2; SET NEW.n = NEW.n + 1; END;;\n\
                  DELIMITER ;\nINSERT INTO watched VALUES (1, 2);\n";
    on_each_engine(|engine| async move {
        let started = engine.builder().schema_sql(schema).start().await;
        if engine == Engine::Sqlite {
            let report = started.unwrap_err().to_string();
            assert!(
                report.contains("line 4, `CREATE TRIGGER doubled"),
                "{report}"
            );
            assert!(!report.contains("line 6"), "{report}");
            return;
        }
        let emulator = started.unwrap();
        let api = Api::admin(&emulator);
        api.rest(Method::POST, "watched", &[], json!({"id":2,"n":5}))
            .await;
        assert_eq!(
            api.rows("watched?select=n&order=id").await,
            json!([{"n":5},{"n":11}])
        );
        emulator.reset().await.unwrap();
        emulator.shutdown().await;
    });
}

#[test]
fn a_server_names_the_line_of_what_it_rejects() {
    block_on(async {
        for engine in Engine::all() {
            let _exclusive = engine.exclusive();
            let schema = "DROP TABLE IF EXISTS placed;\nCREATE TABLE placed (id INT PRIMARY KEY);\n\nSELEC 1;";
            let report = engine
                .builder()
                .schema_sql(schema)
                .start()
                .await
                .unwrap_err();
            assert!(report.to_string().contains("line 4, `SELEC 1`"), "{report}");
        }
    });
}

#[test]
fn rows_that_are_there_already() {
    let schema = "DROP TABLE IF EXISTS seeded;\n\
        CREATE TABLE seeded (id INT PRIMARY KEY AUTO_INCREMENT, code VARCHAR(9) UNIQUE, n INT DEFAULT 7, note VARCHAR(9));\n\
        INSERT INTO seeded SET code = 'a', note = CONCAT('x', 'y');\n\
        INSERT INTO seeded (code, n, note) VALUES ('a', 2, 'new'), ('b', 3, 'new') ON DUPLICATE KEY UPDATE n = VALUES(n), note = note;\n\
        INSERT INTO seeded (id, code) VALUES (1, 'z') ON DUPLICATE KEY UPDATE note = 'found';\n\
        REPLACE INTO seeded (code, note) VALUES ('b', 'again');\n\
        INSERT IGNORE INTO seeded (code) VALUES ('a');\n\
        INSERT INTO seeded VALUES ();\n";
    on_each_engine(|engine| async move {
        let emulator = engine.builder().schema_sql(schema).start().await.unwrap();
        let rows = Api::admin(&emulator)
            .rows("seeded?select=code,n,note&order=id")
            .await;
        assert_eq!(
            rows,
            json!([
                {"code":"a","n":2,"note":"found"},
                {"code":"b","n":7,"note":"again"},
                {"code":null,"n":7,"note":null},
            ]),
            "{engine:?}"
        );
        emulator.reset().await.unwrap();
        emulator.shutdown().await;
    });
}

#[test]
fn all_that_is_rejected_is_reported_at_once_by_line_and_name() {
    block_on(async {
        let schema = "CREATE TABLE a (id INT);\n\
            CREATE TABLE b (x GEOMETRY);\n\
            INSERT INTO nope VALUES (1);\n\
            CREATE TABLE c (id INT,\n  n INT FANCY\n);\n\
            INSERT INTO b VALUES (1);\n\
            CREATE TABLE d (id INT) ENGINE=FEDERATED;\n\
            CREATE TABLE e (id INT) WITH SYSTEM VERSIONING;\n\
            CREATE TABLE f (id INT INVISIBLE, j INT, UNIQUE ((j + 1)));\n\
            CREATE TABLE g (id INT, SPATIAL KEY (id));\n\
            ALTER TABLE a DROP PARTITION p0;\n\
            CREATE DEFINER=`root`@`%` PROCEDURE p() SELECT 1;\n\
            CREATE ALGORITHM=UNDEFINED VIEW v AS SELECT 1;\n\
            INSERT INTO a SELECT 1;\n\
            DROP VIEW IF EXISTS v; DROP TRIGGER IF EXISTS t;\n\
            CREATE DATABASE d READ ONLY = 1;\n";
        let path = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(path.path(), schema).unwrap();
        let started = Engine::Sqlite.builder().schema_file(path.path()).start();
        let report = started.await.unwrap_err().to_string();
        assert!(
            report.contains(&path.path().display().to_string()),
            "{report}"
        );
        let lines: Vec<&str> = report.lines().skip(1).collect();
        let expected: [(usize, &[&str]); 12] = [
            (2, &["table `b`", "column `x`", "GEOMETRY"]),
            (3, &["nope"]),
            (4, &["table `c`", "column `n`", "FANCY"]),
            (8, &["table `d`", "FEDERATED"]),
            (9, &["table `e`", "WITH"]),
            (10, &["table `f`", "column `id`", "INVISIBLE"]),
            (11, &["table `g`", "SPATIAL"]),
            (12, &["table `a`", "DROP PARTITION"]),
            (13, &["procedure `p`"]),
            (14, &["view `v`"]),
            (15, &["INSERT … SELECT"]),
            (17, &["READ ONLY"]),
        ];
        assert_eq!(lines.len(), expected.len(), "{report}");
        for (line, (number, words)) in lines.iter().zip(expected) {
            assert!(
                line.contains(&format!("line {number}, `")),
                "{number}: {report}"
            );
            for word in words {
                assert!(line.contains(word), "{word}: {line}");
            }
            assert!(line.contains("--mysql") || line.contains("nope"), "{line}");
        }
    });
}

#[test]
fn types_are_those_of_mysql_or_rejected() {
    block_on(async {
        let types = [
            ("DECIMAL(66,2)", "65"),
            ("DECIMAL(5,6)", "5"),
            ("DATETIME(7)", "6"),
            ("TIMESTAMP WITH TIME ZONE", "TIMESTAMP"),
            ("VARCHAR", "VARCHAR needs its length"),
            ("CHAR(300)", "255"),
            ("FLOAT(54)", "53"),
            ("BIT(64)", "--mysql"),
            ("BIT(65)", "64"),
            ("UUID", "UUID"),
            ("INT ARRAY", "ARRAY"),
            ("VARCHAR(9) UNSIGNED", "UNSIGNED"),
        ];
        let tables = types.iter().enumerate();
        let schema: String = tables
            .map(|(number, (name, _))| format!("CREATE TABLE t{number} (c {name});\n"))
            .collect();
        let started = Engine::Sqlite.builder().schema_sql(schema).start();
        let report = started.await.unwrap_err().to_string();
        for (number, (name, words)) in types.iter().enumerate() {
            let line = format!("line {}, `", number + 1);
            let line = report.lines().find(|text| text.contains(&line));
            let line = line.unwrap_or_else(|| panic!("{name} is taken: {report}"));
            assert!(
                line.contains("column `c`") && line.contains(words),
                "{line}"
            );
        }
        let schema = "CREATE TABLE t (id INT PRIMARY KEY, a INT1, b INT3 UNSIGNED, c FIXED(5,2), d TEXT(100), e NCHAR(3), f YEAR(4), g INTEGER(3) ZEROFILL);\n\
                      INSERT INTO t VALUES (1, -128, 16777215, 1.005, 'x', 'abc', 2024, 7);";
        let emulator = Engine::Sqlite.builder().schema_sql(schema).start().await;
        let rows = Api::admin(&emulator.unwrap()).rows("t").await;
        assert_eq!(
            rows,
            json!([{"id":1,"a":-128,"b":16777215,"c":"1.01","d":"x","e":"abc","f":2024,"g":7}])
        );
    });
}
