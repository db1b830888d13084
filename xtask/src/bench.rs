//! `cargo xtask bench`: the programs of `cloudbase-bench`, built for release.

use anyhow::{Context, Result, bail};
use xshell::cmd;

use crate::{flags::Bench, project::Project};

const PACKAGE: &str = "cloudbase-bench";

pub(crate) fn run(project: &Project, options: &Bench) -> Result<()> {
    let programs = programs(project)?;
    let wanted = match &options.name {
        None => programs,
        Some(name) if programs.contains(name) => vec![name.clone()],
        Some(name) => bail!("there is no `{name}`; there are: {}", programs.join(", ")),
    };
    let sh = &project.sh;
    let args = &options.args;
    for name in wanted {
        cmd!(
            sh,
            "cargo run --release --locked -p {PACKAGE} --bin {name} -- {args...}"
        )
        .run()?;
    }
    Ok(())
}

fn programs(project: &Project) -> Result<Vec<String>> {
    let members = project.members();
    let package = members
        .iter()
        .find(|package| package.name.as_str() == PACKAGE)
        .with_context(|| format!("{PACKAGE} is not in the workspace"))?;
    let programs: Vec<_> = package
        .targets
        .iter()
        .filter(|target| target.is_bin())
        .map(|target| target.name.clone())
        .collect();
    if programs.is_empty() {
        bail!("{PACKAGE} has no programs");
    }
    Ok(programs)
}
