//! CHANGELOG.md in the form of Keep a Changelog: what is unreleased, and how a release is cut from it.

use anyhow::{Context, Result, ensure};
use semver::Version;

const UNRELEASED: &str = "## [Unreleased]";

/// The text under the heading of what is unreleased; empty when nothing is.
pub(super) fn unreleased(changelog: &str) -> Result<&str> {
    section(changelog, UNRELEASED)
}

/// The text under the heading of a version.
pub(super) fn of_version<'a>(changelog: &'a str, version: &Version) -> Result<&'a str> {
    section(changelog, &format!("## [{version}]"))
}

/// Turns what is unreleased into a release of `version` on `date`, and leaves an empty section above it.
pub(super) fn cut(changelog: &str, version: &Version, date: &str) -> Result<String> {
    ensure!(
        has_entries(unreleased(changelog)?),
        "nothing is unreleased: CHANGELOG.md has no entry under {UNRELEASED}"
    );
    ensure!(
        of_version(changelog, version).is_err(),
        "CHANGELOG.md already has {version}"
    );
    Ok(changelog.replacen(
        UNRELEASED,
        &format!("{UNRELEASED}\n\n## [{version}] - {date}"),
        1,
    ))
}

/// The smallest bump that the entries allow by Cargo's reading of semantic versions: before 1.0 a break is `minor`
/// and anything else `patch`.
pub(super) fn bump(entries: &str, current: &Version) -> Option<&'static str> {
    if !has_entries(entries) {
        return None;
    }
    let breaks = entries.contains("### Removed") || entries.to_lowercase().contains("**breaking");
    let adds = entries.contains("### Added") || entries.contains("### Changed");
    Some(match (current.major, breaks, adds) {
        (0, true, _) => "minor",
        (0, false, _) => "patch",
        (_, true, _) => "major",
        (_, false, true) => "minor",
        (_, false, false) => "patch",
    })
}

fn has_entries(text: &str) -> bool {
    text.lines().any(|line| line.starts_with("- "))
}

fn section<'a>(changelog: &'a str, heading: &str) -> Result<&'a str> {
    let start = changelog
        .match_indices(heading)
        .find(|(at, _)| *at == 0 || changelog[..*at].ends_with('\n'))
        .with_context(|| format!("CHANGELOG.md has no heading `{heading}`"))?
        .0;
    let body = changelog[start..]
        .split_once('\n')
        .map_or("", |(_, body)| body);
    let end = body.find("\n## [").unwrap_or(body.len());
    Ok(body[..end].trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHANGELOG: &str = "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- A thing.\n\n## [0.1.0] - 2026-01-01\n\n- First.\n";

    #[test]
    fn a_cut_moves_the_entries() {
        let version = Version::new(0, 2, 0);
        let after = cut(CHANGELOG, &version, "2026-02-02").unwrap();
        assert_eq!(unreleased(&after).unwrap(), "");
        assert_eq!(
            of_version(&after, &version).unwrap(),
            "### Added\n\n- A thing."
        );
        assert_eq!(
            of_version(&after, &Version::new(0, 1, 0)).unwrap(),
            "- First."
        );
        assert!(
            cut(&after, &Version::new(0, 3, 0), "2026-03-03").is_err(),
            "nothing is left"
        );
    }

    #[test]
    fn a_version_is_released_once() {
        assert!(cut(CHANGELOG, &Version::new(0, 1, 0), "2026-02-02").is_err());
    }

    #[test]
    fn the_entries_call_for_a_bump() {
        let (zero, one) = (Version::new(0, 4, 0), Version::new(1, 4, 0));
        for (entries, before, after) in [
            ("### Fixed\n- a", Some("patch"), Some("patch")),
            ("### Added\n- a", Some("patch"), Some("minor")),
            (
                "### Changed\n- **Breaking:** a",
                Some("minor"),
                Some("major"),
            ),
            ("### Removed\n- a", Some("minor"), Some("major")),
            ("### Added\n", None, None),
        ] {
            assert_eq!(bump(entries, &zero), before, "{entries}");
            assert_eq!(bump(entries, &one), after, "{entries}");
        }
    }
}
