//! The sources of the crates, parsed once for the rules that need Rust's grammar.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens as _;
use syn::{
    Attribute, File, ImplItem, Item, Meta,
    visit_mut::{self, VisitMut},
};

use crate::project::Project;

/// The published crates that make up the SDK, which the emulator is no part of.
pub(super) const SDK: &[&str] = &[
    "cloudbase",
    "cloudbase-auth",
    "cloudbase-core",
    "cloudbase-data",
    "cloudbase-derive",
    "cloudbase-functions",
    "cloudbase-storage",
];

/// The emulator's crate, which shares the SDK's words and no more.
pub(super) const EMULATOR: &str = "cloudbase-emulator";

/// One file below `src` of a crate, without the code that only tests compile.
pub(super) struct RustSource {
    /// Relative to the root of the workspace.
    pub(super) path: PathBuf,
    pub(super) krate: String,
    /// The file's module, outermost first; empty for `lib.rs`.
    pub(super) module: Vec<String>,
    pub(super) syntax: File,
}

impl RustSource {
    /// `None` if the file is no source of a crate, or one of its tests.
    pub(super) fn parse(path: &Path, text: &str) -> Result<Option<Self>> {
        let Some((krate, inside)) = source(path) else {
            return Ok(None);
        };
        if is_test(inside) {
            return Ok(None);
        }
        let mut syntax = syn::parse_file(text)
            .with_context(|| format!("{} is not Rust that can be parsed", path.display()))?;
        WithoutTests.visit_file_mut(&mut syntax);
        let mut module: Vec<_> = inside
            .with_extension("")
            .iter()
            .map(|part| part.to_string_lossy().into_owned())
            .collect();
        if module == ["lib"] {
            module.clear();
        }
        Ok(Some(Self {
            path: path.to_owned(),
            krate: krate.to_owned(),
            module,
            syntax,
        }))
    }

    pub(super) fn tokens(&self) -> TokenStream {
        self.syntax.to_token_stream()
    }
}

/// Parses each source of these crates among `files`.
pub(super) fn read(
    project: &Project,
    files: &[PathBuf],
    crates: &[&str],
) -> Result<Vec<RustSource>> {
    let mut sources = Vec::new();
    let is_theirs = |path: &Path| source(path).is_some_and(|(krate, _)| crates.contains(&krate));
    for path in files.iter().filter(|path| is_theirs(path)) {
        sources.extend(RustSource::parse(path, &project.read(path)?)?);
    }
    Ok(sources)
}

/// The crate of a file below `src` of an SDK crate, and its path from there.
pub(super) fn sdk_source(path: &Path) -> Option<(&str, &Path)> {
    source(path).filter(|(krate, _)| SDK.contains(krate))
}

/// The crate of a file below `src` of a crate, and its path from there.
fn source(path: &Path) -> Option<(&str, &Path)> {
    let mut parts = path.components();
    let is_crate = parts.next()?.as_os_str() == "crates";
    let krate = parts.next()?.as_os_str().to_str()?;
    let is_source = parts.next()?.as_os_str() == "src";
    let is_rust = path.extension()? == "rs";
    (is_crate && is_source && is_rust).then_some((krate, parts.as_path()))
}

/// Whether a file holds nothing but tests, by its name or by a folder's.
pub(super) fn is_test(path: &Path) -> bool {
    path.with_extension("")
        .iter()
        .filter_map(|part| part.to_str())
        .any(|part| part == "tests" || part.ends_with("_tests"))
}

/// The tokens of a stream and of every group in it, in the order of the text.
pub(super) fn flat(tokens: TokenStream, visit: &mut impl FnMut(&TokenTree)) {
    for token in tokens {
        visit(&token);
        if let TokenTree::Group(group) = token {
            flat(group.stream(), visit);
        }
    }
}

pub(super) fn is_doc_hidden(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("doc")
            && matches!(&attribute.meta, Meta::List(list) if list.tokens.to_string() == "hidden")
    })
}

struct WithoutTests;

impl VisitMut for WithoutTests {
    fn visit_file_mut(&mut self, file: &mut File) {
        file.items
            .retain(|item| !is_cfg_test(item_attributes(item)));
        visit_mut::visit_file_mut(self, file);
    }

    fn visit_item_mod_mut(&mut self, module: &mut syn::ItemMod) {
        if let Some((_, items)) = &mut module.content {
            items.retain(|item| !is_cfg_test(item_attributes(item)));
        }
        visit_mut::visit_item_mod_mut(self, module);
    }

    fn visit_item_impl_mut(&mut self, block: &mut syn::ItemImpl) {
        block.items.retain(|item| {
            !is_cfg_test(match item {
                ImplItem::Const(item) => &item.attrs,
                ImplItem::Fn(item) => &item.attrs,
                ImplItem::Type(item) => &item.attrs,
                _ => &[],
            })
        });
    }
}

fn is_cfg_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && matches!(&attribute.meta, Meta::List(list) if list.tokens.to_string() == "test")
    })
}

fn item_attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(path: &str, text: &str) -> Option<RustSource> {
        RustSource::parse(Path::new(path), text).unwrap()
    }

    #[test]
    fn a_source_knows_its_crate_and_module() {
        let source = parse("crates/cloudbase-core/src/error/code.rs", "").unwrap();
        assert_eq!(source.krate, "cloudbase-core");
        assert_eq!(source.module, ["error", "code"]);
        let root = parse("crates/cloudbase-core/src/lib.rs", "").unwrap();
        assert_eq!(root.module, [""; 0]);
    }

    #[test]
    fn tests_and_examples_are_no_sources() {
        for path in [
            "crates/cloudbase-core/src/client/tests/retry.rs",
            "crates/cloudbase-core/src/error/tests.rs",
            "crates/cloudbase-auth/src/session/clock_tests.rs",
            "crates/cloudbase-core/tests/a.rs",
            "crates/cloudbase/examples/a.rs",
            "crates/cloudbase-core/src/a.md",
            "xtask/src/a.rs",
        ] {
            assert!(parse(path, "fn a() {}").is_none(), "{path}");
        }
    }

    #[test]
    fn the_emulator_is_no_source_of_the_sdk() {
        assert!(sdk_source(Path::new("crates/cloudbase-core/src/a.rs")).is_some());
        assert!(sdk_source(Path::new("crates/cloudbase-emulator/src/a.rs")).is_none());
    }

    #[test]
    fn code_for_tests_is_left_out() {
        let text = "fn a() {} #[cfg(test)] mod tests { fn b() {} } mod c { #[cfg(test)] use d::D; }\n\
                    impl E { #[cfg(test)] fn f(&self) {} } #[cfg(any(test, feature = \"g\"))] mod g {}";
        let source = parse("crates/cloudbase-core/src/a.rs", text).unwrap();
        assert_eq!(
            source.tokens().to_string(),
            "fn a () { } mod c { } impl E { } # [cfg (any (test , feature = \"g\"))] mod g { }"
        );
    }
}
