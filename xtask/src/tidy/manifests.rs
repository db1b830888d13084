//! What each manifest must say, and what it must leave to the root.

use anyhow::{Context, Result};
use cargo_metadata::{DependencyKind, Package};
use toml_edit::{DocumentMut, Item};

use super::Finding;
use crate::project::{Project, is_published};

/// Settings that exist once, in the root manifest.
const INHERITED: &[&str] = &["version", "edition", "rust-version", "license"];

/// What a published crate needs beside them, to be found and read on a registry.
const FOR_READERS: &[&str] = &[
    "description",
    "authors",
    "homepage",
    "keywords",
    "categories",
    "readme",
    "metadata.docs.rs",
];

const DEPENDENCY_TABLES: &[&str] = &["dependencies", "dev-dependencies", "build-dependencies"];

pub(super) fn check(project: &Project) -> Result<Vec<Finding>> {
    let root: DocumentMut = project.read("Cargo.toml")?.parse().context("Cargo.toml")?;
    let mut findings = check_root(&root);
    for package in project.members() {
        let path = package
            .manifest_path
            .strip_prefix(&project.metadata.workspace_root)
            .context("a member lies outside the workspace")?;
        let manifest: DocumentMut = project
            .read(path)?
            .parse()
            .with_context(|| path.to_string())?;
        findings.extend(check_member(
            path.as_str(),
            &manifest,
            is_published(package),
        ));
        findings.extend(implicit_features(path.as_str(), &manifest, package));
    }
    Ok(findings)
}

fn check_root(root: &DocumentMut) -> Vec<Finding> {
    let mut findings = Vec::new();
    if text_at(root, "workspace.lints.rust.unsafe_code") != Some("forbid") {
        findings.push(Finding::new(
            "Cargo.toml",
            "workspace.lints.rust must forbid unsafe_code",
        ));
    }
    let dependencies = at(root, "workspace.dependencies").and_then(Item::as_table_like);
    for (name, dependency) in dependencies.into_iter().flat_map(|table| table.iter()) {
        let defaults = dependency.get("default-features").and_then(Item::as_bool);
        if defaults != Some(false) {
            findings.push(Finding::new(
                "Cargo.toml",
                format!("{name} needs `default-features = false`"),
            ));
        }
    }
    findings
}

fn check_member(path: &str, manifest: &DocumentMut, published: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    for key in INHERITED {
        if !is_true(manifest, &format!("package.{key}.workspace")) {
            findings.push(Finding::new(
                path,
                format!("write `{key}.workspace = true`"),
            ));
        }
    }
    if !is_true(manifest, "lints.workspace") {
        findings.push(Finding::new(path, "write `[lints] workspace = true`"));
    }
    for key in FOR_READERS.iter().filter(|_| published) {
        if at(manifest, &format!("package.{key}")).is_none() {
            findings.push(Finding::new(
                path,
                format!("a published crate needs `{key}`"),
            ));
        }
    }
    for table in DEPENDENCY_TABLES {
        let dependencies = at(manifest, table).and_then(Item::as_table_like);
        for (name, dependency) in dependencies.into_iter().flat_map(|table| table.iter()) {
            let inherited = dependency.get("workspace").and_then(Item::as_bool) == Some(true);
            if !inherited && dependency.get("path").is_none() {
                findings.push(Finding::new(
                    path,
                    format!("{name}: give its version in the root and write `workspace = true`"),
                ));
            }
        }
    }
    findings
}

/// An optional dependency that no feature names with `dep:` is a feature that nobody decided on.
fn implicit_features(path: &str, manifest: &DocumentMut, package: &Package) -> Vec<Finding> {
    package
        .dependencies
        .iter()
        .filter(|dependency| dependency.optional && dependency.kind != DependencyKind::Development)
        .map(|dependency| dependency.rename.as_deref().unwrap_or(&dependency.name))
        .filter(|&name| package.features.contains_key(name))
        .filter(|name| at(manifest, &format!("features.{name}")).is_none())
        .map(|name| Finding::new(path, format!("switch {name} on with `dep:{name}`")))
        .collect()
}

fn at<'a>(document: &'a DocumentMut, path: &str) -> Option<&'a Item> {
    path.split('.')
        .try_fold(document.as_item(), |item, key| item.get(key))
}

fn text_at<'a>(document: &'a DocumentMut, path: &str) -> Option<&'a str> {
    at(document, path)?.as_str()
}

fn is_true(document: &DocumentMut, path: &str) -> bool {
    at(document, path).and_then(Item::as_bool) == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(findings: Vec<Finding>) -> Vec<String> {
        findings.into_iter().map(|finding| finding.rule).collect()
    }

    #[test]
    fn the_root_forbids_unsafe_and_default_features() {
        let good = "[workspace.lints.rust]\nunsafe_code = 'forbid'\n[workspace.dependencies]\na = { version = '1', default-features = false }\n";
        assert_eq!(check_root(&good.parse().unwrap()), []);
        let bad =
            "[workspace.lints.rust]\nunsafe_code = 'deny'\n[workspace.dependencies]\na = '1'\n";
        assert_eq!(check_root(&bad.parse().unwrap()).len(), 2);
    }

    #[test]
    fn a_member_inherits() {
        let good = "[package]\nname = 'x'\nversion.workspace = true\nedition.workspace = true\nrust-version.workspace = true\nlicense.workspace = true\n[lints]\nworkspace = true\n[dependencies]\na.workspace = true\nb = { path = '../b' }\n";
        assert_eq!(check_member("x", &good.parse().unwrap(), false), []);
        assert_eq!(
            check_member("x", &good.parse().unwrap(), true).len(),
            FOR_READERS.len()
        );
        let bad = good
            .replace("a.workspace = true", "a = '1'")
            .replace("workspace = true\n[dep", "[dep");
        let rules = rules(check_member("x", &bad.parse().unwrap(), false));
        assert_eq!(rules.len(), 2, "{rules:?}");
    }
}
