//! A struct that stands for the rows of a table; `#[derive(Table)]` implements it.

use super::columns::Columns;

/// The table and columns that a struct's rows come from.
///
/// Usually derived (feature `derive`), which also makes a typed
/// [`Column`](super::Column) constant of each field. [`MySql::select`](super::MySql::select) reads
/// exactly these columns.
pub trait Table {
    /// The name of the table.
    const TABLE: &'static str;

    /// The names of the columns, in the order of the fields.
    const COLUMN_NAMES: &'static [&'static str];

    /// The columns, for `select` and `returning`.
    fn columns() -> Columns {
        Columns::from(Self::COLUMN_NAMES)
    }
}
