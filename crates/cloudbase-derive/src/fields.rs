//! `#[derive(Fields)]`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{
    Data, DeriveInput, Error, Fields, FieldsNamed, GenericArgument, LitStr, Path, PathArguments,
    Result, Type,
};

use crate::attributes::{OnField, OnStruct};

/// The code, or the error as code.
pub(crate) fn expand(input: &DeriveInput, module: &Path) -> TokenStream {
    try_expand(input, module).unwrap_or_else(|error| error.to_compile_error())
}

fn try_expand(input: &DeriveInput, module: &Path) -> Result<TokenStream> {
    let fields = named_fields(input)?;
    if !input.generics.params.is_empty() {
        let message = "`Fields` can be derived for structs without generic parameters";
        return Err(Error::new(input.generics.span(), message));
    }
    let on_struct = OnStruct::read("fields", &input.attrs)?;
    let module = on_struct.module.as_ref().unwrap_or(module);
    let mut constants = Vec::new();
    let mut signatures = Vec::new();
    let mut methods = Vec::new();
    for field in &fields.named {
        let on_field = OnField::read("fields", &field.attrs)?;
        let Some(ident) = field.ident.as_ref().filter(|_| !on_field.skip) else {
            continue;
        };
        let plain = ident.unraw().to_string();
        let name = on_field.rename.unwrap_or_else(|| {
            let case = on_struct.case;
            let name = case.map_or_else(|| plain.clone(), |case| case.apply(&plain));
            LitStr::new(&name, ident.span())
        });
        let constant = format_ident!("{}", plain.to_uppercase(), span = ident.span());
        let (visibility, of) = (&field.vis, without_option(&field.ty));
        let doc = format!("The field `{}`.", name.value());
        constants.push(quote_spanned! {of.span()=>
            #[doc = #doc]
            #[allow(dead_code)]
            #visibility const #constant: #module::Field<#of> = #module::Field::new(#name);
        });
        let signature = quote_spanned! {of.span()=> fn #ident(&self) -> #module::Field<#of> };
        signatures.push(quote!(#[doc = #doc] #signature;));
        methods.push(quote!(#signature { self.nested(#name) }));
    }
    let (ident, visibility) = (&input.ident, &input.vis);
    let nested = format_ident!("{ident}Fields");
    let doc = format!("The fields of [`{ident}`] where it stands within a document.");
    Ok(quote! {
        #[automatically_derived]
        impl #ident {
            #(#constants)*
        }

        #[doc = #doc]
        #[allow(dead_code, private_interfaces)]
        #visibility trait #nested {
            #(#signatures)*
        }

        #[automatically_derived]
        impl #nested for #module::Field<#ident> {
            #(#methods)*
        }

        #[automatically_derived]
        impl #nested for #module::Field<::std::vec::Vec<#ident>> {
            #(#methods)*
        }
    })
}

/// `T` of `Option<T>`: a field of a document may be absent or null whatever its type.
fn without_option(of: &Type) -> &Type {
    let Type::Path(path) = of else { return of };
    let Some(last) = path
        .path
        .segments
        .last()
        .filter(|last| last.ident == "Option")
    else {
        return of;
    };
    match &last.arguments {
        PathArguments::AngleBracketed(arguments) => match arguments.args.first() {
            Some(GenericArgument::Type(inner)) => inner,
            _ => of,
        },
        _ => of,
    }
}

fn named_fields(input: &DeriveInput) -> Result<&FieldsNamed> {
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => Ok(fields),
            Fields::Unnamed(_) | Fields::Unit => Err(unnamed(input)),
        },
        Data::Enum(_) | Data::Union(_) => Err(unnamed(input)),
    }
}

fn unnamed(input: &DeriveInput) -> Error {
    let message = "`Fields` can be derived for structs with named fields";
    Error::new(input.ident.span(), message)
}
