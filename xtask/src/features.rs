//! `cargo xtask features`: each feature alone compiles, and picking one product brings in no other.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail, ensure};
use xshell::{Shell, cmd};

use crate::{
    budget::{CRATES_FULL, CRATES_SMALL},
    project::Project,
    tidy::layers::{EMULATOR, UMBRELLA},
};

/// Sets of features of the umbrella that users read of, beside each feature alone.
const COMBINATIONS: &[&str] = &[
    "auth,functions",
    "auth,mysql,gzip",
    "storage,http2",
    "full,rustls-aws-lc,webpki-roots",
    "full,rustls-ring,rustls-aws-lc,platform-verifier,webpki-roots,http2,gzip",
];

/// Products by the feature that asks for them.
const PRODUCTS: &[&str] = &[
    "cloudbase-auth",
    "cloudbase-data",
    "cloudbase-functions",
    "cloudbase-storage",
];

/// What someone who brings his own transport must not pay for.
const CRYPTO: &[&str] = &[
    "aws-lc-rs",
    "aws-lc-sys",
    "hyper-rustls",
    "native-tls",
    "openssl",
    "openssl-sys",
    "ring",
    "rsa",
    "rustls",
    "rustls-platform-verifier",
    "rustls-webpki",
    "tokio-rustls",
    "webpki-roots",
];

/// What no published SDK crate may ever bring in.
const NEVER: &[&str] = &["hyper-tls", "native-tls", "openssl", "openssl-sys"];

pub(crate) fn run(project: &Project) -> Result<()> {
    tree(project)?;
    each(project)
}

/// Every published crate with no feature, with each of its features alone, and the named combinations.
pub(crate) fn each(project: &Project) -> Result<()> {
    for package in project.published() {
        let names: Vec<_> = package.features.keys().map(String::as_str).collect();
        for set in feature_sets(&names) {
            check(&project.sh, package.name.as_str(), set)?;
        }
    }
    for set in COMBINATIONS {
        check(&project.sh, UMBRELLA, set)?;
    }
    Ok(())
}

/// What the dependency tree may hold.
pub(crate) fn tree(project: &Project) -> Result<()> {
    let sh = &project.sh;

    let bare = crates(
        sh,
        &[
            "-p",
            UMBRELLA,
            "--no-default-features",
            "--features",
            "functions",
        ],
    )?;
    let others = PRODUCTS
        .iter()
        .filter(|&&name| name != "cloudbase-functions");
    reject(
        &bare,
        others.chain(CRYPTO).copied(),
        "`functions` without defaults",
    )?;

    let small = crates(sh, &["-p", UMBRELLA, "--features", "auth,functions"])?;
    reject(
        &small,
        ["cloudbase-data", "cloudbase-storage"],
        "`auth,functions`",
    )?;
    within(&small, CRATES_SMALL, "auth,functions")?;

    let full = crates(sh, &["-p", UMBRELLA, "--features", "full"])?;
    reject(&full, ["aws-lc-rs", "aws-lc-sys"], "`full`")?;
    within(&full, CRATES_FULL, "full")?;

    for package in project.published() {
        let name = package.name.as_str();
        if name == EMULATOR {
            continue;
        }
        let all = crates(sh, &["-p", name, "--all-features", "--target", "all"])?;
        reject(
            &all,
            NEVER.iter().copied(),
            &format!("{name} with all features"),
        )?;
    }
    Ok(())
}

/// None, then each by itself. `default` is a set of the others and is checked wherever defaults are on.
fn feature_sets<'a>(features: &[&'a str]) -> Vec<&'a str> {
    let alone = features.iter().copied().filter(|&name| name != "default");
    std::iter::once("").chain(alone).collect()
}

/// Clippy instead of check: it finds the same, and denies what is unused when a feature is off.
fn check(sh: &Shell, package: &str, features: &str) -> Result<()> {
    cmd!(
        sh,
        "cargo clippy --quiet --lib -p {package} --no-default-features --features {features} --locked -- -D warnings"
    )
    .quiet()
    .run()
    .with_context(|| format!("{package} does not build with only the features `{features}`"))?;
    println!("{package} [{features}]");
    Ok(())
}

fn crates(sh: &Shell, selection: &[&str]) -> Result<BTreeSet<String>> {
    let listing = cmd!(
        sh,
        "cargo tree --locked -e normal --prefix none {selection...}"
    )
    .quiet()
    .read()
    .with_context(|| format!("cargo tree rejects {}", selection.join(" ")))?;
    let crates = unique(&listing);
    ensure!(
        !crates.is_empty(),
        "cargo tree lists nothing for {}",
        selection.join(" ")
    );
    Ok(crates)
}

/// The distinct `name version` pairs of a flat listing.
fn unique(listing: &str) -> BTreeSet<String> {
    listing
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace();
            Some(format!("{} {}", words.next()?, words.next()?))
        })
        .collect()
}

fn reject<'a>(
    crates: &BTreeSet<String>,
    banned: impl IntoIterator<Item = &'a str>,
    what: &str,
) -> Result<()> {
    let banned: BTreeSet<_> = banned.into_iter().collect();
    let found: Vec<_> = crates
        .iter()
        .filter(|krate| {
            krate
                .split(' ')
                .next()
                .is_some_and(|name| banned.contains(name))
        })
        .map(String::as_str)
        .collect();
    if !found.is_empty() {
        bail!("{what} must not bring in {}", found.join(", "));
    }
    Ok(())
}

fn within(crates: &BTreeSet<String>, budget: usize, features: &str) -> Result<()> {
    println!(
        "`{features}`: {} crates, at most {budget} are allowed",
        crates.len()
    );
    ensure!(
        crates.len() <= budget,
        "`{features}` is {} crates over its budget; the tree: cargo tree -p {UMBRELLA} -e normal --features {features}",
        crates.len() - budget
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listing_counts_each_version_once() {
        let listing = "a v1.0.0 (/somewhere)\nb v1.0.0\nb v2.0.0\nb v1.0.0 (*)\n\nserde_derive v1.0.0 (proc-macro)\n";
        let crates = unique(listing);
        assert_eq!(crates.len(), 4);
        assert!(crates.contains("a v1.0.0"));
    }

    #[test]
    fn a_banned_crate_is_found_by_its_whole_name() {
        let crates = unique("ring v1.0.0\nstring v1.0.0\n");
        assert!(reject(&crates, ["string-cache"], "it").is_ok());
        let error = reject(&crates, ["ring"], "it").unwrap_err().to_string();
        assert_eq!(error, "it must not bring in ring v1.0.0");
    }

    #[test]
    fn a_budget_is_inclusive() {
        let crates = unique("a v1.0.0\nb v1.0.0\n");
        assert!(within(&crates, 2, "x").is_ok());
        assert!(within(&crates, 1, "x").is_err());
    }

    #[test]
    fn default_is_not_a_feature_of_its_own() {
        assert_eq!(feature_sets(&["auth", "default"]), ["", "auth"]);
    }
}
