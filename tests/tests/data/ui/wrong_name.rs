//! Rejected: wrong name.

use cloudbase_data::Table;

#[derive(Table)]
#[table(name = "todos")]
struct Todo {
    done: bool,
}

fn filter() {
    let _ = Todo::DNOE.eq(true);
}

fn main() {}
