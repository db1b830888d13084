//! Runs the tests of every package that asks for one of the servers, from the binaries that `cargo xtask test` built.

use std::{
    collections::BTreeSet,
    io::BufReader,
    path::PathBuf,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use cargo_metadata::{Message, PackageId};

use crate::project::Project;

/// `variables` are pairs of a name and the address of a server.
pub(super) fn run(project: &Project, variables: &[(&str, String)]) -> Result<()> {
    let packages = packages(project, variables)?;
    let binaries = binaries(project, &packages)?;
    ensure!(!binaries.is_empty(), "no test was built for {packages:?}");
    for (directory, binary) in binaries {
        println!("{}", binary.file_name().unwrap_or_default().display());
        let status = Command::new(&binary)
            .current_dir(&directory)
            .env("CARGO_MANIFEST_DIR", &directory)
            .envs(variables.iter().map(|(name, address)| (name, address)))
            .status()
            .with_context(|| format!("cannot run {}", binary.display()))?;
        ensure!(status.success(), "{} failed", binary.display());
    }
    Ok(())
}

/// The packages whose sources name one of the variables. Each variable must have a reader.
fn packages(project: &Project, variables: &[(&str, String)]) -> Result<BTreeSet<PackageId>> {
    let files = project.files()?;
    let mut readers = BTreeSet::new();
    for (variable, _) in variables {
        let before = readers.len();
        let mut is_read = false;
        for package in project
            .members()
            .into_iter()
            .filter(|package| package.name.as_str() != "xtask")
        {
            let directory = package
                .manifest_path
                .parent()
                .and_then(|path| path.strip_prefix(&project.metadata.workspace_root).ok())
                .context("a member lies outside the workspace")?;
            let sources = files.iter().filter(|path| {
                path.starts_with(directory) && path.extension().is_some_and(|ext| ext == "rs")
            });
            for source in sources {
                if project.read(source)?.contains(variable) {
                    is_read = true;
                    readers.insert(package.id.clone());
                }
            }
        }
        ensure!(is_read, "no test reads {variable}");
        println!("{variable}: {} more packages", readers.len() - before);
    }
    Ok(readers)
}

/// The test binaries of these packages, each with the directory it runs in.
fn binaries(project: &Project, packages: &BTreeSet<PackageId>) -> Result<Vec<(PathBuf, PathBuf)>> {
    // The selection and the features of `cargo xtask test`, so that nothing is built twice.
    let mut build = Command::new("cargo")
        .args([
            "test",
            "--workspace",
            "--all-features",
            "--locked",
            "--no-run",
        ])
        .arg("--message-format=json-render-diagnostics")
        .current_dir(project.root())
        .stdout(Stdio::piped())
        .spawn()?;
    let output = build.stdout.take().context("cargo has no output")?;
    let mut binaries = Vec::new();
    for message in Message::parse_stream(BufReader::new(output)) {
        let Message::CompilerArtifact(artifact) = message? else {
            continue;
        };
        let Some(binary) = artifact.executable else {
            continue;
        };
        if artifact.profile.test && packages.contains(&artifact.package_id) {
            let directory = artifact
                .manifest_path
                .parent()
                .context("a manifest has no directory")?;
            binaries.push((directory.into(), binary.into()));
        }
    }
    ensure!(build.wait()?.success(), "the tests do not build");
    Ok(binaries)
}
