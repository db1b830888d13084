//! `cargo xtask test`: the whole suite, with nothing but a Rust toolchain.

use anyhow::Result;
use xshell::cmd;

use crate::{
    project::{Project, timed},
    tools::NEXTEST,
};

pub(crate) fn run(project: &Project) -> Result<()> {
    let sh = &project.sh;
    if NEXTEST.is_installed() {
        timed("tests", || {
            cmd!(
                sh,
                "cargo nextest run --workspace --all-features --locked --no-fail-fast"
            )
            .run()?;
            Ok(())
        })?;
        timed("doc tests", || {
            cmd!(sh, "cargo test --workspace --all-features --locked --doc").run()?;
            Ok(())
        })
    } else {
        timed("tests", || {
            cmd!(
                sh,
                "cargo test --workspace --all-features --locked --no-fail-fast"
            )
            .run()?;
            Ok(())
        })
    }
}
