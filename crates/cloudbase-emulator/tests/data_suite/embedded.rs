//! What only the embedded engine does: keep its file, take snapshots, reject what it cannot do.

use http::Method;
use serde_json::{Value, json};

use crate::support::{Api, Engine, block_on, on_each_engine};

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS t (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, n INT, meta JSON, ratio DOUBLE, big BIGINT UNSIGNED, size ENUM('a','b'));
INSERT INTO t (n) VALUES (1), (2);
";

#[test]
fn rejects_what_it_cannot_do_truthfully() {
    block_on(async {
        let emulator = Engine::Sqlite
            .builder()
            .schema_sql(SCHEMA)
            .start()
            .await
            .unwrap();
        let api = Api::admin(&emulator);
        for path in [
            "t?meta=eq.1",
            "t?order=meta",
            "t?ratio=like.1%25",
            "t?size=gt.a",
            "t?n=match.(?!a)",
        ] {
            let response = api.rest(Method::GET, path, &[], Value::Null).await;
            assert_eq!(
                (response.status, response.code().as_str()),
                (400, "INVALID_REQUEST"),
                "{path}"
            );
        }
        let response = api
            .rest(Method::POST, "t", &[], json!({"big":u64::MAX}))
            .await;
        assert!(
            response.json()["message"]
                .as_str()
                .unwrap()
                .contains("--mysql"),
            "{}",
            response.text
        );
        for schema in [
            "CREATE TABLE g (p POINT)",
            "CREATE TABLE g (a INT, b INT AS (a + 1))",
            "CREATE PROCEDURE p() SELECT 1",
            "CREATE TABLE g (id INT, n INT AUTO_INCREMENT, PRIMARY KEY (id))",
            "CREATE TABLE g (a INT",
            "INSERT INTO nowhere VALUES (1)",
            "CREATE TABLE g (a INT); INSERT INTO g VALUES ((SELECT 1))",
            "CREATE TABLE g (a INT DEFAULT (ST_SRID(0)))",
        ] {
            let failed = Engine::Sqlite.builder().schema_sql(schema).start().await;
            assert!(failed.is_err(), "{schema}");
        }
        emulator.shutdown().await;
    });
}

#[test]
fn reset_and_snapshots() {
    block_on(async {
        let emulator = Engine::Sqlite
            .builder()
            .schema_sql(SCHEMA)
            .start()
            .await
            .unwrap();
        let api = Api::admin(&emulator);
        api.rest(Method::POST, "t", &[], json!({"n":3})).await;
        let snapshot = emulator.snapshot().await.unwrap();
        api.rest(Method::DELETE, "t?id=gt.0", &[], Value::Null)
            .await;
        assert_eq!(api.rows("t?select=n").await, json!([]));
        emulator.restore(&snapshot).await.unwrap();
        assert_eq!(
            api.rows("t?select=n").await,
            json!([{"n":1},{"n":2},{"n":3}])
        );
        emulator.reset().await.unwrap();
        assert_eq!(
            api.rows("t?select=id,n").await,
            json!([{"id":1,"n":1},{"id":2,"n":2}])
        );
        emulator.shutdown().await;
    });
}

#[test]
fn keeps_rows_in_a_data_directory() {
    let dir = tempfile::tempdir().unwrap();
    block_on(async {
        for expected in [
            json!([{"n":1},{"n":2},{"n":9}]),
            json!([{"n":1},{"n":2},{"n":9},{"n":9}]),
        ] {
            let emulator = Engine::Sqlite
                .builder()
                .schema_sql(SCHEMA)
                .data_dir(dir.path())
                .start()
                .await
                .unwrap();
            let api = Api::admin(&emulator);
            api.rest(Method::POST, "t", &[], json!({"n":9})).await;
            assert_eq!(api.rows("t?select=n").await, expected);
            emulator.shutdown().await;
        }
    });
}

#[test]
fn a_million_rows_page_quickly() {
    block_on(async {
        let emulator = Engine::Sqlite
            .builder()
            .schema_sql(SCHEMA)
            .start()
            .await
            .unwrap();
        emulator
            .sql(
                "INSERT INTO t (n) WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 999998) SELECT x FROM c",
                &[],
            )
            .await
            .unwrap();
        let api = Api::admin(&emulator);
        let started = std::time::Instant::now();
        for offset in [0u64, 500_000, 999_000] {
            let rows = api
                .rows(&format!("t?select=id&order=id&limit=1000&offset={offset}"))
                .await;
            assert_eq!(rows.as_array().unwrap().len(), 1000);
            assert_eq!(rows[0]["id"], json!(offset + 1));
        }
        let last = api
            .rest(Method::HEAD, "t", &[("prefer", "count=exact")], Value::Null)
            .await;
        assert_eq!(last.header("content-range"), "0-999999/1000000");
        // Generous: a full scan of the table for each page would take minutes.
        assert!(started.elapsed().as_secs() < 30, "{:?}", started.elapsed());
        emulator.shutdown().await;
    });
}

#[test]
fn rows_of_one_schema_go_into_tables_of_another() {
    let dir = tempfile::tempdir().unwrap();
    let (tables, rows) = (dir.path().join("1.sql"), dir.path().join("2.sql"));
    std::fs::write(
        &tables,
        "CREATE TABLE apart (id INT PRIMARY KEY, n INT DEFAULT 1);",
    )
    .unwrap();
    std::fs::write(
        &rows,
        "INSERT INTO apart (id) VALUES (1), (2); ALTER TABLE apart ADD COLUMN m INT DEFAULT 5;",
    )
    .unwrap();
    let seeded = json!([{"id":1,"n":1,"m":5},{"id":2,"n":1,"m":5}]);
    on_each_engine(|engine| {
        let (tables, rows, seeded) = (tables.clone(), rows.clone(), seeded.clone());
        async move {
            let emulator = engine
                .builder()
                .schema_sql("DROP TABLE IF EXISTS apart")
                .schema_file(tables)
                .schema_file(rows)
                .start()
                .await
                .unwrap();
            let api = Api::admin(&emulator);
            assert_eq!(api.rows("apart?order=id").await, seeded, "{engine:?}");
            emulator.reset().await.unwrap();
            assert_eq!(api.rows("apart?order=id").await, seeded, "{engine:?}");
            emulator.shutdown().await;
        }
    });
    // Kept tables have their rows from the first run.
    let kept = dir.path().join("kept");
    block_on(async {
        for _ in 0..2 {
            let emulator = Engine::Sqlite
                .builder()
                .schema_file(&tables)
                .schema_file(&rows)
                .data_dir(&kept)
                .start()
                .await
                .unwrap();
            let api = Api::admin(&emulator);
            assert_eq!(api.rows("apart?order=id").await, seeded);
            emulator.shutdown().await;
        }
    });
}

#[test]
fn a_dump_leaves_the_rows_of_an_earlier_run() {
    for dump in [
        "DROP TABLE IF EXISTS dumped; CREATE TABLE dumped (id INT PRIMARY KEY); INSERT INTO dumped VALUES (1);",
        "CREATE TABLE fresh (id INT PRIMARY KEY); INSERT INTO fresh VALUES (1); RENAME TABLE fresh TO dumped;",
        "CREATE TABLE fresh (id INT PRIMARY KEY); \
         CREATE TABLE child (id INT PRIMARY KEY, parent INT, FOREIGN KEY (parent) REFERENCES fresh (id)); \
         ALTER TABLE fresh RENAME TO dumped; INSERT INTO dumped VALUES (1); DROP TABLE child;",
    ] {
        let dir = tempfile::tempdir().unwrap();
        block_on(async {
            let start = || {
                let builder = Engine::Sqlite.builder().schema_sql(dump);
                builder.data_dir(dir.path()).start()
            };
            let emulator = start().await.unwrap();
            let api = Api::admin(&emulator);
            let written = api.rest(Method::POST, "dumped", &[], json!({"id":2})).await;
            assert_eq!(written.status, 201, "{}", written.text);
            emulator.shutdown().await;
            let emulator = start()
                .await
                .unwrap_or_else(|error| panic!("{dump}: {error}"));
            let api = Api::admin(&emulator);
            let rows = api.rows("dumped?order=id").await;
            assert_eq!(rows, json!([{"id":1},{"id":2}]), "{dump}");
            assert_eq!(
                api.rest(Method::GET, "fresh", &[], Value::Null)
                    .await
                    .status,
                404
            );
            emulator.reset().await.unwrap();
            assert_eq!(api.rows("dumped").await, json!([{"id":1}]), "{dump}");
            emulator.shutdown().await;
        });
    }
}
