//! Writes a release into the tree: versions, changelog, README; one commit on a branch of its own.

use anyhow::{Context, Result};
use semver::Version;
use xshell::cmd;

use super::{changelog, current_version, ensure_clean, version};
use crate::{project::Project, tidy::documents::requirement};

/// The fuzz targets are no members of the workspace, and have a lock file of their own.
const FUZZ_LOCK: &str = "fuzz/Cargo.lock";

pub(super) fn run(project: &Project, bump: &str) -> Result<()> {
    ensure_clean(project)?;
    let sh = &project.sh;
    let current = current_version(project)?;
    let next = version::next(&current, bump)?;
    let date = cmd!(sh, "git log -1 --format=%cs").quiet().read()?;

    // All texts are made before the first is written, so that a failure leaves the tree as it was.
    let manifest = version::set(&project.read("Cargo.toml")?, &next)?;
    let changes = changelog::cut(&project.read("CHANGELOG.md")?, &next, &date)?;
    let readme = set_in_readme(&project.read("README.md")?, &current, &next);
    // By hand: cargo would want every dependency of the fuzz targets in its cache.
    let fuzz = version::set_in_lock(&project.read(FUZZ_LOCK)?, &current, &next)?;

    let branch = format!("release-{next}");
    cmd!(sh, "git switch --create {branch}").run()?;
    for (name, text) in [
        ("Cargo.toml", manifest),
        ("CHANGELOG.md", changes),
        ("README.md", readme),
        (FUZZ_LOCK, fuzz),
    ] {
        sh.write_file(name, text)?;
    }
    cmd!(sh, "cargo update --workspace --offline")
        .run()
        .context("Cargo.lock is not updated")?;
    let subject = format!("Release {next}");
    cmd!(sh, "git commit --all --message {subject}").run()?;
    println!("{next} is prepared on the branch {branch}; next: cargo xtask release check");
    Ok(())
}

fn set_in_readme(readme: &str, current: &Version, next: &Version) -> String {
    let line = |version| format!("cloudbase = {{ version = \"{}\"", requirement(version));
    readme.replace(&line(current), &line(next))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_names_the_new_version() {
        let readme =
            "cloudbase = { version = \"0.1\", features = [] }\nserde = { version = \"0.1\" }\n";
        let after = set_in_readme(readme, &Version::new(0, 1, 0), &Version::new(0, 2, 0));
        assert_eq!(after, readme.replacen("0.1", "0.2", 1));
    }
}
