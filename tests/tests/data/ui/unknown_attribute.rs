//! Rejected: unknown attribute.

use cloudbase_data::Table;

#[derive(Table)]
#[table(name = "todos", nmae = "x")]
struct Todo {
    #[table(column = "x")]
    id: i64,
}

fn main() {}
