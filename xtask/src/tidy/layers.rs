//! Who may depend on whom inside the workspace.

use std::collections::BTreeSet;

use cargo_metadata::{Dependency, DependencyKind, Package};

use super::Finding;
use crate::project::is_published;

pub(crate) const UMBRELLA: &str = "cloudbase";
pub(crate) const EMULATOR: &str = "cloudbase-emulator";

/// Each crate of ours with the crates of ours that it may use, whether built in or at build time.
/// Edges for tests and examples are free.
const LAYERS: &[(&str, &[&str])] = &[
    ("cloudbase-core", &[]),
    ("cloudbase-derive", &[]),
    ("cloudbase-auth", &["cloudbase-core"]),
    ("cloudbase-data", &["cloudbase-core", "cloudbase-derive"]),
    ("cloudbase-functions", &["cloudbase-core"]),
    ("cloudbase-storage", &["cloudbase-core"]),
    (
        UMBRELLA,
        &[
            "cloudbase-auth",
            "cloudbase-core",
            "cloudbase-data",
            "cloudbase-derive",
            "cloudbase-functions",
            "cloudbase-storage",
        ],
    ),
    (EMULATOR, &[]),
    ("xtask", &[]),
];

/// Members that only exist to exercise the others.
const FREE: &[&str] = &["cloudbase-bench", "cloudbase-hello", "cloudbase-tests"];

pub(super) fn check(members: &[&Package]) -> Vec<Finding> {
    let ours: BTreeSet<&str> = members
        .iter()
        .map(|package| package.name.as_str())
        .collect();
    members
        .iter()
        .flat_map(|package| check_package(package, &ours))
        .collect()
}

fn check_package(package: &Package, ours: &BTreeSet<&str>) -> Vec<Finding> {
    let name = package.name.as_str();
    let edges = || {
        package
            .dependencies
            .iter()
            .filter(|edge| ours.contains(edge.name.as_str()))
    };
    let mut findings: Vec<_> = edges()
        .filter_map(|edge| check_version(name, edge))
        .collect();

    if FREE.contains(&name) {
        if is_published(package) {
            findings.push(Finding::new(
                name,
                "is not for users: write `publish = false`",
            ));
        }
        return findings;
    }
    let Some((_, allowed)) = LAYERS.iter().find(|(layer, _)| *layer == name) else {
        findings.push(Finding::new(
            name,
            "is a new crate: give it a place in xtask's layers",
        ));
        return findings;
    };
    if name == "xtask" && is_published(package) {
        findings.push(Finding::new(
            name,
            "is not for users: write `publish = false`",
        ));
    }
    findings.extend(
        edges()
            .filter(|edge| edge.kind != DependencyKind::Development)
            .filter(|edge| !allowed.contains(&edge.name.as_str()))
            .map(|edge| Finding::new(name, format!("must not depend on {}", edge.name))),
    );
    findings
}

/// Siblings share hidden items, so their versions are pinned; an edge for tests has no version,
/// so that it vanishes when the crate is packaged and may form a cycle.
fn check_version(name: &str, edge: &Dependency) -> Option<Finding> {
    // What is never packaged may write its edges as it likes.
    if FREE.contains(&name) {
        return None;
    }
    let requirement = edge.req.to_string();
    let rule = match edge.kind {
        DependencyKind::Development if requirement != "*" => "write it with a path and no version",
        DependencyKind::Development => return None,
        _ if !requirement.starts_with('=') => "pin its version exactly",
        _ => return None,
    };
    Some(Finding::new(format!("{name} -> {}", edge.name), rule))
}

#[cfg(test)]
mod tests {
    use cargo_metadata::{Metadata, MetadataCommand};

    use super::*;

    /// Dependency, requirement, kind as JSON.
    type Edge = (&'static str, &'static str, &'static str);

    /// Name, whether it is published, edges.
    type Member = (&'static str, bool, &'static [Edge]);

    /// A workspace as cargo would describe it.
    fn workspace(packages: &[Member]) -> Metadata {
        let packages: Vec<_> = packages
            .iter()
            .map(|(name, published, dependencies)| {
                let dependencies: Vec<_> = dependencies
                    .iter()
                    .map(|(name, req, kind)| {
                        format!(
                            r#"{{"name":"{name}","source":null,"req":"{req}","kind":{kind},"rename":null,"optional":false,
                            "uses_default_features":true,"features":[],"target":null,"registry":null}}"#
                        )
                    })
                    .collect();
                format!(
                    r#"{{"name":"{name}","version":"0.1.0","id":"{name}","source":null,"dependencies":[{}],"targets":[],
                    "features":{{}},"manifest_path":"/x/Cargo.toml","publish":{},"metadata":null,"edition":"2024","authors":[],
                    "categories":[],"keywords":[]}}"#,
                    dependencies.join(","),
                    if *published { "null" } else { "[]" }
                )
            })
            .collect();
        let json = format!(
            r#"{{"packages":[{}],"workspace_members":[],"resolve":null,"workspace_root":"/x","target_directory":"/x/target","version":1}}"#,
            packages.join(",")
        );
        MetadataCommand::parse(json).unwrap()
    }

    fn findings(packages: &[Member]) -> Vec<String> {
        let metadata = workspace(packages);
        let members: Vec<_> = metadata.packages.iter().collect();
        check(&members).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_intended_edges_pass() {
        let none = findings(&[
            (
                "cloudbase-core",
                true,
                &[("cloudbase-emulator", "*", r#""dev""#)],
            ),
            (
                "cloudbase-auth",
                true,
                &[("cloudbase-core", "=0.1.0", "null")],
            ),
            ("cloudbase-emulator", true, &[]),
            (
                "cloudbase-tests",
                false,
                &[("cloudbase-auth", "=0.1.0", "null")],
            ),
        ]);
        assert_eq!(none, [""; 0]);
    }

    #[test]
    fn a_product_must_not_use_another() {
        let found = findings(&[
            (
                "cloudbase-auth",
                true,
                &[("cloudbase-storage", "=0.1.0", "null")],
            ),
            ("cloudbase-storage", true, &[]),
        ]);
        assert_eq!(
            found,
            ["cloudbase-auth: must not depend on cloudbase-storage"]
        );
    }

    #[test]
    fn the_emulator_and_the_sdk_share_nothing() {
        let found = findings(&[
            (
                "cloudbase",
                true,
                &[("cloudbase-emulator", "=0.1.0", "null")],
            ),
            (
                "cloudbase-emulator",
                true,
                &[("cloudbase-core", "=0.1.0", r#""build""#)],
            ),
            ("cloudbase-core", true, &[]),
        ]);
        assert_eq!(found.len(), 2, "{found:?}");
    }

    #[test]
    fn versions_are_exact_and_absent_for_tests() {
        let found = findings(&[
            (
                "cloudbase-auth",
                true,
                &[("cloudbase-core", "^0.1.0", "null")],
            ),
            (
                "cloudbase-core",
                true,
                &[("cloudbase-auth", "=0.1.0", r#""dev""#)],
            ),
        ]);
        assert_eq!(found.len(), 2, "{found:?}");
    }

    #[test]
    fn a_new_or_wrongly_published_crate_is_noticed() {
        let found = findings(&[("cloudbase-new", true, &[]), ("xtask", true, &[])]);
        assert_eq!(found.len(), 2, "{found:?}");
    }
}
