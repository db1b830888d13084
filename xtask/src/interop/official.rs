//! The published JavaScript SDKs, unchanged, against the emulator's binary.

use anyhow::{Context, Result, ensure};
use xshell::cmd;

use crate::{project::Project, tidy::layers::EMULATOR};

const DIRECTORY: &str = "tests/official-sdks";

/// Where the suite finds the emulator.
const VARIABLE: &str = "CLOUDBASE_EMULATOR";

pub(super) fn run(project: &Project) -> Result<()> {
    let sh = &project.sh;
    let directory = project.root().join(DIRECTORY);
    ensure!(
        directory.join("package.json").is_file(),
        "there is no suite in {DIRECTORY}"
    );

    // The features of `cargo xtask test`, so that nothing is built twice.
    cmd!(sh, "cargo build --workspace --all-features --locked --bins").run()?;
    let name = format!("{EMULATOR}{}", std::env::consts::EXE_SUFFIX);
    let emulator = project.metadata.target_directory.join("debug").join(name);
    ensure!(emulator.is_file(), "no emulator at {emulator}");

    let _inside = sh.push_dir(&directory);
    cmd!(
        sh,
        "npm ci --ignore-scripts --no-audit --no-fund --loglevel=error"
    )
    .run()
    .context("the official SDKs cannot be installed")?;
    cmd!(sh, "npm test")
        .env(VARIABLE, emulator)
        .run()
        .context("an official SDK disagrees")?;
    Ok(())
}
