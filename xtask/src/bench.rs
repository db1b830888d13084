//! `cargo xtask bench`: the programs of `cloudbase-bench`, built for release.

mod instructions;

use anyhow::{Context, Result, bail};
use xshell::cmd;

use crate::{flags::Bench, project::Project, tools::VALGRIND};

const PACKAGE: &str = "cloudbase-bench";

/// What makes a program fail outside its budget.
const CHECK: &str = "--check";

pub(crate) fn run(project: &Project, options: &Bench) -> Result<()> {
    let programs = programs(project)?;
    let chosen = match &options.name {
        None => programs,
        Some(name) if programs.contains(name) => vec![name.clone()],
        Some(name) => bail!("there is no `{name}`; there are: {}", programs.join(", ")),
    };
    // Before anything is built and measured.
    if chosen.iter().any(|name| name == instructions::PROGRAM) {
        VALGRIND.find()?;
    }
    let sh = &project.sh;
    let mut args = options.args.clone();
    args.extend(options.check.then(|| CHECK.to_owned()));
    let is_check = args.iter().any(|argument| argument == CHECK);
    let args = &args;
    for name in chosen {
        if name == instructions::PROGRAM {
            instructions::run(project, is_check)?;
            continue;
        }
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
