//! Derive macros of the CloudBase SDK. Use them through `cloudbase` or `cloudbase-data`.

mod attributes;
mod fields;
mod rename;
mod table;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input, parse_quote};

#[doc = include_str!("table.md")]
#[proc_macro_derive(Table, attributes(table, serde))]
pub fn derive_table(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    table::expand(&input, &parse_quote!(::cloudbase_data::mysql)).into()
}

// For programs that depend on the umbrella crate only, which exports it as `Table`.
#[doc = include_str!("table.md")]
#[proc_macro_derive(UmbrellaTable, attributes(table, serde))]
pub fn derive_umbrella_table(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    table::expand(&input, &parse_quote!(::cloudbase::data::mysql)).into()
}

#[doc = include_str!("fields.md")]
#[proc_macro_derive(Fields, attributes(fields, serde))]
pub fn derive_fields(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    fields::expand(&input, &parse_quote!(::cloudbase_data::documents)).into()
}

// For programs that depend on the umbrella crate only, which exports it as `Fields`.
#[doc = include_str!("fields.md")]
#[proc_macro_derive(UmbrellaFields, attributes(fields, serde))]
pub fn derive_umbrella_fields(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    fields::expand(&input, &parse_quote!(::cloudbase::documents)).into()
}
