//! Rejected: tuple.

use cloudbase_data::Table;

#[derive(Table)]
#[table(name = "todos")]
struct Todo(i64);

fn main() {}
