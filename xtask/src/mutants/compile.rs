//! What cargo makes of the copy.

use std::{collections::BTreeSet, io::BufReader, process::Stdio};

use anyhow::{Context, Result, ensure};
use cargo_metadata::{
    Artifact, Message,
    diagnostic::{Diagnostic, DiagnosticLevel},
};

use super::tree::Tree;

/// The test programs, or why they cannot be built.
pub(super) enum Build {
    Done(Vec<Artifact>),
    Failed(Vec<Diagnostic>),
}

/// Builds the tests of `packages`.
pub(super) fn build(tree: &Tree, packages: &BTreeSet<&str>) -> Result<Build> {
    let mut cargo = tree.cargo();
    cargo.args(["test", "--no-run", "--tests", "--all-features"]);
    // The errors of as many packages as possible at once.
    cargo.args(["--locked", "--quiet", "--no-fail-fast"]);
    for package in packages {
        cargo.args(["--package", package]);
    }
    let mut child = cargo
        .args(["--message-format", "json"])
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run cargo")?;
    let output = child.stdout.take().context("cargo has no output")?;
    let mut programs = Vec::new();
    let mut errors = Vec::new();
    for message in Message::parse_stream(BufReader::new(output)) {
        match message.context("cannot read the messages of cargo")? {
            Message::CompilerArtifact(artifact)
                if artifact.profile.test && artifact.executable.is_some() =>
            {
                programs.push(artifact);
            }
            Message::CompilerMessage(message) => errors.push(message.message),
            _ => {}
        }
    }
    if child.wait()?.success() {
        return Ok(Build::Done(programs));
    }
    // The last one has no place: it says how many others there are.
    errors.retain(|error| error.level == DiagnosticLevel::Error && !error.spans.is_empty());
    ensure!(!errors.is_empty(), "cargo cannot build the copy");
    Ok(Build::Failed(errors))
}
