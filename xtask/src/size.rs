//! `cargo xtask size`: what the programs weigh when built for release.

use anyhow::{Context, Result, ensure};

use crate::{
    budget::{EMULATOR_BYTES, HELLO_BYTES},
    project::Project,
};

/// The smallest useful program, and the emulator; the package and its program have the same name.
const PROGRAMS: [(&str, u64); 2] = [
    ("cloudbase-hello", HELLO_BYTES),
    ("cloudbase-emulator", EMULATOR_BYTES),
];

pub(crate) fn run(project: &Project) -> Result<()> {
    for (program, limit) in PROGRAMS {
        weigh(project, program, limit)?;
    }
    Ok(())
}

fn weigh(project: &Project, program: &str, limit: u64) -> Result<()> {
    let path = project.build_release(program, program)?;
    let bytes = path
        .metadata()
        .with_context(|| format!("no program at {path}"))?
        .len();
    println!("{program}: {bytes} bytes, at most {limit} are allowed");
    ensure!(
        bytes <= limit,
        "{program} is {} bytes too large",
        bytes - limit
    );
    Ok(())
}
