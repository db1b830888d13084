//! Whether the tree can be published: each crate is packaged and built from its package.

use std::path::Path;

use anyhow::{Context, Result, bail};
use tempfile::TempDir;
use xshell::cmd;

use super::{changelog, current_version, ensure_clean};
use crate::{
    budget::PACKAGE_BYTES,
    project::{Project, timed},
    tidy,
};

pub(super) fn run(project: &Project) -> Result<()> {
    ensure_clean(project)?;
    timed("tidy", || tidy::run(project))?;
    timed("package", || dry_run(project, None))?;
    let version = current_version(project)?;
    let changes = project.read("CHANGELOG.md")?;
    match changelog::of_version(&changes, &version) {
        Ok(_) => println!("{version} can be published: cargo xtask release publish"),
        Err(_) => println!(
            "every crate can be packaged; {version} has no changelog section yet: cargo xtask release prepare {version}"
        ),
    }
    Ok(())
}

/// The gate of `cargo xtask ci`: the same, on a tree that may have changes.
pub(crate) fn package(project: &Project) -> Result<()> {
    dry_run(project, Some("--allow-dirty"))
}

/// Cargo orders the crates, and builds each as if those before it were already in the registry.
fn dry_run(project: &Project, extra: Option<&str>) -> Result<()> {
    let place = new_target(project)?;
    let path = place.path();
    cmd!(
        project.sh,
        "cargo publish --workspace --dry-run --locked {extra...} --target-dir {path}"
    )
    .run()?;
    check_sizes(project, &path.join("package"))
}

/// A target directory for packages and their builds.
///
/// A new one each time: cargo takes the contents of a version for settled, so where it has packaged
/// before, it would build a crate against what its dependencies were then.
pub(super) fn new_target(project: &Project) -> Result<TempDir> {
    let target = &project.metadata.target_directory;
    project.sh.create_dir(target)?;
    tempfile::Builder::new()
        .prefix("publish-")
        .tempdir_in(target)
        .context("no directory for the packages")
}

fn check_sizes(project: &Project, directory: &Path) -> Result<()> {
    // Where a dry run leaves the packages depends on the version of cargo.
    let places = [directory.join("tmp-crate"), directory.to_path_buf()];
    for package in project.published() {
        let name = format!("{}-{}.crate", package.name, package.version);
        let bytes = places
            .iter()
            .find_map(|place| place.join(&name).metadata().ok())
            .with_context(|| format!("no package {name} in {}", places[1].display()))?
            .len();
        println!("{}: {bytes} bytes", package.name);
        if bytes > PACKAGE_BYTES {
            bail!(
                "{} is packaged with {bytes} bytes, at most {PACKAGE_BYTES} are allowed; see: cargo package --list -p {}",
                package.name,
                package.name
            );
        }
    }
    Ok(())
}
