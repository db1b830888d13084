//! The copy of the sources in which mutants live, at a place that stays the same so that builds are reused.
//!
//! Its build directory is its own as well: cargo distinguishes members of a workspace by their path inside it, so a
//! shared one could hand the real sources a mutant's code.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use anyhow::{Context, Result};
use cargo_metadata::camino::Utf8PathBuf;

use super::Outcome;
use crate::project::Project;

pub(super) struct Tree {
    pub(super) root: Utf8PathBuf,
    pub(super) build: Utf8PathBuf,
    /// Where cargo-mutants writes what it found.
    pub(super) out: Utf8PathBuf,
}

impl Tree {
    /// Makes the copy equal to the sources. A file that is equal already keeps its time, so that it is not built again.
    pub(super) fn copy(project: &Project) -> Result<Self> {
        let home = project.metadata.target_directory.join("mutants");
        let tree = Self {
            root: home.join("sources"),
            build: home.join("build"),
            out: home.clone(),
        };
        fs::create_dir_all(&tree.root)?;
        let files = project.files()?;
        for file in &files {
            let from = project.root().join(file);
            let to = tree.root.as_std_path().join(file);
            let text =
                fs::read(&from).with_context(|| format!("cannot read {}", from.display()))?;
            if fs::read(&to).is_ok_and(|old| old == text) {
                continue;
            }
            if let Some(folder) = to.parent() {
                fs::create_dir_all(folder)?;
            }
            fs::write(&to, text).with_context(|| format!("cannot write {}", to.display()))?;
        }
        let files: BTreeSet<_> = files
            .iter()
            .map(|file| tree.root.as_std_path().join(file))
            .collect();
        remove_others(tree.root.as_std_path(), &files)?;
        Ok(tree)
    }

    /// Cargo, with the build directory of the copy.
    pub(super) fn cargo(&self) -> Command {
        let mut cargo = Command::new("cargo");
        cargo
            .env("CARGO_TARGET_DIR", &self.build)
            // A mutant is one changed function: what the compiler remembers of the others pays, and nobody debugs it.
            .env("CARGO_INCREMENTAL", "1")
            .env("CARGO_PROFILE_DEV_DEBUG", "0");
        cargo
    }

    /// What the last run of cargo-mutants found.
    pub(super) fn outcome(&self) -> Result<Outcome> {
        let names = |file: &str| -> Result<BTreeSet<String>> {
            let path = self.out.join("mutants.out").join(file);
            let text = fs::read_to_string(&path).with_context(|| format!("cannot read {path}"))?;
            Ok(text.lines().map(str::to_owned).collect())
        };
        let mut killed = names("caught.txt")?;
        killed.extend(names("timeout.txt")?);
        Ok(Outcome {
            killed,
            survived: names("missed.txt")?,
            unviable: names("unviable.txt")?,
        })
    }
}

fn remove_others(folder: &Path, files: &BTreeSet<std::path::PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            remove_others(&path, files)?;
        } else if !files.contains(&path) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_run_found_is_read_from_its_files() {
        let folder = tempfile::tempdir().unwrap();
        let out = Utf8PathBuf::try_from(folder.path().to_owned()).unwrap();
        fs::create_dir(out.join("mutants.out")).unwrap();
        for (file, text) in [
            ("caught.txt", "a\nb\n"),
            ("timeout.txt", "c\n"),
            ("missed.txt", "d\n"),
            ("unviable.txt", ""),
        ] {
            fs::write(out.join("mutants.out").join(file), text).unwrap();
        }
        let tree = Tree {
            root: out.clone(),
            build: out.clone(),
            out,
        };
        let outcome = tree.outcome().unwrap();
        assert_eq!(outcome.killed.len(), 3);
        assert_eq!(outcome.survived.len(), 1);
        assert_eq!(outcome.unviable.len(), 0);
    }

    #[test]
    fn files_that_are_gone_leave_the_copy() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("a")).unwrap();
        for file in ["a/kept", "a/gone", "gone"] {
            fs::write(folder.path().join(file), "").unwrap();
        }
        remove_others(folder.path(), &[folder.path().join("a/kept")].into()).unwrap();
        assert!(folder.path().join("a/kept").is_file());
        assert!(!folder.path().join("a/gone").exists() && !folder.path().join("gone").exists());
    }
}
