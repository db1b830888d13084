//! `cargo xtask size`: what the smallest useful program weighs when built for release.

use anyhow::{Context, Result, ensure};
use xshell::cmd;

use crate::{budget::HELLO_BYTES, project::Project};

const PACKAGE: &str = "cloudbase-hello";

pub(crate) fn run(project: &Project) -> Result<()> {
    let sh = &project.sh;
    // By itself, so that no other member switches on a feature in its dependencies.
    cmd!(sh, "cargo build --release --locked -p {PACKAGE}").run()?;
    let name = format!("{PACKAGE}{}", std::env::consts::EXE_SUFFIX);
    let program = project.metadata.target_directory.join("release").join(name);
    let bytes = program
        .metadata()
        .with_context(|| format!("no program at {program}"))?
        .len();
    println!("{PACKAGE}: {bytes} bytes, at most {HELLO_BYTES} are allowed");
    ensure!(
        bytes <= HELLO_BYTES,
        "{PACKAGE} is {} bytes too large",
        bytes - HELLO_BYTES
    );
    Ok(())
}
