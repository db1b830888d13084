//! Rejected: flatten.

use cloudbase_data::Table;

#[derive(Table)]
#[table(name = "todos")]
struct Todo {
    #[serde(flatten)]
    rest: std::collections::HashMap<String, String>,
}

fn main() {}
