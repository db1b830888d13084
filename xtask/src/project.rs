//! The workspace as the commands see it: root, members, and a shell that stands in the root.

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context, Result};
use cargo_metadata::{Metadata, MetadataCommand, Package, camino::Utf8PathBuf};
use xshell::Shell;

/// The workspace, read once per run.
pub(crate) struct Project {
    pub(crate) sh: Shell,
    pub(crate) metadata: Metadata,
}

impl Project {
    /// Finds the workspace that this program was built from and reads its manifests.
    pub(crate) fn open() -> Result<Self> {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
        let metadata = MetadataCommand::new()
            .manifest_path(manifest)
            .no_deps()
            .exec()
            .context("cannot read the workspace")?;
        let sh = Shell::new()?;
        sh.change_dir(&metadata.workspace_root);
        Ok(Self { sh, metadata })
    }

    pub(crate) fn root(&self) -> &Path {
        self.metadata.workspace_root.as_std_path()
    }

    pub(crate) fn members(&self) -> Vec<&Package> {
        self.metadata.workspace_packages()
    }

    /// The members that are published, in the order in which the manifests list them.
    pub(crate) fn published(&self) -> Vec<&Package> {
        self.members()
            .into_iter()
            .filter(|package| is_published(package))
            .collect()
    }

    /// Builds a program for release and says where it is. The package is built by itself, so that no other member
    /// switches on a feature in its dependencies.
    pub(crate) fn build_release(&self, package: &str, program: &str) -> Result<Utf8PathBuf> {
        xshell::cmd!(
            self.sh,
            "cargo build --release --locked -p {package} --bin {program}"
        )
        .run()?;
        let name = format!("{program}{}", std::env::consts::EXE_SUFFIX);
        Ok(self.metadata.target_directory.join("release").join(name))
    }

    /// The text of a file of the workspace.
    pub(crate) fn read(&self, path: impl AsRef<Path>) -> Result<String> {
        let path = path.as_ref();
        std::fs::read_to_string(self.root().join(path))
            .with_context(|| format!("cannot read {}", path.display()))
    }

    /// Every file that is, or is about to be, under version control, relative to the root.
    pub(crate) fn files(&self) -> Result<Vec<PathBuf>> {
        let listing = xshell::cmd!(
            self.sh,
            "git ls-files --cached --others --exclude-standard --deduplicate"
        )
        .quiet()
        .read()
        .context("git cannot list the files of the workspace")?;
        Ok(listing
            .lines()
            .map(PathBuf::from)
            .filter(|path| self.root().join(path).is_file())
            .collect())
    }
}

/// Whether a package goes to a registry.
pub(crate) fn is_published(package: &Package) -> bool {
    package
        .publish
        .as_ref()
        .is_none_or(|registries| !registries.is_empty())
}

/// Runs a step under a headline and says how long it took.
pub(crate) fn timed<T>(name: &str, step: impl FnOnce() -> Result<T>) -> Result<T> {
    println!("── {name}");
    let started = Instant::now();
    let outcome = step();
    let verdict = if outcome.is_ok() { "ok" } else { "failed" };
    println!(
        "── {name}: {verdict} after {:.1} s\n",
        started.elapsed().as_secs_f64()
    );
    outcome
}
