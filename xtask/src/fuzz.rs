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
    let targets = targets(&project.read("fuzz/Cargo.toml")?)?;
    let wanted = match &options.target {
        None => targets,
        Some(name) if targets.contains(name) => vec![name.clone()],
        Some(name) => bail!("there is no `{name}`; there are: {}", targets.join(", ")),
    };
    let limit = format!("-max_total_time={}", options.seconds);
    for target in wanted {
        timed(&target, || {
            cmd!(sh, "cargo +nightly fuzz run {target} -- {limit}").run()?;
            Ok(())
        })
        .with_context(|| format!("fuzz target `{target}` found something, or does not build"))?;
    }
    Ok(())
}

/// The names under `[[bin]]`.
fn targets(manifest: &str) -> Result<Vec<String>> {
    let manifest: DocumentMut = manifest.parse().context("fuzz/Cargo.toml is not TOML")?;
    let names: Vec<_> = manifest
        .get("bin")
        .and_then(|item| item.as_array_of_tables())
        .into_iter()
        .flat_map(|tables| tables.iter())
        .filter_map(|table| table.get("name")?.as_str().map(str::to_owned))
        .collect();
    if names.is_empty() {
        bail!("fuzz/Cargo.toml has no [[bin]]");
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::targets;

    #[test]
    fn targets_are_the_bins() {
        let manifest = "[package]\nname = 'fuzz'\n[[bin]]\nname = 'a'\n[[bin]]\nname = 'b'\n";
        assert_eq!(targets(manifest).unwrap(), ["a", "b"]);
        assert!(targets("[package]\nname = 'fuzz'\n").is_err());
    }
}
