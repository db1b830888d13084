//! SQL that dumps and seed files contain: each construct means what it means in MySQL 8, has no effect, or is rejected by
//! name. Where `CLOUDBASE_TEST_MYSQL_URL` names a MariaDB, it judges what was loaded.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

#[path = "sql_files/construct.rs"]
mod construct;
#[path = "sql_files/dumps.rs"]
mod dumps;
#[path = "sql_files/files.rs"]
mod files;
#[path = "sql_files/server.rs"]
mod server;

use construct::Construct;

#[test]
fn constructs_behave_as_their_rows_say() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut wrong = Vec::new();
    for construct in Construct::all() {
        if let Err(report) = runtime.block_on(construct.check()) {
            wrong.push(format!("{}: {report}", construct.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
