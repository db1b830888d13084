//! No type of the HTTP and TLS libraries below us in the public API of the SDK.
//!
//! Works on the text: a `pub` item up to its body, or the head of a conversion, must not name such a crate or
//! anything that the file imports from one.

use std::{collections::BTreeSet, path::Path};

use super::Finding;

const HIDDEN: &[&str] = &[
    "hyper",
    "hyper_rustls",
    "hyper_util",
    "reqwest",
    "rustls",
    "tokio_rustls",
];

pub(super) fn check(path: &Path, text: &str) -> Vec<Finding> {
    if !is_sdk_source(path) {
        return Vec::new();
    }
    let imported = imports(text);
    signatures(text)
        .into_iter()
        .filter(|(_, signature)| is_public(signature))
        .filter_map(|(line, signature)| {
            let name = words(&signature)
                .find(|word| names_hidden_crate(word) || imported.contains(*word))?
                .to_owned();
            Some(Finding::at(
                path,
                line,
                format!("`{name}` must not be in the public API"),
            ))
        })
        .collect()
}

fn is_sdk_source(path: &Path) -> bool {
    let mut parts = path.iter().filter_map(|part| part.to_str());
    parts.next() == Some("crates")
        && parts.next().is_some_and(|name| {
            !["cloudbase-emulator", "cloudbase-bench", "cloudbase-hello"].contains(&name)
        })
        && parts.next() == Some("src")
        && path.extension().is_some_and(|extension| extension == "rs")
}

fn is_public(signature: &str) -> bool {
    signature.starts_with("pub ") || (signature.starts_with("impl") && signature.contains("From<"))
}

fn names_hidden_crate(word: &str) -> bool {
    word.split_once("::")
        .is_some_and(|(head, _)| HIDDEN.contains(&head))
}

/// Paths such as `a::b::C` and plain names.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'))
        .map(|word| word.trim_matches(':'))
        .filter(|word| !word.is_empty())
}

/// The names that private `use` items bring in from a hidden crate.
fn imports(text: &str) -> BTreeSet<String> {
    signatures(text)
        .into_iter()
        .filter_map(|(_, signature)| {
            let tree = signature
                .strip_prefix("use ")?
                .trim_end_matches(';')
                .to_owned();
            let head = tree
                .trim_start_matches("::")
                .split("::")
                .next()?
                .trim()
                .to_owned();
            HIDDEN.contains(&head.as_str()).then_some(tree)
        })
        .flat_map(|tree| leaves(&tree))
        .filter(|leaf| leaf.starts_with(char::is_uppercase))
        .collect()
}

/// The last name, or the alias, of each branch of a use tree.
fn leaves(tree: &str) -> Vec<String> {
    tree.split(['{', '}', ','])
        .filter_map(|branch| {
            let branch = branch.split(" as ").last()?.trim();
            let leaf = branch.rsplit("::").next()?.trim();
            (!leaf.is_empty()).then(|| leaf.to_owned())
        })
        .collect()
}

/// Items that begin on a line with `pub`, `use` or `impl`, joined up to their body or end, with the line they begin on.
fn signatures(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        // Tests are the last thing in a file, and private.
        if line == "#[cfg(test)]" && open.is_none() {
            break;
        }
        match &mut open {
            Some((_, signature)) => {
                signature.push(' ');
                signature.push_str(line);
            }
            None if ["pub ", "use ", "impl ", "impl<"]
                .iter()
                .any(|head| line.starts_with(head)) =>
            {
                open = Some((index + 1, line.to_owned()));
            }
            None => continue,
        }
        let Some((start, signature)) = &open else {
            continue;
        };
        if let Some(end) = end_of(signature) {
            found.push((*start, signature[..end].to_owned()));
            open = None;
        }
    }
    found
}

/// Where a signature ends: at the brace of its body, at the semicolon, or, for a field, at the comma.
/// A use tree has braces of its own and ends at the semicolon.
fn end_of(signature: &str) -> Option<usize> {
    let item = signature.trim_start_matches("pub ");
    if item.starts_with("use ") {
        return signature.find(';');
    }
    const ITEMS: &[&str] = &[
        "async ", "const ", "enum ", "extern ", "fn ", "impl ", "impl<", "mod ", "static ",
        "struct ", "trait ", "type ", "union ", "unsafe ",
    ];
    if ITEMS.iter().any(|head| item.starts_with(head)) {
        return signature.find(['{', ';']);
    }
    signature.find(',').or(Some(signature.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(text: &str) -> Vec<String> {
        check(Path::new("crates/cloudbase-core/src/a.rs"), text)
            .into_iter()
            .map(|finding| finding.to_string())
            .collect()
    }

    #[test]
    fn full_paths_and_imports_are_found() {
        assert_eq!(
            findings("pub fn a(\n    b: u8,\n) -> hyper::Error {\n").len(),
            1
        );
        assert_eq!(
            findings("use rustls::{ClientConfig as Tls, RootCertStore};\n\npub fn a(b: Tls) {}\n")
                .len(),
            1
        );
        assert_eq!(
            findings("pub use hyper_util::rt::TokioExecutor;\n").len(),
            1
        );
        assert_eq!(
            findings("pub struct A {\n    pub inner: reqwest::Client,\n}\n").len(),
            1
        );
        assert_eq!(
            findings("impl From<hyper::Error> for Error {\n}\n").len(),
            1
        );
    }

    #[test]
    fn private_use_is_free() {
        let text = "use hyper_util::client::legacy::Client;\n\npub(crate) fn a(b: Client) {}\n\
                    struct A {\n    inner: Client,\n}\nimpl A {\n    fn b() -> hyper::Error {}\n}\n";
        assert_eq!(findings(text), [""; 0]);
    }

    #[test]
    fn a_body_is_not_part_of_a_signature() {
        assert_eq!(findings("pub fn a() {\n    hyper::b();\n}\n"), [""; 0]);
        assert_eq!(findings("pub fn a() -> Hyper { }\npub mod tls;\n"), [""; 0]);
    }

    #[test]
    fn only_the_sdk_is_bound() {
        let text = "pub fn a() -> hyper::Error {\n";
        for path in [
            "crates/cloudbase-emulator/src/a.rs",
            "xtask/src/a.rs",
            "crates/cloudbase/examples/a.rs",
        ] {
            assert_eq!(check(Path::new(path), text), []);
        }
    }
}
