//! A real server: which tables a reset may drop, when others change tables too.

use cloudbase_emulator::Emulator;
use mysql_async::Conn;
use mysql_async::prelude::Queryable as _;
use serde_json::json;

use crate::sessions::{on_server, raw_sql};
use crate::support::{Api, Engine};

/// The tables of these tests, and nothing else's.
const NAMES: &str = "shop, shop_old, shop_new, made, made_new, made_again";

/// A developer's own connection.
async fn shell(statements: &[&str]) {
    let url = std::env::var("CLOUDBASE_TEST_MYSQL_URL").unwrap();
    let mut shell = Conn::from_url(&url).await.unwrap();
    for statement in statements {
        shell.query_drop(*statement).await.unwrap();
    }
    shell.disconnect().await.unwrap();
}

async fn clean() {
    shell(&[&format!("DROP TABLE IF EXISTS {NAMES}")]).await;
}

async fn run(api: &Api, sql: &str) {
    let done = raw_sql(api, sql).await;
    assert!(done["data"].is_object(), "{sql}: {done}");
}

async fn tables(emulator: &Emulator) -> Vec<String> {
    let sql = "SELECT table_name AS name FROM information_schema.tables \
               WHERE table_schema = DATABASE() AND table_name REGEXP '^(shop|made)' ORDER BY 1";
    let rows = emulator.sql(sql, &[]).await.unwrap();
    let names = rows.iter().map(|row| row["name"].as_str().unwrap());
    names.map(str::to_owned).collect()
}

#[test]
fn a_reset_keeps_a_table_that_a_developer_put_in_place_of_one_of_the_emulator() {
    on_server("", async |e| {
        clean().await;
        let api = Api::admin(e);
        run(&api, "CREATE TABLE made (id INT PRIMARY KEY)").await;
        run(&api, "CREATE TABLE made_again (id INT PRIMARY KEY)").await;
        let replace = [
            "DROP TABLE made",
            "CREATE TABLE made (id INT PRIMARY KEY)",
            "INSERT INTO made VALUES (7)",
        ];
        shell(&replace).await;
        // The emulator reads the catalog again here, and marks what is new.
        run(&api, "CREATE TABLE made_new (id INT PRIMARY KEY)").await;
        e.reset().await.unwrap();
        assert_eq!(tables(e).await, ["made"]);
        assert_eq!(api.rows("made").await, json!([{"id": 7}]));
        clean().await;
    });
}

#[test]
fn a_table_that_a_script_makes_again_is_still_the_emulators() {
    on_server("", async |e| {
        clean().await;
        let schema = "DROP TABLE IF EXISTS made; CREATE TABLE made (id INT PRIMARY KEY)";
        for _ in 0..2 {
            let run = Engine::MySql.builder().schema_sql(schema).start().await;
            run.unwrap().shutdown().await;
        }
        assert_eq!(tables(e).await, ["made"]);
        let later = Engine::MySql.builder().start().await.unwrap();
        later.reset().await.unwrap();
        later.shutdown().await;
        assert_eq!(tables(e).await, [""; 0]);
    });
}

/// The last rename leaves every name of the developer's in place, with another table behind one of them.
const SWAP: &str =
    "CREATE TABLE shop_new LIKE shop; RENAME TABLE shop TO shop_old, shop_new TO shop;";

#[test]
fn a_reset_keeps_a_table_that_a_script_gave_another_name() {
    const SHOP: [&str; 2] = [
        "CREATE TABLE shop (id INT PRIMARY KEY)",
        "INSERT INTO shop VALUES (7)",
    ];
    for (script, name) in [
        (SWAP, "shop_old"),
        (
            "ALTER TABLE shop RENAME TO shop_old; CREATE TABLE shop LIKE shop_old;",
            "shop_old",
        ),
    ] {
        on_server("", async |_| {
            clean().await;
            shell(&SHOP).await;
            let e = Engine::MySql.builder().schema_sql(script).start().await;
            let e = e.unwrap();
            // What it runs again finds its names taken.
            let _ = e.reset().await;
            let rows = Api::admin(&e).rows(name).await;
            assert_eq!(rows, json!([{"id": 7}]), "{script}");
            e.shutdown().await;
            clean().await;
        });
    }
}

#[test]
fn a_script_that_gives_its_own_tables_other_names_can_run_again() {
    let schema = "CREATE TABLE made_new (id INT PRIMARY KEY, renamed_at DATETIME); RENAME TABLE made_new TO made;";
    on_server("", async |_| {
        clean().await;
        shell(&["CREATE TABLE shop (id INT PRIMARY KEY)"]).await;
        let e = Engine::MySql.builder().schema_sql(schema).start().await;
        let e = e.unwrap();
        e.reset().await.unwrap();
        assert_eq!(tables(&e).await, ["made", "shop"]);
        e.shutdown().await;
        clean().await;
    });
}

#[test]
fn a_table_of_another_environment_is_never_marked() {
    on_server("", async |e| {
        clean().await;
        let other = Engine::MySql.builder().env_id("other-env").start().await;
        let other = other.unwrap();
        run(
            &Api::admin(&other),
            "CREATE TABLE shop (id INT PRIMARY KEY)",
        )
        .await;
        // The comment, and the mark at its end, goes with the columns.
        run(&Api::admin(e), "CREATE TABLE shop_new LIKE shop").await;
        let sql = "SELECT table_comment AS comment FROM information_schema.tables \
                   WHERE table_schema = DATABASE() AND table_name REGEXP '^shop'";
        for row in e.sql(sql, &[]).await.unwrap() {
            let comment = row["comment"].as_str().unwrap();
            assert!(comment.ends_with("for other-env]"), "{comment}");
            assert_eq!(comment.matches('[').count(), 1, "{comment}");
        }
        e.reset().await.unwrap();
        assert_eq!(tables(e).await, ["shop", "shop_new"]);
        other.shutdown().await;
        let later = Engine::MySql.builder().env_id("other-env").start().await;
        let later = later.unwrap();
        later.reset().await.unwrap();
        later.shutdown().await;
        assert_eq!(tables(e).await, [""; 0]);
    });
}
