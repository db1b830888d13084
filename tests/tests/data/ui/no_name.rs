//! Rejected: no name.

use cloudbase_data::Table;

#[derive(Table)]
struct Todo {
    id: i64,
}

fn main() {}
