//! Which version comes next, and where a version is written.

use anyhow::{Context, Result, bail, ensure};
use semver::Version;
use toml_edit::{DocumentMut, Item, value};

/// The version that `bump` (`patch`, `minor`, `major`, or a version) leads to.
pub(super) fn next(current: &Version, bump: &str) -> Result<Version> {
    let next = match bump {
        "patch" => Version::new(current.major, current.minor, current.patch + 1),
        "minor" => Version::new(current.major, current.minor + 1, 0),
        "major" => Version::new(current.major + 1, 0, 0),
        version => match Version::parse(version) {
            Ok(version) => version,
            Err(_) => bail!("`{version}` is neither patch, minor, major, nor a version"),
        },
    };
    // The first release goes out with the version that the manifests begin with.
    ensure!(next >= *current, "{next} is older than {current}");
    Ok(next)
}

/// The root manifest with the new version: the workspace's own and each pin between our crates.
pub(super) fn set(manifest: &str, version: &Version) -> Result<String> {
    let mut document: DocumentMut = manifest.parse().context("Cargo.toml is not TOML")?;
    let workspace = document.get_mut("workspace").context("no [workspace]")?;
    let own = workspace
        .get_mut("package")
        .and_then(|package| package.get_mut("version"))
        .context("no workspace.package.version")?;
    replace(own, version.to_string());
    let dependencies = workspace
        .get_mut("dependencies")
        .and_then(Item::as_table_like_mut)
        .context("no [workspace.dependencies]")?;
    for (_, dependency) in dependencies.iter_mut() {
        let is_ours = dependency.get("path").is_some();
        if let Some(pin) = dependency.get_mut("version").filter(|_| is_ours) {
            replace(pin, format!("={version}"));
        }
    }
    Ok(document.to_string())
}

/// A lock file outside the workspace, with our crates of the version `current` at the new one.
pub(super) fn set_in_lock(lock: &str, current: &Version, next: &Version) -> Result<String> {
    let mut document: DocumentMut = lock.parse().context("the lock file is not TOML")?;
    let packages = document
        .get_mut("package")
        .and_then(Item::as_array_of_tables_mut)
        .context("no [[package]] in the lock file")?;
    let current = current.to_string();
    for package in packages.iter_mut() {
        // What comes from a registry or from git names its source.
        let is_ours = package.get("source").is_none();
        let version = package.get_mut("version").filter(|_| is_ours);
        if let Some(version) = version.filter(|version| version.as_str() == Some(&current)) {
            replace(version, next.to_string());
        }
    }
    Ok(document.to_string())
}

/// Keeps the blanks and comments around the value.
fn replace(item: &mut Item, text: String) {
    let decor = item.as_value().map(|value| value.decor().clone());
    *item = value(text);
    if let (Some(value), Some(decor)) = (item.as_value_mut(), decor) {
        *value.decor_mut() = decor;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bump_leads_where_it_says() {
        let current = Version::new(0, 3, 4);
        for (bump, expected) in [
            ("patch", "0.3.5"),
            ("minor", "0.4.0"),
            ("major", "1.0.0"),
            ("0.9.0-rc.1", "0.9.0-rc.1"),
        ] {
            assert_eq!(next(&current, bump).unwrap().to_string(), expected);
        }
        assert_eq!(next(&current, "0.3.4").unwrap(), current);
        assert!(next(&current, "0.3.3").is_err());
        assert!(next(&current, "huge").is_err());
    }

    #[test]
    fn a_version_is_set_in_every_place_and_nowhere_else() {
        let before = "[workspace.package]\nversion = \"0.1.0\" # one\n\n[workspace.dependencies]\n# Ours.\n\
                      a = { version = \"=0.1.0\", path = \"a\", default-features = false }\nb = { version = \"0.1.0\" }\n";
        let after = set(before, &Version::new(0, 2, 0)).unwrap();
        let expected = before
            .replace("version = \"0.1.0\" # one", "version = \"0.2.0\" # one")
            .replace("=0.1.0", "=0.2.0");
        assert_eq!(after, expected);
    }

    #[test]
    fn only_our_crates_change_in_a_lock_file() {
        let before = "# By cargo.\nversion = 4\n\n[[package]]\nname = \"ours\"\nversion = \"0.1.0\"\ndependencies = [\n \"theirs\",\n]\n\n\
                      [[package]]\nname = \"theirs\"\nversion = \"0.1.0\"\nsource = \"registry\"\n\n[[package]]\nname = \"fuzz\"\nversion = \"0.0.0\"\n";
        let after = set_in_lock(before, &Version::new(0, 1, 0), &Version::new(0, 2, 0)).unwrap();
        assert_eq!(after, before.replacen("\"0.1.0\"", "\"0.2.0\"", 1));
    }
}
