//! The types of other crates in the public API of the SDK are those of an allow-list: each ties our next breaking
//! release to theirs.
//!
//! Reads signatures: public functions, fields, variants, aliases, traits, re-exports, and the implementations of
//! traits for public types. Names are followed through the `use` items of their module. What a macro makes is not seen.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::Package;
use proc_macro2::TokenTree;
use syn::{
    Attribute, Block, Fields, ImplItem, Item, ItemImpl, Path, Type, UseTree, Visibility,
    spanned::Spanned as _,
    visit::{self, Visit},
};

use super::{
    Finding,
    pending::{self, ByName},
    rust_source::{RustSource, flat, is_doc_hidden},
};

/// Whole crates, modules and single types that users may see.
const ALLOWED: &[&str] = &[
    "bytes",
    // An alias of a boxed future of the standard library; the type that users see is that one.
    "futures_core::future::BoxFuture",
    "futures_core::Stream",
    "http",
    "http_body",
    "secrecy",
    "serde",
    "serde_json::Map",
    "serde_json::Value",
    "tokio::fs::File",
    "tokio::io::AsyncRead",
    "tower::Layer",
    "tower::Service",
];

/// What comes with the compiler.
const STANDARD: &[&str] = &["alloc", "core", "proc_macro", "std"];

pub(super) fn check(members: &[&Package], sources: &[RustSource]) -> Vec<Finding> {
    let mut found = ByName::new();
    for package in members {
        let krate = package.name.as_str();
        let sources: Vec<_> = sources
            .iter()
            .filter(|source| source.krate == krate)
            .collect();
        let externals = package
            .dependencies
            .iter()
            .map(|edge| {
                edge.rename
                    .as_deref()
                    .unwrap_or(&edge.name)
                    .replace('-', "_")
            })
            // Our own crates have rules of their own.
            .filter(|name| name != "cloudbase" && !name.starts_with("cloudbase_"))
            .chain(STANDARD.iter().map(|&name| name.to_owned()))
            .collect();
        check_crate(&sources, &externals, &mut found);
    }
    pending::settle(found, pending::EXTERNAL_TYPES)
}

fn check_crate(sources: &[&RustSource], externals: &BTreeSet<String>, found: &mut ByName) {
    let public = public_names(sources);
    for source in sources {
        let mut signatures = Signatures {
            public: &public,
            externals,
            imports: BTreeMap::new(),
            used: Vec::new(),
        };
        signatures.module(&source.syntax.items);
        for (line, path) in signatures.used {
            if !is_allowed(&path) {
                let finding = Finding::at(
                    &source.path,
                    line,
                    format!("`{path}` must not be in the public API"),
                );
                found
                    .entry(format!("{}: {path}", source.krate))
                    .or_default()
                    .push(finding);
            }
        }
    }
}

fn is_allowed(path: &str) -> bool {
    STANDARD.iter().chain(ALLOWED).any(|allowed| {
        path.strip_prefix(allowed)
            .is_some_and(|below| below.is_empty() || below.starts_with("::"))
    })
}

/// The types and traits that a crate declares as public, those in the arguments of macros included.
fn public_names(sources: &[&RustSource]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for source in sources {
        let mut last = [const { String::new() }; 2];
        flat(source.tokens(), &mut |token| {
            let word = match token {
                TokenTree::Ident(word) => word.to_string(),
                _ => String::new(),
            };
            let declares = ["enum", "struct", "trait", "type"].contains(&last[1].as_str());
            if declares && last[0] == "pub" && !word.is_empty() {
                names.insert(word.clone());
            }
            last.swap(0, 1);
            last[1] = word;
        });
    }
    names
}

/// Collects the paths to other crates that public signatures name.
struct Signatures<'a> {
    public: &'a BTreeSet<String>,
    externals: &'a BTreeSet<String>,
    /// Names of the module by the path that a `use` item brings them in from.
    imports: BTreeMap<String, String>,
    used: Vec<(usize, String)>,
}

impl Signatures<'_> {
    fn module(&mut self, items: &[Item]) {
        let mut imports = BTreeMap::new();
        for item in items {
            if let Item::Use(item) = item {
                branches("", &item.tree, &mut |name, path| {
                    imports.insert(name, path);
                });
            }
        }
        let outer = std::mem::replace(&mut self.imports, imports);
        for item in items {
            self.item(item);
        }
        self.imports = outer;
    }

    fn item(&mut self, item: &Item) {
        match item {
            Item::Const(item) if is_public(&item.vis, &item.attrs) => self.visit_type(&item.ty),
            Item::Static(item) if is_public(&item.vis, &item.attrs) => self.visit_type(&item.ty),
            Item::Fn(item) if is_public(&item.vis, &item.attrs) => self.visit_signature(&item.sig),
            Item::Struct(item) if is_public(&item.vis, &item.attrs) => {
                self.visit_generics(&item.generics);
                self.fields(&item.fields, |field| is_public(&field.vis, &field.attrs));
            }
            Item::Enum(item) if is_public(&item.vis, &item.attrs) => {
                self.visit_generics(&item.generics);
                for variant in &item.variants {
                    self.fields(&variant.fields, |_| true);
                }
            }
            Item::Type(item) if is_public(&item.vis, &item.attrs) => {
                self.visit_generics(&item.generics);
                self.visit_type(&item.ty);
            }
            Item::Trait(item) if is_public(&item.vis, &item.attrs) => {
                self.visit_item_trait(item);
            }
            Item::Use(item) if is_public(&item.vis, &item.attrs) => {
                let line = item.span().start().line;
                let mut paths = Vec::new();
                branches("", &item.tree, &mut |_, path| paths.push(path));
                for path in paths {
                    self.path(line, &path);
                }
            }
            Item::Mod(item) if !is_doc_hidden(&item.attrs) => {
                if let Some((_, items)) = &item.content {
                    self.module(items);
                }
            }
            Item::Impl(item) => self.implementation(item),
            _ => {}
        }
    }

    fn fields(&mut self, fields: &Fields, is_seen: impl Fn(&syn::Field) -> bool) {
        for field in fields.iter().filter(|field| is_seen(field)) {
            self.visit_type(&field.ty);
        }
    }

    fn implementation(&mut self, item: &ItemImpl) {
        let is_ours = last_name(&item.self_ty).is_some_and(|name| self.public.contains(&name));
        let Some((_, implemented, _)) = &item.trait_ else {
            if is_ours {
                self.visit_generics(&item.generics);
                for member in &item.items {
                    match member {
                        ImplItem::Const(member) if is_public(&member.vis, &member.attrs) => {
                            self.visit_type(&member.ty);
                        }
                        ImplItem::Fn(member) if is_public(&member.vis, &member.attrs) => {
                            self.visit_signature(&member.sig);
                        }
                        _ => {}
                    }
                }
            }
            return;
        };
        // A trait of this crate shows the types that it is implemented for, another's those of ours.
        let first = implemented
            .segments
            .first()
            .map(|segment| segment.ident.to_string());
        let last = implemented
            .segments
            .last()
            .map(|segment| segment.ident.to_string());
        let is_foreign = first.as_ref().is_some_and(|name| {
            self.externals.contains(name)
                || self
                    .imports
                    .get(name)
                    .is_some_and(|path| self.is_external(path))
                || [
                    "From",
                    "Into",
                    "TryFrom",
                    "TryInto",
                    "AsRef",
                    "Extend",
                    "FromIterator",
                    "IntoIterator",
                    "Iterator",
                    "PartialEq",
                ]
                .contains(&name.as_str())
        });
        let is_public_trait = last.is_some_and(|name| self.public.contains(&name));
        if is_doc_hidden(&item.attrs) || !((is_ours && is_foreign) || is_public_trait) {
            return;
        }
        self.visit_generics(&item.generics);
        self.visit_path(implemented);
        self.visit_type(&item.self_ty);
        for member in &item.items {
            if let ImplItem::Type(member) = member {
                self.visit_type(&member.ty);
            }
        }
    }

    fn is_external(&self, path: &str) -> bool {
        let head = path.split("::").next().unwrap_or_default();
        self.externals.contains(head)
    }

    fn path(&mut self, line: usize, path: &str) {
        if self.is_external(path) {
            self.used.push((line, path.to_owned()));
        }
    }
}

impl<'ast> Visit<'ast> for Signatures<'_> {
    fn visit_path(&mut self, path: &'ast Path) {
        let mut names = path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string());
        let first = names.next().unwrap_or_default();
        let first = match self.imports.get(&first) {
            Some(import) if path.leading_colon.is_none() => import.clone(),
            _ => first,
        };
        let whole = std::iter::once(first)
            .chain(names)
            .collect::<Vec<_>>()
            .join("::");
        self.path(path.span().start().line, &whole);
        visit::visit_path(self, path);
    }

    fn visit_attribute(&mut self, _: &'ast Attribute) {}

    /// The body that a trait gives a method is not for users.
    fn visit_block(&mut self, _: &'ast Block) {}
}

/// Each name that a use tree brings in, with the whole path to it.
fn branches(prefix: &str, tree: &UseTree, add: &mut impl FnMut(String, String)) {
    let join = |name: &syn::Ident| {
        if prefix.is_empty() {
            name.to_string()
        } else if name == "self" {
            prefix.to_owned()
        } else {
            format!("{prefix}::{name}")
        }
    };
    match tree {
        UseTree::Path(path) => branches(&join(&path.ident), &path.tree, add),
        UseTree::Name(name) => {
            let whole = join(&name.ident);
            let own = whole.rsplit("::").next().unwrap_or(&whole).to_owned();
            add(own, whole);
        }
        UseTree::Rename(rename) => add(rename.rename.to_string(), join(&rename.ident)),
        UseTree::Group(group) => {
            for tree in &group.items {
                branches(prefix, tree, add);
            }
        }
        UseTree::Glob(_) => add("*".to_owned(), prefix.to_owned()),
    }
}

fn is_public(visibility: &Visibility, attributes: &[Attribute]) -> bool {
    matches!(visibility, Visibility::Public(_)) && !is_doc_hidden(attributes)
}

/// The name of a type without its path, arguments and references.
fn last_name(of: &Type) -> Option<String> {
    match of {
        Type::Path(of) => Some(of.path.segments.last()?.ident.to_string()),
        Type::Reference(of) => last_name(&of.elem),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
