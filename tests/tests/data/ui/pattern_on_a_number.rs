//! Rejected: pattern on a number.

use cloudbase_data::Table;

#[derive(Table)]
#[table(name = "todos")]
struct Todo {
    id: i64,
}

fn filter() {
    let _ = Todo::ID.like("%1%");
}

fn main() {}
