//! Runs the tests that ask for one of the servers, from the binaries that `cargo xtask test` built.

use std::{
    io::BufReader,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use cargo_metadata::Message;

use crate::project::Project;

/// The sources, relative to the root, in which a variable is read. This program only sets it.
pub(super) fn readers(project: &Project, variable: &str) -> Result<Vec<PathBuf>> {
    let mut readers = Vec::new();
    for path in project.files()? {
        let is_source = path.extension().is_some_and(|extension| extension == "rs");
        if is_source && !path.starts_with("xtask") && project.read(&path)?.contains(variable) {
            readers.push(path);
        }
    }
    Ok(readers)
}

/// `variables` are pairs of a name and the address of a server; `readers` are the sources that name one of them.
pub(super) fn run(
    project: &Project,
    variables: &[(&str, String)],
    readers: &[PathBuf],
) -> Result<()> {
    let binaries = binaries(project, readers)?;
    ensure!(!binaries.is_empty(), "no test is built from {readers:?}");
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

/// The test binaries made of these sources, each with the directory it runs in.
fn binaries(project: &Project, readers: &[PathBuf]) -> Result<Vec<(PathBuf, PathBuf)>> {
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
        let Some(binary) = artifact.executable.filter(|_| artifact.profile.test) else {
            continue;
        };
        let directory = artifact
            .manifest_path
            .parent()
            .context("a manifest has no directory")?;
        let source = artifact.target.src_path.as_std_path();
        let source = source.strip_prefix(project.root()).unwrap_or(source);
        let package = directory.as_std_path();
        let package = package.strip_prefix(project.root()).unwrap_or(package);
        if readers
            .iter()
            .any(|reader| is_part_of(reader, source, package))
        {
            binaries.push((directory.into(), binary.into()));
        }
    }
    ensure!(build.wait()?.success(), "the tests do not build");
    Ok(binaries)
}

/// Whether a test target that begins with `source` is made of `reader`: it is the file itself, a module below it, or in
/// the library that all tests of the package may use.
fn is_part_of(reader: &Path, source: &Path, package: &Path) -> bool {
    if !reader.starts_with(package) {
        return false;
    }
    let is_root = source
        .file_name()
        .is_some_and(|name| name == "main.rs" || name == "lib.rs");
    let modules = if is_root { source.parent() } else { None };
    reader == source
        || reader.starts_with(source.with_extension(""))
        || modules.is_some_and(|directory| reader.starts_with(directory))
        || reader.starts_with(package.join("src"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_belongs_to_its_own_test_program() {
        let part = |reader: &str, source: &str| {
            is_part_of(Path::new(reader), Path::new(source), Path::new("crates/a"))
        };
        assert!(part("crates/a/tests/suite.rs", "crates/a/tests/suite.rs"));
        assert!(part(
            "crates/a/tests/suite/more.rs",
            "crates/a/tests/suite.rs"
        ));
        assert!(part(
            "crates/a/tests/it/more.rs",
            "crates/a/tests/it/main.rs"
        ));
        assert!(part("crates/a/src/servers.rs", "crates/a/tests/suite.rs"));
        assert!(!part("crates/a/tests/suite.rs", "crates/a/tests/other.rs"));
        assert!(!part("crates/ab/tests/suite.rs", "crates/a/tests/suite.rs"));
    }
}
