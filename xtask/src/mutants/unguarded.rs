//! The mutants of a run that have no guard. They are kept beside the build, so that the next run on the same sources, with
//! another test perhaps, need not find them and build everything again.

use std::{collections::BTreeSet, fs};

use anyhow::Result;
use cargo_metadata::camino::Utf8Path;
use serde::{Deserialize, Serialize};

const FILE: &str = "unguarded.json";

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Unguarded {
    /// They do not compile.
    pub(super) unviable: BTreeSet<usize>,
    /// No guard can switch them on while tests run: each is built by itself.
    pub(super) alone: BTreeSet<usize>,
}

impl Unguarded {
    /// What was written with the same fingerprint.
    pub(super) fn read(home: &Utf8Path, fingerprint: u64) -> Option<Self> {
        let text = fs::read(home.join(FILE)).ok()?;
        let (of, unguarded) = serde_json::from_slice::<(u64, Self)>(&text).ok()?;
        (of == fingerprint).then_some(unguarded)
    }

    pub(super) fn write(&self, home: &Utf8Path, fingerprint: u64) -> Result<()> {
        let text = serde_json::to_vec(&(fingerprint, self))?;
        Ok(fs::write(home.join(FILE), text)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_run_on_the_same_sources_is_remembered() {
        let folder = tempfile::tempdir().unwrap();
        let home = Utf8Path::from_path(folder.path()).unwrap();
        let unguarded = Unguarded {
            unviable: [1, 2].into(),
            alone: [3].into(),
        };
        assert_eq!(Unguarded::read(home, 7), None);
        unguarded.write(home, 7).unwrap();
        assert_eq!(Unguarded::read(home, 7), Some(unguarded));
        assert_eq!(Unguarded::read(home, 8), None);
    }
}
