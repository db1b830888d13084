//! Programs that are not part of a Rust toolchain: where they are, or how they are installed.

use std::{
    env, fmt,
    path::{Path, PathBuf},
};

/// A program that some commands need.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tool {
    pub(crate) program: &'static str,
    pub(crate) install: &'static str,
}

pub(crate) const CARGO_DENY: Tool = Tool {
    program: "cargo-deny",
    install: "cargo install --locked cargo-deny --version 0.20.2",
};
pub(crate) const CARGO_FUZZ: Tool = Tool {
    program: "cargo-fuzz",
    install: "cargo install --locked cargo-fuzz",
};
pub(crate) const CARGO_MUTANTS: Tool = Tool {
    program: "cargo-mutants",
    install: "cargo install --locked cargo-mutants --version 27.1.0",
};
pub(crate) const NEXTEST: Tool = Tool {
    program: "cargo-nextest",
    install: "cargo install --locked cargo-nextest",
};
pub(crate) const NODE: Tool = Tool {
    program: "node",
    install: "apt-get install -y nodejs npm",
};
pub(crate) const NPM: Tool = Tool {
    program: "npm",
    install: "apt-get install -y nodejs npm",
};
pub(crate) const MARIADBD: Tool = Tool {
    program: "mariadbd",
    install: "apt-get install -y mariadb-server",
};
pub(crate) const MARIADB_INSTALL: Tool = Tool {
    program: "mariadb-install-db",
    install: "apt-get install -y mariadb-server",
};
pub(crate) const REDIS: Tool = Tool {
    program: "redis-server",
    install: "apt-get install -y redis-server",
};
pub(crate) const DBUS: Tool = Tool {
    program: "dbus-daemon",
    install: "apt-get install -y dbus",
};
pub(crate) const DBUS_SEND: Tool = Tool {
    program: "dbus-send",
    install: "apt-get install -y dbus",
};
pub(crate) const GNOME_KEYRING: Tool = Tool {
    program: "gnome-keyring-daemon",
    install: "apt-get install -y gnome-keyring",
};
pub(crate) const VALGRIND: Tool = Tool {
    program: "valgrind",
    install: "apt-get install -y valgrind",
};

/// The error for a tool that is not there; the program exits with a status of its own for it.
#[derive(Debug)]
pub(crate) struct MissingTool(pub(crate) Tool);

impl fmt::Display for MissingTool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} is not installed; install it with: {}",
            self.0.program, self.0.install
        )
    }
}

impl std::error::Error for MissingTool {}

impl Tool {
    /// Where the program is.
    pub(crate) fn find(self) -> Result<PathBuf, MissingTool> {
        // Servers of Debian's packages lie in directories that an ordinary user's PATH leaves out.
        let path = env::var_os("PATH").unwrap_or_default();
        let extra = ["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from);
        let directories = env::split_paths(&path).chain(extra);
        find_in(self.program, directories).ok_or(MissingTool(self))
    }

    pub(crate) fn is_installed(self) -> bool {
        self.find().is_ok()
    }
}

fn find_in(program: &str, directories: impl IntoIterator<Item = PathBuf>) -> Option<PathBuf> {
    let name = format!("{program}{}", env::consts::EXE_SUFFIX);
    directories
        .into_iter()
        .map(|directory| directory.join(&name))
        .find(|path| is_program(path))
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;

    path.metadata()
        .is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_tool_is_named_with_its_command() {
        let text = MissingTool(REDIS).to_string();
        assert!(
            text.contains("redis-server") && text.contains("apt-get install"),
            "{text}"
        );
    }

    #[cfg(unix)]
    #[test]
    fn only_what_can_be_executed_is_found() {
        use std::os::unix::fs::PermissionsExt;

        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("tool");
        std::fs::write(&file, "").unwrap();
        let directories = || [directory.path().to_owned()];
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(find_in("tool", directories()), None);
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(find_in("tool", directories()), Some(file));
    }
}
