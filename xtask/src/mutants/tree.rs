//! The copy of the sources in which mutants live, at a place that stays the same so that builds are reused.
//!
//! Its build directory is its own as well: cargo distinguishes members of a workspace by their path inside it, so a
//! shared one could hand the real sources a mutant's code.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};
use cargo_metadata::camino::Utf8PathBuf;

use crate::project::Project;

#[derive(Debug)]
pub(super) struct Tree {
    pub(super) root: Utf8PathBuf,
    /// Where the copy and its build directory lie.
    pub(super) home: Utf8PathBuf,
}

impl Tree {
    /// Makes the copy equal to the sources but for the texts in `changed`. A file that is equal already keeps its time,
    /// so that it is not built again.
    pub(super) fn copy(project: &Project, changed: &BTreeMap<String, String>) -> Result<Self> {
        let home = home(project);
        let tree = Self {
            root: home.join("sources"),
            home,
        };
        fs::create_dir_all(&tree.root)?;
        let files = project.files()?;
        for file in &files {
            if file.to_str().is_some_and(|file| changed.contains_key(file)) {
                continue;
            }
            let from = project.root().join(file);
            let text =
                fs::read(&from).with_context(|| format!("cannot read {}", from.display()))?;
            tree.write(file, &text)?;
        }
        for (file, text) in changed {
            tree.write(file, text.as_bytes())?;
        }
        let files = files.iter().map(PathBuf::as_path);
        let files = files
            .chain(changed.keys().map(Path::new))
            .map(|file| tree.root.as_std_path().join(file))
            .collect();
        remove_others(tree.root.as_std_path(), &files)?;
        Ok(tree)
    }

    pub(super) fn write(&self, file: impl AsRef<Path>, text: &[u8]) -> Result<()> {
        let path = self.root.as_std_path().join(file);
        if fs::read(&path).is_ok_and(|old| old == text) {
            return Ok(());
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    }

    /// Cargo in the copy, with its build directory.
    pub(super) fn cargo(&self) -> Command {
        let mut cargo = Command::new("cargo");
        cargo
            .current_dir(&self.root)
            .env("CARGO_TARGET_DIR", self.home.join("build"))
            // Nobody debugs it.
            .env("CARGO_PROFILE_DEV_DEBUG", "0")
            // Mutated code is not written to please lints.
            .env("RUSTFLAGS", "--cap-lints=allow");
        cargo
    }
}

/// Where everything lies that a run leaves for the next.
pub(super) fn home(project: &Project) -> Utf8PathBuf {
    project.metadata.target_directory.join("mutants")
}

fn remove_others(folder: &Path, files: &BTreeSet<PathBuf>) -> Result<()> {
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
