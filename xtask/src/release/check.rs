//! Whether the tree can be published: each crate is packaged and built from its package.

use anyhow::{Context, Result, bail};
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
    timed("package", || {
        cmd!(project.sh, "cargo publish --workspace --dry-run --locked").run()?;
        check_sizes(project)
    })?;
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
    // Cargo orders the crates, and builds each as if those before it were already in the registry.
    cmd!(
        project.sh,
        "cargo publish --workspace --dry-run --locked --allow-dirty"
    )
    .run()?;
    check_sizes(project)
}

fn check_sizes(project: &Project) -> Result<()> {
    let directory = project.metadata.target_directory.join("package");
    // Where a dry run leaves the packages depends on the version of cargo.
    let places = [directory.join("tmp-crate"), directory];
    for package in project.published() {
        let name = format!("{}-{}.crate", package.name, package.version);
        let bytes = places
            .iter()
            .find_map(|place| place.join(&name).metadata().ok())
            .with_context(|| format!("no package {name} in {}", places[1]))?
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
