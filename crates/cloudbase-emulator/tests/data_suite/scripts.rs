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
            let _turn = engine.turn();
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
