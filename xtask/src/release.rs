//! `cargo xtask release`: plan, prepare, check and publish. Nothing leaves the machine without `--execute`.

mod changelog;
mod check;
mod plan;
mod prepare;
mod publish;
mod version;

use anyhow::{Context, Result, ensure};
use semver::Version;
use xshell::cmd;

use crate::{flags::ReleaseStep, project::Project, tidy::layers::UMBRELLA};

pub(crate) use self::check::package;

pub(crate) fn run(project: &Project, step: &ReleaseStep) -> Result<()> {
    match step {
        ReleaseStep::Plan => plan::run(project),
        ReleaseStep::Prepare { bump } => prepare::run(project, bump),
        ReleaseStep::Check => check::run(project),
        ReleaseStep::Publish { execute } => publish::run(project, *execute),
    }
}

/// The one version of the workspace.
fn current_version(project: &Project) -> Result<Version> {
    let members = project.members();
    let umbrella = members
        .iter()
        .find(|package| package.name.as_str() == UMBRELLA);
    Ok(umbrella
        .context("the workspace has no umbrella crate")?
        .version
        .clone())
}

fn tag(version: &Version) -> String {
    format!("v{version}")
}

fn ensure_clean(project: &Project) -> Result<()> {
    let changes = cmd!(project.sh, "git status --porcelain").quiet().read()?;
    ensure!(
        changes.is_empty(),
        "the work tree has changes; commit them first:\n{changes}"
    );
    Ok(())
}
