//! `cargo xtask fuzz`: each fuzz target for a while.

use anyhow::{Context, Result, bail};
use toml_edit::DocumentMut;
use xshell::cmd;

use crate::{
    flags::Fuzz,
    project::{Project, timed},
    tools::CARGO_FUZZ,
};

pub(crate) fn run(project: &Project, options: &Fuzz) -> Result<()> {
    CARGO_FUZZ.find()?;
    let sh = &project.sh;
    if cmd!(sh, "rustup run nightly rustc --version")
        .quiet()
        .ignore_stderr()
        .read()
        .is_err()
    {
        bail!("there is no nightly toolchain; install it with: rustup toolchain install nightly");
    }
    let mut targets = targets(&project.read("fuzz/Cargo.toml")?)?;
    if let Some(chosen) = &options.target {
        let names: Vec<_> = targets.iter().map(|target| target.name.clone()).collect();
        targets.retain(|target| target.name == *chosen);
        if targets.is_empty() {
            bail!("there is no `{chosen}`; there are: {}", names.join(", "));
        }
    }
    let limit = format!("-max_total_time={}", options.seconds);
    for Target { name, features } in targets {
        timed(&name, || {
            cmd!(
                sh,
                "cargo +nightly fuzz run --features {features} {name} -- {limit}"
            )
            .run()?;
            Ok(())
        })
        .with_context(|| format!("fuzz target `{name}` found something, or does not build"))?;
    }
    Ok(())
}

#[derive(Debug, PartialEq)]
struct Target {
    name: String,
    /// What it needs, with commas.
    features: String,
}

/// What is under `[[bin]]`.
fn targets(manifest: &str) -> Result<Vec<Target>> {
    let manifest: DocumentMut = manifest.parse().context("fuzz/Cargo.toml is not TOML")?;
    let targets: Vec<_> = manifest
        .get("bin")
        .and_then(|item| item.as_array_of_tables())
        .into_iter()
        .flat_map(|tables| tables.iter())
        .filter_map(|table| {
            let features = table
                .get("required-features")
                .and_then(|item| item.as_array());
            let features = features.into_iter().flatten();
            let features: Vec<_> = features.filter_map(|feature| feature.as_str()).collect();
            Some(Target {
                name: table.get("name")?.as_str()?.to_owned(),
                features: features.join(","),
            })
        })
        .collect();
    if targets.is_empty() {
        bail!("fuzz/Cargo.toml has no [[bin]]");
    }
    Ok(targets)
}

#[cfg(test)]
mod tests {
    use super::{Target, targets};

    #[test]
    fn targets_are_the_bins() {
        let manifest = "[package]\nname = 'fuzz'\n[[bin]]\nname = 'a'\n[[bin]]\nname = 'b'\n\
                        required-features = ['x', 'y']\n";
        let target = |name: &str, features: &str| Target {
            name: name.to_owned(),
            features: features.to_owned(),
        };
        let expected = [target("a", ""), target("b", "x,y")];
        assert_eq!(targets(manifest).unwrap(), expected);
        assert!(targets("[package]\nname = 'fuzz'\n").is_err());
    }
}
