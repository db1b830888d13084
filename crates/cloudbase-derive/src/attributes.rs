//! Reads `#[table(…)]` or `#[fields(…)]`, and of `#[serde(…)]` what decides the names of columns.

use syn::meta::ParseNestedMeta;
use syn::spanned::Spanned as _;
use syn::{Attribute, Error, LitStr, Path, Result, Token};

use crate::rename::Case;

/// What stands on the struct.
#[derive(Default)]
pub(crate) struct OnStruct {
    pub(crate) name: Option<LitStr>,
    pub(crate) module: Option<Path>,
    pub(crate) case: Option<Case>,
}

/// What stands on a field.
#[derive(Default)]
pub(crate) struct OnField {
    pub(crate) rename: Option<LitStr>,
    pub(crate) skip: bool,
}

impl OnStruct {
    /// `own` is the attribute of the macro.
    pub(crate) fn read(own: &str, attributes: &[Attribute]) -> Result<Self> {
        let mut found = Self::default();
        for attribute in attributes {
            if attribute.path().is_ident(own) {
                attribute.parse_nested_meta(|meta| {
                    if meta.path.is_ident("name") && own == "table" {
                        found.name = Some(name_of(&meta)?);
                    } else if meta.path.is_ident("crate") {
                        found.module = Some(meta.value()?.parse()?);
                    } else {
                        return Err(meta.error(match own {
                            "table" => "expected `name = \"…\"` or `crate = path`",
                            _ => "expected `crate = path`",
                        }));
                    }
                    Ok(())
                })?;
            } else if attribute.path().is_ident("serde") {
                attribute.parse_nested_meta(|meta| {
                    if meta.path.is_ident("rename_all") {
                        if let Some(text) = deserialize_side(&meta)? {
                            found.case = Some(Case::parse(&text)?);
                        }
                        return Ok(());
                    }
                    skip_value(&meta)
                })?;
            }
        }
        Ok(found)
    }
}

impl OnField {
    /// `own` is the attribute of the macro.
    pub(crate) fn read(own: &str, attributes: &[Attribute]) -> Result<Self> {
        let mut found = Self::default();
        let mut serde_name = None;
        let mut flatten = None;
        for attribute in attributes {
            if attribute.path().is_ident(own) {
                attribute.parse_nested_meta(|meta| {
                    if meta.path.is_ident("rename") {
                        found.rename = Some(name_of(&meta)?);
                    } else if meta.path.is_ident("skip") {
                        found.skip = true;
                    } else {
                        return Err(meta.error("expected `rename = \"…\"` or `skip`"));
                    }
                    Ok(())
                })?;
            } else if attribute.path().is_ident("serde") {
                attribute.parse_nested_meta(|meta| {
                    if meta.path.is_ident("rename") {
                        serde_name = deserialize_side(&meta)?;
                        return Ok(());
                    }
                    if meta.path.is_ident("flatten") {
                        flatten = Some(meta.path.span());
                    }
                    found.skip |=
                        meta.path.is_ident("skip") || meta.path.is_ident("skip_deserializing");
                    skip_value(&meta)
                })?;
            }
        }
        if let (Some(span), false) = (flatten, found.skip) {
            let what = if own == "table" { "columns" } else { "fields" };
            return Err(Error::new(
                span,
                format!(
                    "the {what} of a flattened field are not known here; add `#[{own}(skip)]` to it"
                ),
            ));
        }
        found.rename = found.rename.or(serde_name);
        Ok(found)
    }
}

/// `= "name"`, not empty.
fn name_of(meta: &ParseNestedMeta<'_>) -> Result<LitStr> {
    let name: LitStr = meta.value()?.parse()?;
    if name.value().is_empty() {
        return Err(Error::new(name.span(), "a name must not be empty"));
    }
    Ok(name)
}

/// The name that serde reads by: `= "x"`, or the `deserialize` of `(serialize = …, deserialize = …)`.
fn deserialize_side(meta: &ParseNestedMeta<'_>) -> Result<Option<LitStr>> {
    if meta.input.peek(Token![=]) {
        return Ok(Some(meta.value()?.parse()?));
    }
    let mut found = None;
    meta.parse_nested_meta(|side| {
        let text: LitStr = side.value()?.parse()?;
        if side.path.is_ident("deserialize") {
            found = Some(text);
        }
        Ok(())
    })?;
    Ok(found)
}

/// Steps over the value of an attribute that does not matter here.
fn skip_value(meta: &ParseNestedMeta<'_>) -> Result<()> {
    if meta.input.peek(Token![=]) {
        meta.value()?.parse::<syn::Expr>()?;
    } else if meta.input.peek(syn::token::Paren) {
        let inner;
        syn::parenthesized!(inner in meta.input);
        inner.parse::<proc_macro2::TokenStream>()?;
    }
    Ok(())
}
