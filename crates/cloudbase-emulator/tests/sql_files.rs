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

use std::collections::BTreeSet;

use construct::Construct;

/// Constructs that do not behave as their row says yet. This list only shrinks: one that does must leave it.
const NOT_YET: &[&str] = &[];

#[test]
fn constructs_behave_as_their_rows_say() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut wrong = Vec::new();
    let mut right = Vec::new();
    let mut known: BTreeSet<&str> = NOT_YET.iter().copied().collect();
    for construct in Construct::all() {
        let outcome = runtime.block_on(construct.check());
        match (outcome, known.remove(construct.name.as_str())) {
            (Ok(()), false) | (Err(_), true) => {}
            (Ok(()), true) => right.push(construct.name),
            (Err(report), false) => wrong.push(format!("{}: {report}", construct.name)),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(right.is_empty(), "right by now: {right:?}");
    assert!(known.is_empty(), "no such construct: {known:?}");
}
