//! Rejected: empty name.

use cloudbase_data::Table;

#[derive(Table)]
#[table(name = "")]
struct Todo {
    id: i64,
}

fn main() {}
