//! A real server: nothing of one caller's session reaches the next, and its errors keep their meaning.

use std::time::Duration;

use cloudbase_emulator::Emulator;
use http::Method;
use mysql_async::Conn;
use mysql_async::prelude::Queryable as _;
use serde_json::{Value, json};

use crate::support::{Api, Engine, block_on, encode};

/// Runs a test on the real server, if there is one.
pub(crate) fn on_server(schema: &str, test: impl AsyncFn(&Emulator)) {
    if !Engine::all().contains(&Engine::MySql) {
        return;
    }
    let _exclusive = Engine::MySql.exclusive();
    block_on(async {
        let emulator = Engine::MySql
            .builder()
            .schema_sql(schema)
            .statement_timeout(Duration::from_millis(400))
            .start()
            .await
            .unwrap();
        test(&emulator).await;
        emulator.shutdown().await;
    });
}

pub(crate) async fn raw_sql(api: &Api, sql: &str) -> Value {
    let body = json!({"sqlTemplate": sql, "config": {"timeout": 20}});
    api.model(Method::POST, "plugin/prod/mysqlCommand", body)
        .await
}

pub(crate) const TODOS: &str = "
DROP TABLE IF EXISTS todos;
CREATE TABLE todos (id INT PRIMARY KEY, title VARCHAR(20) NOT NULL DEFAULT 'x', at TIMESTAMP NULL);
INSERT INTO todos VALUES (1, 'ours', '2024-01-01 00:00:00'), (2, 'ours', NULL);
";

/// Another database of the same server, with a table of the same name.
const SHOP: [&str; 4] = [
    "DROP DATABASE IF EXISTS cloudbase_shop",
    "CREATE DATABASE cloudbase_shop",
    "CREATE TABLE cloudbase_shop.todos (id INT PRIMARY KEY, title VARCHAR(20), at TIMESTAMP NULL)",
    "INSERT INTO cloudbase_shop.todos VALUES (1, 'theirs', NULL), (7, 'theirs', NULL)",
];

const STATE: [&str; 13] = [
    "USE cloudbase_shop",
    "SET autocommit = 0",
    "START TRANSACTION",
    "SET sql_mode = ''",
    "SET SESSION time_zone = '+08:00'",
    "SET NAMES latin1",
    "SET foreign_key_checks = 0",
    "SET SESSION TRANSACTION READ ONLY",
    "SET @@max_statement_time = 1",
    "CREATE TEMPORARY TABLE todos (id INT PRIMARY KEY, title VARCHAR(20), at TIMESTAMP NULL)",
    "LOCK TABLES todos READ",
    "DO GET_LOCK('mine', 1)",
    "SELECT * FROM todos FOR UPDATE",
];

#[test]
fn the_state_of_a_session_ends_with_its_statement() {
    on_server(TODOS, async |e| {
        for sql in SHOP {
            e.sql(sql, &[]).await.unwrap();
        }
        let (admin, visitor) = (Api::admin(e), Api::publishable(e));
        for state in STATE {
            // Some are not for prepared statements, depending on the server; none may leave anything.
            for _ in 0..3 {
                raw_sql(&admin, state).await;
                let _ = e.sql(state, &[]).await;
            }
            let rows = visitor.rows("todos?select=title,at&order=id").await;
            let ours = json!([{"title": "ours", "at": "2024-01-01 00:00:00"}, {"title": "ours", "at": null}]);
            assert_eq!(rows, ours, "{state}");
            let strict = visitor
                .rest(
                    Method::POST,
                    "todos",
                    &[],
                    json!({"id": 9, "title": "中文"}),
                )
                .await;
            assert_eq!(strict.status, 201, "{state}: {}", strict.text);
            let gone = visitor
                .rest(
                    Method::DELETE,
                    "todos?id=eq.9",
                    &[("prefer", "return=representation")],
                    Value::Null,
                )
                .await;
            assert_eq!(gone.json()[0]["title"], "中文", "{state}");
            let mode = raw_sql(&admin, "SELECT @@sql_mode AS mode, @@time_zone AS zone, DATABASE() AS db, IS_FREE_LOCK('mine') AS free").await;
            let mode = &mode["data"]["executeResultList"][0];
            assert!(
                mode["mode"]
                    .as_str()
                    .unwrap()
                    .contains("STRICT_TRANS_TABLES"),
                "{state}"
            );
            assert_eq!(
                (&mode["zone"], &mode["free"]),
                (&json!("+00:00"), &json!(1)),
                "{state}"
            );
            assert_ne!(mode["db"], "cloudbase_shop", "{state}");
        }
        for _ in 0..3 {
            raw_sql(&admin, "USE cloudbase_shop").await;
        }
        e.reset().await.unwrap();
        assert_eq!(
            visitor.rows("todos?select=title&id=eq.1").await,
            json!([{"title": "ours"}])
        );
        let theirs = e
            .sql("SELECT id FROM cloudbase_shop.todos ORDER BY id", &[])
            .await
            .unwrap();
        assert_eq!(theirs.len(), 2, "reset reached another database");
        e.sql("DROP DATABASE cloudbase_shop", &[]).await.unwrap();
    });
}

/// Whatever the connection's default database is: each statement says which table it means.
#[test]
fn a_schema_that_changes_the_database_changes_no_table_of_it() {
    let schema = format!("{}; {TODOS} USE cloudbase_shop;", SHOP.join(";"));
    on_server(&schema, async |e| {
        let api = Api::publishable(e);
        assert_eq!(
            api.rows("todos?select=title&id=eq.1").await,
            json!([{"title": "ours"}])
        );
        e.reset().await.unwrap();
        let theirs = e
            .sql("SELECT id FROM cloudbase_shop.todos", &[])
            .await
            .unwrap();
        assert_eq!(theirs.len(), 2);
        e.sql("DROP DATABASE cloudbase_shop", &[]).await.unwrap();
    });
}

/// A trigger that fails as its row says, with a number of the server's.
const FAILING: &str = "
DROP TABLE IF EXISTS failing;
CREATE TABLE failing (n INT PRIMARY KEY);
DELIMITER ;;
CREATE TRIGGER failing_trigger BEFORE INSERT ON failing FOR EACH ROW
BEGIN
  DECLARE number INT;
  SET number = NEW.n;
  SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = number, MESSAGE_TEXT = 'as the row says';
END;;
DELIMITER ;
";

#[test]
fn errors_of_the_server_have_the_status_that_says_what_to_do() {
    on_server(FAILING, async |e| {
        let api = Api::admin(e);
        for (number, status, code) in [
            (1062, 400, "INVALID_REQUEST"),
            (1452, 400, "INVALID_REQUEST"),
            (1644, 400, "INVALID_REQUEST"),
            (1205, 504, "DATABASE_TIMEOUT"),
            (3024, 504, "DATABASE_TIMEOUT"),
            (1213, 503, "DATABASE_TRANSACTION_CONFLICT"),
            (1020, 503, "DATABASE_TRANSACTION_CONFLICT"),
            (1040, 503, "RESOURCE_UNAVAILABLE"),
            (1203, 503, "RESOURCE_UNAVAILABLE"),
            (1226, 503, "RESOURCE_UNAVAILABLE"),
            (1053, 503, "OPERATION_FAILED"),
            (1114, 500, "DATABASE_REQUEST_FAILED"),
        ] {
            let response = api
                .rest(Method::POST, "failing", &[], json!({ "n": number }))
                .await;
            assert_eq!(
                (response.status, response.code().as_str()),
                (status, code),
                "{number}: {}",
                response.text
            );
        }
    });
}

#[test]
fn a_statement_ends_at_its_limit() {
    on_server(TODOS, async |e| {
        let admin = Api::admin(e);
        let running = async |what: &str| {
            let sql = "SELECT COUNT(*) AS n FROM information_schema.processlist WHERE command <> 'Sleep' AND info LIKE ?";
            let found = e.sql(sql, &[json!(what)]).await.unwrap();
            found[0]["n"] != json!(0)
        };
        let holder = async {
            let body = json!({
                "sqlTemplate": "UPDATE todos SET id = id + SLEEP(60) WHERE id = 1",
                "config": {"timeout": 3},
            });
            let ended = admin
                .model(Method::POST, "plugin/prod/mysqlCommand", body)
                .await;
            assert_eq!(ended["code"], "OPERATION_TIMEOUT", "{ended}");
        };
        let waiter = async {
            while !running("UPDATE todos%").await {}
            let late = admin
                .rest(Method::PATCH, "todos?id=eq.1", &[], json!({"title": "new"}))
                .await;
            assert_eq!(
                (late.status, late.code().as_str()),
                (504, "DATABASE_TIMEOUT"),
                "{}",
                late.text
            );
        };
        tokio::join!(holder, waiter);
        // What nobody waits for any more is stopped on the server too.
        while running("UPDATE `%").await {}
        while running("UPDATE todos%").await {}
        let free = admin
            .rest(Method::PATCH, "todos?id=eq.1", &[], json!({"title": "new"}))
            .await;
        assert_eq!(free.status, 204, "{}", free.text);
    });
}

#[test]
fn texts_that_a_column_cannot_hold_match_nothing() {
    let schema = "
DROP TABLE IF EXISTS old;
CREATE TABLE old (id INT PRIMARY KEY, name VARCHAR(20), code VARCHAR(20) COLLATE latin1_bin) CHARACTER SET latin1;
INSERT INTO old VALUES (1, 'Zoë', 'a'), (2, 'Ann', 'b');
";
    on_server(schema, async |e| {
        let api = Api::admin(e);
        let ids = async |filter: &str| {
            let rows = api.rows(&format!("old?select=id&order=id&{filter}")).await;
            let ids: Vec<i64> = rows
                .as_array()
                .unwrap()
                .iter()
                .map(|row| row["id"].as_i64().unwrap())
                .collect();
            ids
        };
        for column in ["name", "code"] {
            for operator in ["eq", "like", "match", "gt", "in"] {
                let value = if operator == "in" { "(中,文)" } else { "中" };
                assert_eq!(
                    ids(&format!("{column}={operator}.{}", encode(value))).await,
                    [0; 0],
                    "{column} {operator}"
                );
            }
            assert_eq!(ids(&format!("{column}=neq.{}", encode("中"))).await, [1, 2]);
        }
        assert_eq!(ids(&format!("name=eq.{}", encode("zoë"))).await, [1]);
        assert_eq!(ids(&format!("name=in.({})", encode("中,Ann"))).await, [2]);
        assert_eq!(ids("code=eq.A").await, [0; 0]);
        let written = api
            .rest(Method::PATCH, "old?id=eq.1", &[], json!({"name": "中"}))
            .await;
        assert_eq!(
            (written.status, written.code().as_str()),
            (400, "INVALID_REQUEST"),
            "{}",
            written.text
        );
    });
}

/// What begins the next transaction on a connection commits the one that was given up on it.
#[test]
fn a_write_that_fails_leaves_no_transaction_behind() {
    on_server(TODOS, async |e| {
        let api = Api::admin(e);
        let returning = [("prefer", "return=representation")];
        for new in 10..13 {
            let rows = json!([{"id": new}, {"id": 1}]);
            let failed = api.rest(Method::POST, "todos", &returning, rows).await;
            assert_eq!(failed.status, 400, "{}", failed.text);
            let good = json!({"id": new + 10});
            let written = api.rest(Method::POST, "todos", &[], good).await;
            assert_eq!(written.status, 201, "{}", written.text);
        }
        let url = std::env::var("CLOUDBASE_TEST_MYSQL_URL").unwrap();
        let mut other = Conn::from_url(&url).await.unwrap();
        let ids = "SELECT id FROM todos ORDER BY id";
        let ids: Vec<u32> = other.query(ids).await.unwrap();
        other.disconnect().await.unwrap();
        assert_eq!(ids, [1, 2, 20, 21, 22]);
    });
}
