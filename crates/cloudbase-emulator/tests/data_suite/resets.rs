//! What a reset drops on a real server, and what it waits for.

use std::time::Duration;

use cloudbase_emulator::NewUser;
use mysql_async::Conn;
use mysql_async::prelude::Queryable as _;
use serde_json::{Map, Value};

use crate::sessions::{TODOS, on_server, raw_sql};
use crate::support::{Api, Engine};

#[test]
fn a_reset_drops_the_tables_that_the_emulator_made_and_no_others() {
    const NAMES: [&str; 7] = [
        "theirs",
        "theirs_old",
        "theirs_new",
        "theirs_moved",
        "ours",
        "ours_old",
        "ours_new",
    ];
    on_server(TODOS, async |e| {
        let admin = Api::admin(e);
        let cleanup = async || {
            for name in NAMES {
                let drop = format!("DROP TABLE IF EXISTS {name}");
                e.sql(&drop, &[]).await.unwrap();
            }
        };
        cleanup().await;
        // Another program's, made while the emulator runs.
        for name in ["theirs", "theirs_old", "theirs_new"] {
            let create = format!("CREATE TABLE {name} (id INT PRIMARY KEY)");
            e.sql(&create, &[]).await.unwrap();
        }
        for sql in [
            "CREATE TABLE ours (id INT PRIMARY KEY)",
            "CREATE TABLE ours_old (id INT PRIMARY KEY)",
            "RENAME TABLE ours_old TO ours_new",
            "RENAME TABLE theirs_old TO theirs_moved",
        ] {
            let done = raw_sql(&admin, sql).await;
            assert!(done["data"].is_object(), "{sql}: {done}");
        }
        let move_back = "ALTER TABLE theirs_moved RENAME TO theirs_old";
        e.sql(move_back, &[]).await.unwrap();
        e.reset().await.unwrap();
        let sql = "SELECT table_name AS name FROM information_schema.tables \
                   WHERE table_schema = DATABASE() AND table_name REGEXP '^(theirs|ours)' ORDER BY 1";
        let left = e.sql(sql, &[]).await.unwrap();
        let left: Vec<_> = left.iter().map(|row| row["name"].clone()).collect();
        cleanup().await;
        assert_eq!(left, ["theirs", "theirs_new", "theirs_old"]);
    });
}

#[test]
fn a_reset_knows_the_tables_that_an_earlier_run_made() {
    on_server(TODOS, async |e| {
        let tables = async || {
            let sql = "SELECT table_name AS name, table_comment AS comment FROM information_schema.tables \
                       WHERE table_schema = DATABASE() AND table_name REGEXP '^(theirs|ours)' ORDER BY 1";
            let found = e.sql(sql, &[]).await.unwrap();
            let text =
                |row: &Map<String, Value>, name: &str| row[name].as_str().unwrap().to_owned();
            let rows = found
                .iter()
                .map(|row| (text(row, "name"), text(row, "comment")));
            rows.collect::<Vec<_>>()
        };
        let names = async || {
            let tables = tables().await.into_iter();
            tables.map(|(name, _)| name).collect::<Vec<_>>()
        };
        for name in ["theirs", "ours", "ours_moved"] {
            let drop = format!("DROP TABLE IF EXISTS {name}");
            e.sql(&drop, &[]).await.unwrap();
        }
        let theirs = "CREATE TABLE theirs (id INT PRIMARY KEY) COMMENT = 'like cloudbase-emulator'";
        e.sql(theirs, &[]).await.unwrap();
        let admin = Api::admin(e);
        for sql in [
            r"CREATE TABLE ours (id INT PRIMARY KEY) COMMENT = 'it\'s \\ours'",
            "RENAME TABLE ours TO ours_moved",
        ] {
            let done = raw_sql(&admin, sql).await;
            assert!(done["data"].is_object(), "{sql}: {done}");
        }
        let comment = tables().await.remove(0).1;
        assert!(comment.starts_with(r"it's \ours ["), "{comment}");
        assert_eq!(comment.matches('[').count(), 1, "{comment}");

        let other = Engine::MySql.builder().env_id("other-env").start().await;
        let other = other.unwrap();
        other.reset().await.unwrap();
        other.shutdown().await;
        assert_eq!(names().await, ["ours_moved", "theirs"]);
        let later = Engine::MySql.builder().start().await.unwrap();
        later.reset().await.unwrap();
        later.shutdown().await;
        let left = names().await;
        e.sql("DROP TABLE theirs", &[]).await.unwrap();
        assert_eq!(left, ["theirs"]);
    });
}

#[test]
fn a_reset_does_not_wait_for_an_open_transaction() {
    on_server(TODOS, async |e| {
        e.sql("DROP TABLE IF EXISTS held", &[]).await.unwrap();
        let create = "CREATE TABLE held (id INT PRIMARY KEY)";
        let made = raw_sql(&Api::admin(e), create).await;
        assert!(made["data"].is_object(), "{made}");
        e.users().add(NewUser::username("lin1")).unwrap();
        let url = std::env::var("CLOUDBASE_TEST_MYSQL_URL").unwrap();
        let mut other = Conn::from_url(&url).await.unwrap();
        other.query_drop("START TRANSACTION").await.unwrap();
        other.query_drop("SELECT * FROM held").await.unwrap();
        let reset = tokio::time::timeout(Duration::from_secs(20), e.reset());
        let held = reset.await.expect("the wait has a limit");
        assert!(held.is_err());
        // Nothing of it was done.
        assert!(e.users().find("lin1").is_some());
        other.query_drop("ROLLBACK").await.unwrap();
        other.disconnect().await.unwrap();
        e.reset().await.unwrap();
        assert!(e.users().find("lin1").is_none());
    });
}
