//! The folders of core and auth stand in a strict order: each may use those above it, none below.
//!
//! A folder is what lies directly below `src`: `error.rs` and everything in `error/`. Paths that begin with `crate` or
//! climb up to it with `super` are judged, in code, in `use` items and in the arguments of macros; tests are free.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};
use syn::{Item, UseTree};

use super::{
    Finding,
    pending::{self, ByName},
    rust_source::RustSource,
};

/// A row of the order. `moving` are folders that are going to be part of it and stand beside it until then.
pub(super) struct Row {
    folder: &'static str,
    moving: &'static [&'static str],
}

const fn row(folder: &'static str, moving: &'static [&'static str]) -> Row {
    Row { folder, moving }
}

/// The rows of each crate, the one that all others may use first.
const ORDERS: &[(&str, &[Row])] = &[
    (
        "cloudbase-core",
        &[
            row("value", &[]),
            row("error", &[]),
            row("body", &[]),
            row("config", &[]),
            row("operation", &[]),
            row("response", &[]),
            row("credential", &[]),
            row("transport", &[]),
            row("layer", &[]),
            row("client", &[]),
            row("testing", &[]),
        ],
    ),
    (
        "cloudbase-auth",
        &[
            row("value", &[]),
            row("token", &[]),
            row("store", &[]),
            row("args", &[]),
            row("api", &[]),
            row("captcha", &[]),
            row("events", &[]),
            row("flows", &[]),
            row("server", &[]),
            row("auth", &[]),
        ],
    ),
];

pub(super) fn check(sources: &[RustSource]) -> Vec<Finding> {
    let mut found = ByName::new();
    let mut findings = Vec::new();
    for (krate, rows) in ORDERS {
        let sources: Vec<_> = sources
            .iter()
            .filter(|source| source.krate == *krate)
            .collect();
        findings.extend(check_crate(krate, rows, &sources, &mut found));
    }
    findings.extend(pending::settle(found, pending::FOLDER_ORDER));
    findings
}

/// Adds what a list may excuse to `found`; returns the rest.
fn check_crate(
    krate: &str,
    rows: &[Row],
    sources: &[&RustSource],
    found: &mut ByName,
) -> Vec<Finding> {
    let folders: BTreeSet<&str> = sources
        .iter()
        .filter_map(|source| source.module.first().map(String::as_str))
        .collect();
    let place_of = |folder: &str| {
        rows.iter()
            .position(|row| row.folder == folder || row.moving.contains(&folder))
    };
    let mut findings: Vec<_> = folders
        .iter()
        .filter(|folder| place_of(folder).is_none())
        .map(|folder| {
            Finding::new(
                format!("{krate}: {folder}"),
                "give it a row in xtask's order of folders",
            )
        })
        .collect();
    findings.extend(
        rows.iter()
            .flat_map(|row| row.moving)
            .filter(|folder| !folders.contains(*folder))
            .map(|folder| {
                Finding::new(
                    format!("{krate}: {folder}"),
                    "has moved: take it off its row in xtask's order of folders",
                )
            }),
    );

    let root = Root::read(&folders, sources);
    for source in sources {
        let Some(from) = source.module.first() else {
            continue;
        };
        for (line, name) in names_at_root(source) {
            let Some(to) = root.folder_of(&name) else {
                continue;
            };
            let (Some(user), Some(used)) = (place_of(from), place_of(to)) else {
                continue;
            };
            if user < used {
                found
                    .entry(format!("{krate}: {from} -> {to}"))
                    .or_default()
                    .push(Finding::at(
                        &source.path,
                        line,
                        format!("`{from}` must not use `{to}`, which stands below it"),
                    ));
            }
        }
    }
    findings
}

/// What the names in the root of a crate stand for.
struct Root<'a> {
    folders: &'a BTreeSet<&'a str>,
    /// Names that `lib.rs` brings in from a folder, and exported macros.
    names: BTreeMap<String, String>,
}

impl<'a> Root<'a> {
    fn read(folders: &'a BTreeSet<&'a str>, sources: &[&RustSource]) -> Self {
        let mut names = BTreeMap::new();
        for source in sources {
            match source.module.first() {
                None => reexports(&source.syntax.items, &mut names),
                Some(folder) => {
                    for item in &source.syntax.items {
                        if let Item::Macro(item) = item
                            && let Some(name) = &item.ident
                        {
                            names.insert(name.to_string(), folder.clone());
                        }
                    }
                }
            }
        }
        Self { folders, names }
    }

    /// `None` for what another crate provides.
    fn folder_of<'b>(&'b self, name: &'b str) -> Option<&'b str> {
        if self.folders.contains(name) {
            return Some(name);
        }
        self.names.get(name).map(String::as_str)
    }
}

/// The names that `use crate::folder::…` items bring in, those of modules in `lib.rs` included: one of them is named by
/// its own last name.
fn reexports(items: &[Item], names: &mut BTreeMap<String, String>) {
    for item in items {
        match item {
            Item::Use(item) => {
                if let UseTree::Path(path) = &item.tree
                    && ["crate", "self"].iter().any(|head| path.ident == head)
                    && let UseTree::Path(folder) = &*path.tree
                {
                    leaves(&folder.tree, &mut |leaf| {
                        names.insert(leaf, folder.ident.to_string());
                    });
                }
            }
            Item::Mod(item) => {
                if let Some((_, items)) = &item.content {
                    reexports(items, names);
                }
            }
            _ => {}
        }
    }
}

fn leaves(tree: &UseTree, add: &mut impl FnMut(String)) {
    match tree {
        UseTree::Path(path) => leaves(&path.tree, add),
        UseTree::Name(name) => add(name.ident.to_string()),
        UseTree::Rename(rename) => add(rename.rename.to_string()),
        UseTree::Group(group) => group.items.iter().for_each(|tree| leaves(tree, add)),
        UseTree::Glob(_) => {}
    }
}

/// Each name that the file looks up in the root of its crate, with its line.
fn names_at_root(source: &RustSource) -> Vec<(usize, String)> {
    let mut names = Vec::new();
    scan(source.tokens(), source.module.len(), &mut names);
    names
}

/// `depth`: how many `super` lead to the root.
fn scan(tokens: TokenStream, depth: usize, names: &mut Vec<(usize, String)>) {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        match &tokens[at] {
            TokenTree::Ident(word) if word == "mod" => {
                if let Some(TokenTree::Group(body)) = tokens.get(at + 2) {
                    scan(body.stream(), depth + 1, names);
                    at += 3;
                    continue;
                }
            }
            TokenTree::Ident(word) if word == "crate" => at = heads(&tokens, at + 1, names),
            TokenTree::Ident(word) if word == "super" => {
                let mut climbed = 1;
                while let Some(TokenTree::Ident(next)) = after_colons(&tokens, at + 1)
                    && next == "super"
                {
                    climbed += 1;
                    at += 3;
                }
                if climbed == depth {
                    at = heads(&tokens, at + 1, names);
                }
            }
            TokenTree::Group(group) => scan(group.stream(), depth, names),
            _ => {}
        }
        at += 1;
    }
}

/// Adds what follows the `::` at `at`: a name, or the first names of the branches of a use tree. Returns the place of
/// the last token that has been read.
fn heads(tokens: &[TokenTree], at: usize, names: &mut Vec<(usize, String)>) -> usize {
    match after_colons(tokens, at) {
        Some(TokenTree::Ident(name)) => names.push(named(name)),
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
            let mut is_first = true;
            for token in group.stream() {
                match token {
                    TokenTree::Ident(name) if is_first => {
                        names.push(named(&name));
                        is_first = false;
                    }
                    TokenTree::Punct(mark) if mark.as_char() == ',' => is_first = true,
                    _ => {}
                }
            }
        }
        _ => return at - 1,
    }
    at + 2
}

fn named(name: &Ident) -> (usize, String) {
    (name.span().start().line, name.to_string())
}

fn after_colons(tokens: &[TokenTree], at: usize) -> Option<&TokenTree> {
    let is_colon = |token: Option<&TokenTree>| matches!(token, Some(TokenTree::Punct(mark)) if mark.as_char() == ':');
    (is_colon(tokens.get(at)) && is_colon(tokens.get(at + 1))).then(|| tokens.get(at + 2))?
}

#[cfg(test)]
mod tests;
