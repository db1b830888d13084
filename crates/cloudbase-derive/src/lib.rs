//! Derive macros of the CloudBase SDK. Use them through `cloudbase` or `cloudbase-data`.

mod attributes;
mod rename;
mod table;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input, parse_quote};

/// Makes a struct stand for the rows of a table.
///
/// Implements the trait `Table` (name and columns), and makes of each field a constant of type
/// `Column<FieldType>`, named like the field in capitals and as visible as it: `done: bool` becomes
/// `Todo::DONE`, and `Todo::DONE.eq(true)` is checked at compile time for name and type.
///
/// - `#[table(name = "todos")]` on the struct names the table; it is required;
/// - `#[table(rename = "is_done")]` on a field names its column; where the struct is also read or
///   written, `#[serde(rename = "…")]` does both, and `#[serde(rename_all = "…")]` is obeyed as well;
/// - `#[table(skip)]` leaves a field out, as `#[serde(skip)]` does;
/// - `#[table(crate = path)]` on the struct says where the SDK's `mysql` module is, if it is not
///   where this macro came from.
#[proc_macro_derive(Table, attributes(table, serde))]
pub fn derive_table(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    table::expand(&input, &parse_quote!(::cloudbase_data::mysql)).into()
}

/// `Table` for programs that depend on the umbrella crate only, which exports it as `Table`.
#[doc(hidden)]
#[proc_macro_derive(UmbrellaTable, attributes(table, serde))]
pub fn derive_umbrella_table(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    table::expand(&input, &parse_quote!(::cloudbase::mysql)).into()
}
