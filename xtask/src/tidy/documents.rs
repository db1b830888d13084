//! What the README and its companions promise must be what the manifests say.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use semver::Version;

use super::{Finding, layers::UMBRELLA};
use crate::project::Project;

/// The two commands that a stranger tries, exactly as written.
const COMMANDS: &[&str] = &[
    "cargo run -p cloudbase --example quickstart --features full",
    "cargo xtask test",
];

/// Files that a repository cannot be published without.
const REQUIRED: &[&str] = &[
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
];

pub(super) fn check(project: &Project) -> Result<Vec<Finding>> {
    let mut findings: Vec<_> = REQUIRED
        .iter()
        .filter(|name| !project.root().join(name).is_file())
        .map(|name| Finding::new(*name, "is missing"))
        .collect();
    let members = project.members();
    let umbrella = members
        .iter()
        .find(|package| package.name.as_str() == UMBRELLA)
        .context("the workspace has no umbrella crate")?;
    let minimum = umbrella
        .rust_version
        .as_ref()
        .context("the umbrella has no rust-version")?;
    let readme = project.read("README.md")?;
    findings.extend(check_readme(&readme, &umbrella.version, minimum));
    findings.extend(check_features(
        &readme,
        umbrella.features.keys().map(String::as_str),
    ));

    let architecture = project.read("ARCHITECTURE.md")?;
    findings.extend(
        members
            .iter()
            .filter(|package| !architecture.contains(package.name.as_str()))
            .map(|package| {
                Finding::new("ARCHITECTURE.md", format!("say what {} is", package.name))
            }),
    );
    for package in project.published() {
        let name = package.name.as_str();
        let path = format!("crates/{name}/README.md");
        if name != UMBRELLA {
            let text = project.read(&path).unwrap_or_default();
            findings.extend(check_crate_readme(&path, name, &text));
        }
        // The umbrella's README is that of the project.
        let file = if name == UMBRELLA {
            "../../../README.md"
        } else {
            "../README.md"
        };
        let from_sibling = format!("../../{name}/README.md");
        let is_compiled = project.published().iter().any(|other| {
            let library = project
                .read(format!("crates/{}/src/lib.rs", other.name))
                .unwrap_or_default();
            let file = if other.name == package.name {
                file
            } else {
                &from_sibling
            };
            library.contains(&format!("include_str!(\"{file}\")"))
        });
        if !is_compiled {
            findings.push(Finding::new(
                path,
                "compile its example: `#[doc = include_str!(…)]` in a lib.rs, for doctests",
            ));
        }
    }
    Ok(findings)
}

/// What a crate is, when to depend on it, and an example.
fn check_crate_readme(path: &str, name: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !text.starts_with(&format!("# {name}\n")) {
        findings.push(Finding::new(path, format!("start with `# {name}`")));
    }
    if !text.to_lowercase().contains("depend on") {
        findings.push(Finding::new(path, "say when to depend on it directly"));
    }
    if !text.contains("```rust") {
        findings.push(Finding::new(path, "show an example"));
    }
    findings
}

/// What a manifest of a user says for the compatible releases of a version: `1`, `0.3`, or `0.0.7`.
pub(crate) fn requirement(version: &Version) -> String {
    match (version.major, version.minor, version.patch) {
        (0, 0, patch) => format!("0.0.{patch}"),
        (0, minor, _) => format!("0.{minor}"),
        (major, _, _) => major.to_string(),
    }
}

fn check_readme(readme: &str, version: &Version, minimum: &Version) -> Vec<Finding> {
    let mut expected: Vec<String> = COMMANDS.iter().map(|&command| command.to_owned()).collect();
    expected.push(format!(
        "cloudbase = {{ version = \"{}\"",
        requirement(version)
    ));
    expected.push(format!("Rust {}.{}.", minimum.major, minimum.minor));
    expected
        .into_iter()
        .filter(|text| !readme.contains(text))
        .map(|text| Finding::new("README.md", format!("must contain `{text}`")))
        .collect()
}

fn check_features<'a>(readme: &str, features: impl Iterator<Item = &'a str>) -> Vec<Finding> {
    let listed = table_of_features(readme);
    let real: BTreeSet<&str> = features.filter(|&name| name != "default").collect();
    let untold = real
        .difference(&listed)
        .map(|name| format!("say what the feature `{name}` adds"));
    let invented = listed
        .difference(&real)
        .map(|name| format!("there is no feature `{name}`"));
    untold
        .chain(invented)
        .map(|rule| Finding::new("README.md", rule))
        .collect()
}

/// The names in the first column of the table under the heading of the features.
fn table_of_features(readme: &str) -> BTreeSet<&str> {
    let section = readme.split("\n## Features\n").nth(1).unwrap_or_default();
    let section = section.split("\n## ").next().unwrap_or_default();
    section
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('|').next())
        .flat_map(|cell| cell.split('`'))
        .filter(|name| {
            name.chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        })
        .filter(|name| !name.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_requirement_covers_what_is_compatible() {
        for (version, expected) in [("1.4.2", "1"), ("0.3.1", "0.3"), ("0.0.7", "0.0.7")] {
            assert_eq!(requirement(&version.parse().unwrap()), expected);
        }
    }

    #[test]
    fn a_readme_of_another_version_is_noticed() {
        let readme = format!(
            "{}\n{}\ncloudbase = {{ version = \"0.1\" }}\nRust 1.89. More.\n",
            COMMANDS[0], COMMANDS[1]
        );
        let check = |version: &str, minimum: &str| {
            check_readme(
                &readme,
                &version.parse().unwrap(),
                &minimum.parse().unwrap(),
            )
        };
        assert_eq!(check("0.1.5", "1.89.0"), []);
        assert_eq!(check("0.2.0", "1.89.0").len(), 1);
        assert_eq!(check("0.1.0", "1.90.0").len(), 1);
        assert_eq!(
            check_readme("", &Version::new(0, 1, 0), &Version::new(1, 89, 0)).len(),
            4
        );
    }

    #[test]
    fn the_readme_of_a_crate_has_its_name_its_use_and_an_example() {
        let good = "# a\n\nDepend on it to b.\n\n```rust\nc();\n```\n";
        assert_eq!(check_crate_readme("README.md", "a", good), []);
        assert_eq!(check_crate_readme("README.md", "b", good).len(), 1);
        assert_eq!(check_crate_readme("README.md", "a", "").len(), 3);
    }

    #[test]
    fn the_table_has_each_feature_and_no_other() {
        let readme = "\n## Features\n\n| feature | adds |\n|---|---|\n| `auth` (default) | `x` |\n| `http2` | w |\n\
                      | `old`, `older` | y |\n\n## Next\n\n| `no` | z |\n";
        let found = check_features(readme, ["auth", "default", "gzip", "http2"].into_iter());
        let rules: Vec<_> = found.iter().map(|finding| finding.rule.as_str()).collect();
        assert_eq!(
            rules,
            [
                "say what the feature `gzip` adds",
                "there is no feature `old`",
                "there is no feature `older`"
            ]
        );
    }
}
