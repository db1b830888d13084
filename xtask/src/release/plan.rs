//! What a release would be. Changes nothing.

use std::collections::BTreeSet;

use anyhow::Result;
use cargo_metadata::{DependencyKind, Package};
use xshell::cmd;

use super::{changelog, current_version, tag, version};
use crate::project::Project;

pub(super) fn run(project: &Project) -> Result<()> {
    let sh = &project.sh;
    let current = current_version(project)?;
    let tag = tag(&current);
    let is_released = cmd!(sh, "git rev-parse --quiet --verify refs/tags/{tag}")
        .quiet()
        .ignore_stderr()
        .ignore_stdout()
        .run()
        .is_ok();
    let range = if is_released {
        format!("{tag}..HEAD")
    } else {
        "HEAD".to_owned()
    };
    let commits = cmd!(sh, "git rev-list --count {range}").quiet().read()?;
    println!(
        "version in the manifests: {current}{}",
        if is_released { "" } else { " (not tagged)" }
    );
    println!("commits since: {commits}");

    let changes = project.read("CHANGELOG.md")?;
    let entries = changelog::unreleased(&changes)?;
    match changelog::bump(entries, &current) {
        None => println!("nothing is unreleased by the changelog"),
        Some(_) if !is_released => println!("proposed: {current}, the first of its tag"),
        Some(bump) => println!("proposed: {bump}, to {}", version::next(&current, bump)?),
    }
    println!("\n{entries}\n\npublish order:");
    for package in publish_order(&project.published()) {
        println!("  {}", package.name);
    }
    Ok(())
}

/// Dependencies before those that need them. Edges for tests do not count: they vanish when a crate is packaged.
pub(super) fn publish_order<'a>(packages: &[&'a Package]) -> Vec<&'a Package> {
    let mut rest = packages.to_vec();
    let mut ordered: Vec<&Package> = Vec::new();
    while !rest.is_empty() {
        let waiting: BTreeSet<_> = rest.iter().map(|package| package.name.clone()).collect();
        let (ready, blocked): (Vec<_>, Vec<_>) = rest.into_iter().partition(|package| {
            package
                .dependencies
                .iter()
                .filter(|edge| edge.kind != DependencyKind::Development)
                .all(|edge| !waiting.iter().any(|name| name.as_str() == edge.name))
        });
        if ready.is_empty() {
            // A cycle, which cargo rejects by itself and with a better message.
            ordered.extend(blocked);
            break;
        }
        ordered.extend(ready);
        rest = blocked;
    }
    ordered
}
