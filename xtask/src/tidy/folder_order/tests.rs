//! Which uses against the order are found.

use std::path::Path;

use super::*;

const ROWS: &[Row] = &[
    row("value", &["text"]),
    row("error", &[]),
    row("client", &[]),
];

/// The findings of a small crate, those that a list may excuse first.
fn findings(files: &[(&str, &str)]) -> Vec<String> {
    let sources: Vec<_> = files
        .iter()
        .map(|(name, text)| {
            let path = format!("crates/cloudbase-core/src/{name}");
            RustSource::parse(Path::new(&path), text).unwrap().unwrap()
        })
        .collect();
    let mut found = ByName::new();
    let others = check_crate(
        "core",
        ROWS,
        &sources.iter().collect::<Vec<_>>(),
        &mut found,
    );
    let excusable = found.into_iter().flat_map(|(name, findings)| {
        findings
            .into_iter()
            .map(move |finding| format!("{name} {finding}"))
    });
    excusable
        .chain(others.iter().map(ToString::to_string))
        .collect()
}

/// The pairs that a file breaks in a crate with a folder for each row.
fn pairs(name: &str, text: &str) -> Vec<String> {
    let mut files = vec![
        (
            "lib.rs",
            "pub use crate::client::{Client, part::Part as Piece}; pub use http;",
        ),
        ("value.rs", ""),
        ("text.rs", ""),
        ("error.rs", ""),
        (
            "client.rs",
            "#[macro_export] macro_rules! request { () => {}; }",
        ),
    ];
    files.retain(|(other, _)| *other != name);
    files.push((name, text));
    findings(&files)
        .iter()
        .map(|finding| finding.split(" crates/").next().unwrap().to_owned())
        .collect()
}

#[test]
fn a_folder_uses_only_what_stands_above_it() {
    assert_eq!(
        pairs(
            "client.rs",
            "use crate::{error::Error, value}; use crate::text::a;"
        ),
        [""; 0]
    );
    assert_eq!(
        pairs("error.rs", "use crate::client::Client;"),
        ["core: error -> client"]
    );
    assert_eq!(
        pairs("value.rs", "use crate::{client::{a, error}, error::E};"),
        ["core: value -> client", "core: value -> error"]
    );
}

#[test]
fn a_file_deep_in_a_folder_belongs_to_it() {
    for text in [
        "fn a() -> crate::client::Client {}",
        "use super::super::client::Client;",
        "use super::super::{client::Client};",
        "mod b { use super::super::super::client::Client; }",
    ] {
        assert_eq!(
            pairs("error/code.rs", text),
            ["core: error -> client"],
            "{text}"
        );
    }
    assert_eq!(
        pairs("error/code.rs", "use super::client::Client;"),
        [""; 0]
    );
}

#[test]
fn names_of_the_root_are_followed_to_their_folder() {
    for text in [
        "use crate::Client;",
        "use crate::{Piece, http};",
        "fn a() { b!(crate::Client::new()) }",
        "crate::request!();",
    ] {
        assert_eq!(pairs("error.rs", text), ["core: error -> client"], "{text}");
    }
    assert_eq!(
        pairs("error.rs", "use crate::http::Uri; pub(crate) fn a() {}"),
        [""; 0]
    );
}

#[test]
fn tests_and_docs_are_free() {
    let text = "//! See [`crate::client`].\n#[cfg(test)] mod tests { use crate::client::Client; }";
    assert_eq!(pairs("error.rs", text), [""; 0]);
}

#[test]
fn rows_and_folders_are_the_same() {
    let found = findings(&[("error.rs", ""), ("other/a.rs", "")]);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found[0].starts_with("core: other: give it a row"),
        "{found:?}"
    );
    assert!(found[1].starts_with("core: text: has moved"), "{found:?}");
}
