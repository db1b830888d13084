//! What the embedded engine loads is what MariaDB loads, row by row.

use cloudbase_emulator::Emulator;
use serde_json::Value;

use crate::construct::{Construct, load, rows};
use crate::files::FILES;

/// The tables that scripts make here.
const TABLES: &str =
    "t, u, a, b, ai, ck, tc, bed, plot, shelf, tb, nb, texts, numbers, moments, bytes, padded";

/// Loads a script into the server's one database, which is emptied of what other scripts made.
async fn load_there(url: &str, sql: &str) -> Result<Emulator, String> {
    let empty = format!(
        "SET FOREIGN_KEY_CHECKS=0; DROP TABLE IF EXISTS {TABLES}; SET FOREIGN_KEY_CHECKS=1; DROP DATABASE IF EXISTS d;"
    );
    Emulator::builder()
        .mysql(url)
        .schema_sql(empty)
        .schema_sql(sql)
        .start()
        .await
        .map_err(|error| error.to_string())
}

/// Removes what other suites left in the server's database.
async fn clear(url: &str) {
    let server = Emulator::builder().mysql(url).start().await.unwrap();
    let tables =
        "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE()";
    let tables = server.sql(tables, &[]).await.unwrap();
    let drops: String = tables
        .iter()
        .map(|row| {
            format!(
                "DROP TABLE IF EXISTS `{}`;\n",
                row["name"].as_str().unwrap()
            )
        })
        .collect();
    server.shutdown().await;
    let drops = format!("SET FOREIGN_KEY_CHECKS=0;\n{drops}");
    let server = Emulator::builder()
        .mysql(url)
        .schema_sql(drops)
        .start()
        .await
        .unwrap();
    server.shutdown().await;
}

/// JSON is text to MariaDB.
fn as_documents(rows: &mut Value) {
    for cell in rows
        .as_array_mut()
        .into_iter()
        .flatten()
        .filter_map(Value::as_object_mut)
        .flat_map(|row| row.values_mut())
    {
        if let Value::String(text) = cell
            && text.starts_with(['[', '{'])
            && let Ok(document) = serde_json::from_str(text)
        {
            *cell = document;
        }
    }
}

/// Each table of the embedded engine, and each query of the construct, on both.
async fn compare(
    url: &str,
    sql: &str,
    queries: impl Iterator<Item = &str>,
    shape: bool,
) -> Result<(), String> {
    let here = load(sql).await?;
    let there = load_there(url, sql).await?;
    let tables = here
        .sql("SELECT name FROM __cloudbase_catalog", &[])
        .await
        .map_err(|error| error.to_string())?;
    let tables = tables
        .iter()
        .map(|row| format!("SELECT * FROM {} ORDER BY 1", row["name"].as_str().unwrap()));
    let mut outcome = Ok(());
    for query in tables.chain(queries.map(str::to_owned)) {
        let mut ours = rows(&here, &query, shape).await?;
        let mut theirs = rows(&there, &query, shape).await?;
        as_documents(&mut ours);
        as_documents(&mut theirs);
        if ours != theirs {
            outcome = Err(format!("`{query}` finds {ours}, and on MariaDB {theirs}"));
        }
    }
    there.shutdown().await;
    outcome
}

/// MySQL 8's words in MariaDB's; its database is that of the connection.
fn translated(sql: &str) -> String {
    let mut sql = sql
        .replace(" NOT ENFORCED", "")
        .replace("CHECK (a > 0)", "CHECK (TRUE)")
        .replace("utf8mb4_0900_ai_ci", "utf8mb4_general_ci");
    for database in ["d", "garden"] {
        sql = sql.replace(&format!("USE `{database}`;"), "");
    }
    sql
}

#[tokio::test]
async fn rows_are_those_of_mariadb() {
    let Ok(url) = std::env::var("CLOUDBASE_TEST_MYSQL_URL") else {
        return;
    };
    clear(&url).await;
    let mut wrong = Vec::new();
    let constructs: Vec<_> = Construct::all()
        .into_iter()
        .filter(Construct::is_for_mariadb)
        .collect();
    for construct in &constructs {
        // One that is rejected for now has nothing to compare.
        if construct.may_be_rejected() && load(&construct.script()).await.is_err() {
            continue;
        }
        let queries = construct.rows.keys().map(String::as_str);
        if let Err(report) = compare(&url, &construct.script(), queries, construct.shape).await {
            wrong.push(format!("{}: {report}", construct.name));
        }
    }
    for file in FILES {
        let queries = std::iter::once(file.query);
        if let Err(report) = compare(&url, &translated(file.text), queries, false).await {
            wrong.push(format!("{}: {report}", file.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
