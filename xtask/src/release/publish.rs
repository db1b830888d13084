//! Publishes what is not published yet. Running it again continues a run that stopped half-way.

use anyhow::{Context, Result, bail};
use xshell::cmd;

use super::{changelog, check, current_version, plan::publish_order, tag};
use crate::project::Project;

pub(super) fn run(project: &Project, execute: bool) -> Result<()> {
    ensure_has_repository(project)?;
    check::run(project)?;
    let sh = &project.sh;
    let version = current_version(project)?;
    let changes = project.read("CHANGELOG.md")?;
    let notes = changelog::of_version(&changes, &version)
        .context("a release starts with: cargo xtask release prepare")?;

    let mut missing = Vec::new();
    for package in publish_order(&project.published()) {
        let name = package.name.as_str();
        if is_visible(project, name, &version.to_string())? {
            println!("{name} {version} is already there");
        } else {
            println!("{name} {version} is to be published");
            missing.push(name);
        }
    }
    let tag = tag(&version);
    if !execute {
        println!(
            "then the tag {tag}. This was a dry run; do it with: cargo xtask release publish --execute"
        );
        return Ok(());
    }

    if !missing.is_empty() {
        // Cargo waits until each crate is visible before it goes on to the next.
        let selection: Vec<_> = missing.iter().flat_map(|&name| ["-p", name]).collect();
        let place = check::new_target(project)?;
        let path = place.path();
        cmd!(
            sh,
            "cargo publish --locked {selection...} --target-dir {path}"
        )
        .run()?;
    }
    for package in project.published() {
        let name = package.name.as_str();
        anyhow::ensure!(
            is_visible(project, name, &version.to_string())?,
            "{name} {version} is not visible yet; run this again in a while"
        );
    }
    let message = format!("cloudbase {version}");
    cmd!(sh, "git tag --annotate {tag} --message {message}").run()?;
    println!("published and tagged {tag}. Notes for the release:\n\n{notes}");
    Ok(())
}

/// A published crate says where its sources are.
fn ensure_has_repository(project: &Project) -> Result<()> {
    for package in project.published() {
        if package.repository.is_none() {
            bail!(
                "{} has no `repository`: write the public place of the sources into workspace.package, and `repository.workspace = true` into each published crate",
                package.name
            );
        }
    }
    Ok(())
}

/// Whether the registry has this version. Asked through cargo, from outside the workspace: inside it, cargo responds
/// from the manifests.
fn is_visible(project: &Project, name: &str, version: &str) -> Result<bool> {
    let directory = tempfile::tempdir()?;
    let _outside = project.sh.push_dir(directory.path());
    let spec = format!("{name}@{version}");
    let info = cmd!(project.sh, "cargo info --quiet {spec}")
        .quiet()
        .ignore_status()
        .output()?;
    Ok(info.status.success())
}
