//! `#[derive(Table)]`.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Data, DeriveInput, Error, Fields, FieldsNamed, LitStr, Path, Result};

use crate::attributes::{OnField, OnStruct};

/// The code, or the error as code.
pub(crate) fn expand(input: &DeriveInput, module: &Path) -> TokenStream {
    try_expand(input, module).unwrap_or_else(|error| error.to_compile_error())
}

fn try_expand(input: &DeriveInput, module: &Path) -> Result<TokenStream> {
    let fields = named_fields(input)?;
    let on_struct = OnStruct::read("table", &input.attrs)?;
    let module = on_struct.module.as_ref().unwrap_or(module);
    let Some(table) = &on_struct.name else {
        return Err(Error::new(
            input.ident.span(),
            "which table? Add `#[table(name = \"…\")]` to the struct",
        ));
    };
    let mut names = Vec::new();
    let mut constants = Vec::new();
    let mut errors: Option<Error> = None;
    for field in &fields.named {
        let on_field = match OnField::read("table", &field.attrs) {
            Ok(on_field) if on_field.skip => continue,
            Ok(on_field) => on_field,
            Err(error) => {
                match &mut errors {
                    Some(errors) => errors.combine(error),
                    None => errors = Some(error),
                }
                continue;
            }
        };
        let Some(ident) = &field.ident else { continue };
        let plain = ident.unraw().to_string();
        let name = on_field.rename.unwrap_or_else(|| {
            let name = on_struct
                .case
                .map_or_else(|| plain.clone(), |case| case.apply(&plain));
            LitStr::new(&name, ident.span())
        });
        let constant = format_ident!("{}", plain.to_uppercase(), span = ident.span());
        let (visibility, of) = (&field.vis, &field.ty);
        let doc = format!("The column `{}`.", name.value());
        constants.push(quote_spanned! {of.span()=>
            #[doc = #doc]
            #[allow(dead_code)]
            #visibility const #constant: #module::Column<#of> = #module::Column::new(#name);
        });
        names.push(name);
    }
    if let Some(errors) = errors {
        return Err(errors);
    }
    if names.is_empty() {
        return Err(Error::new(
            input.ident.span(),
            "a table needs at least one column, and every field is skipped",
        ));
    }
    let ident = &input.ident;
    let (generics, arguments, bounds) = input.generics.split_for_impl();
    let span = Span::call_site();
    Ok(quote_spanned! {span=>
        #[automatically_derived]
        impl #generics #module::Table for #ident #arguments #bounds {
            const TABLE: &'static str = #table;
            const COLUMN_NAMES: &'static [&'static str] = &[#(#names),*];
        }

        #[automatically_derived]
        impl #generics #ident #arguments #bounds {
            #(#constants)*
        }
    })
}

fn named_fields(input: &DeriveInput) -> Result<&FieldsNamed> {
    let rule = "`Table` can be derived for structs with named fields: a field is a column";
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) if fields.named.is_empty() => Err(Error::new(
                input.ident.span(),
                "a table needs at least one column",
            )),
            Fields::Named(fields) => Ok(fields),
            Fields::Unnamed(_) | Fields::Unit => Err(Error::new(input.ident.span(), rule)),
        },
        Data::Enum(_) | Data::Union(_) => Err(Error::new(input.ident.span(), rule)),
    }
}
