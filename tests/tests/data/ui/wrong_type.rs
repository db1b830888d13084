//! Rejected: wrong type.

use cloudbase_data::Table;

#[derive(Table)]
#[table(name = "todos")]
struct Todo {
    done: bool,
    title: Option<String>,
}

fn filters() {
    let _ = Todo::DONE.eq("yes");
    let _ = Todo::TITLE.eq(7);
}

fn main() {}
