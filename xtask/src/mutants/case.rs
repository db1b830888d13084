//! The tests that mutants meet, each run in a process of its own.

use std::{
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use cargo_metadata::{Artifact, camino::Utf8PathBuf};

/// Tests that say nothing about a mutant: they compare how long processes take, which other work on the machine
/// changes, or run the compiler.
const LEFT_OUT: &[&str] = &[
    "eight_processes_",
    "a_process_that_is_killed_",
    "the_compiler_says_what_does_not_fit",
];

/// What a mutant may take of the machine, in KiB of addresses: one that collects for ever must not take all.
const MEMORY: &str = "6000000";

/// One test.
#[derive(Debug, Clone)]
pub(super) struct Case {
    program: Utf8PathBuf,
    folder: Utf8PathBuf,
    name: String,
    pub(super) package: String,
}

/// How a test ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Passed,
    Failed,
    TimedOut,
}

impl Case {
    /// The tests of a program.
    pub(super) fn list(artifact: &Artifact) -> Result<Vec<Self>> {
        let program = artifact
            .executable
            .as_ref()
            .context("a test program has no file")?;
        let folder = artifact
            .manifest_path
            .parent()
            .context("a manifest stands in a folder")?;
        let package = package_of(&artifact.package_id.repr);
        let names = |only: &[&str]| -> Result<Vec<String>> {
            let output = Command::new(program)
                .args(["--list", "--format", "terse"])
                .args(only)
                .current_dir(folder)
                .output()
                .with_context(|| format!("cannot run {program}"))?;
            ensure!(output.status.success(), "{program} does not list its tests");
            let listing = String::from_utf8(output.stdout)?;
            let names = listing
                .lines()
                .filter_map(|line| line.strip_suffix(": test"));
            Ok(names.map(str::to_owned).collect())
        };
        let ignored = names(&["--ignored"])?;
        let mut cases = Vec::new();
        for name in names(&[])? {
            if ignored.contains(&name) || LEFT_OUT.iter().any(|part| name.contains(part)) {
                continue;
            }
            cases.push(Self {
                program: program.clone(),
                folder: folder.to_owned(),
                name,
                package: package.to_owned(),
            });
        }
        Ok(cases)
    }

    /// Runs the test with a variable set, for at most `limit`.
    pub(super) fn run(&self, variable: Option<(&str, &str)>, limit: Duration) -> Result<End> {
        let mut command = self.command();
        command
            .arg("--exact")
            .arg(&self.name)
            .current_dir(&self.folder)
            .env("CARGO_MANIFEST_DIR", &self.folder)
            .envs(variable)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let child = command
            .spawn()
            .with_context(|| format!("cannot run {}", self.program))?;
        Ok(match wait(child, limit)? {
            Some(status) if status.success() => End::Passed,
            Some(_) => End::Failed,
            None => End::TimedOut,
        })
    }

    #[cfg(unix)]
    fn command(&self) -> Command {
        use std::os::unix::process::CommandExt as _;

        let mut command = Command::new("sh");
        command
            .args(["-c", "ulimit -v $0; exec \"$@\"", MEMORY])
            .arg(&self.program)
            .process_group(0);
        command
    }

    #[cfg(not(unix))]
    fn command(&self) -> Command {
        Command::new(&self.program)
    }
}

/// The name in the id of a package, which leaves it out where its folder has the same name.
fn package_of(id: &str) -> &str {
    let (path, version) = id.split_once('#').unwrap_or((id, ""));
    match version.split_once('@') {
        Some((name, _)) => name,
        None => path.rsplit('/').next().unwrap_or_default(),
    }
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let program = self.program.file_stem().unwrap_or_default();
        let target = program.rsplit_once('-').map_or(program, |(name, _)| name);
        write!(f, "{}::{target} {}", self.package, self.name)
    }
}

/// Waits for a test; `None` if it was ended after `limit`.
fn wait(mut child: Child, limit: Duration) -> Result<Option<ExitStatus>> {
    let id = child.id();
    let (sender, ended) = mpsc::channel();
    thread::spawn(move || sender.send(child.wait()));
    match ended.recv_timeout(limit) {
        Err(RecvTimeoutError::Timeout) => {
            end(id)?;
            ended.recv()??;
            Ok(None)
        }
        status => Ok(Some(status??)),
    }
}

/// Ends a test and the processes that it has started; it may have ended by itself meanwhile.
fn end(id: u32) -> Result<()> {
    let mut command = if cfg!(unix) {
        let mut command = Command::new("kill");
        command.args(["-KILL", "--", &format!("-{id}")]);
        command
    } else {
        let mut command = Command::new("taskkill");
        command.args(["/F", "/T", "/PID", &id.to_string()]);
        command
    };
    command.status().context("cannot end a test")?;
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::process::CommandExt as _;

    use super::*;

    #[test]
    fn a_test_that_never_ends_is_ended() {
        let child = Command::new("sleep")
            .arg("600")
            .process_group(0)
            .spawn()
            .unwrap();
        assert_eq!(wait(child, Duration::ZERO).unwrap(), None);
    }

    #[test]
    fn a_package_is_known_by_its_id() {
        assert_eq!(package_of("path+file:///a/crates/b#0.1.0"), "b");
        assert_eq!(package_of("path+file:///a/tests#b-tests@0.1.0"), "b-tests");
    }

    #[test]
    fn the_end_of_a_test_is_its_status() {
        for (program, end) in [("/bin/true", End::Passed), ("/bin/false", End::Failed)] {
            let case = Case {
                program: program.into(),
                folder: "/".into(),
                name: "a".to_owned(),
                package: "b".to_owned(),
            };
            assert_eq!(case.run(None, Duration::from_secs(60)).unwrap(), end);
        }
    }
}
