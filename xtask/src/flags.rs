//! The grammar of the command line.

use std::num::NonZeroU32;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Development commands of the cloudbase workspace.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", disable_help_subcommand = true)]
pub(crate) struct Flags {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run all tests and doc tests with all features; needs nothing but a Rust toolchain.
    Test,
    /// Run every gate in order and stop at the first failure.
    Ci(Ci),
    /// Check the rules that no compiler checks: layers, manifests, source files, documents.
    Tidy,
    /// Check each feature alone, named combinations, and what may be in the dependency tree.
    Features,
    /// Check licences, banned crates and sources of all dependencies.
    Deny,
    /// Judge our code by others: official SDKs on Node, MariaDB, Redis.
    Interop(Interop),
    /// Run the side-by-side measurements in release mode.
    Bench(Bench),
    /// Run the fuzz targets for a while.
    Fuzz(Fuzz),
    /// Change the code in one place at a time and count the changes that no test notices.
    Mutants(Mutants),
    /// Weigh the release builds of the smallest useful program and of the emulator.
    Size,
    /// Plan, prepare, check or publish a release.
    Release(Release),
}

#[derive(Debug, Args)]
pub(crate) struct Ci {
    /// Only the gates that take seconds once the workspace is built.
    #[arg(long)]
    pub(crate) fast: bool,
    /// Leave a gate out; may be repeated.
    #[arg(long, value_name = "GATE")]
    pub(crate) skip: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Interop {
    /// Only this judge; may be repeated. All of them by default.
    #[arg(long, value_enum, value_name = "JUDGE")]
    pub(crate) only: Vec<Judge>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Judge {
    /// The published JavaScript SDKs against the emulator.
    Sdks,
    /// A gateway on Node whose upstream dies, for our HTTP/2.
    Gateway,
    /// The suites that talk to MySQL, on MariaDB.
    Mysql,
    /// The suites that talk to Redis.
    Redis,
    /// The store of sessions in a Secret Service, on GNOME Keyring; on Linux alone.
    Keyring,
}

#[derive(Debug, Args)]
pub(crate) struct Bench {
    /// Only this program of `cloudbase-bench`; all of them by default.
    pub(crate) name: Option<String>,
    /// Fail outside the budget, where a program has one.
    #[arg(long)]
    pub(crate) check: bool,
    /// Arguments for the programs.
    #[arg(last = true)]
    pub(crate) args: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Fuzz {
    /// How long each target runs.
    #[arg(long, default_value = "10")]
    pub(crate) seconds: NonZeroU32,
    /// Only this target; all of them by default.
    pub(crate) target: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Mutants {
    /// How many mutants to try.
    #[arg(default_value_t = 300)]
    pub(crate) count: usize,
    /// Chooses the mutants; made from the commit if it is left out.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Only mutants of this package.
    #[arg(long)]
    pub(crate) package: Option<String>,
    /// Only mutants whose name contains this: a file, a function, a change.
    #[arg(long, value_name = "TEXT")]
    pub(crate) only: Option<String>,
    /// Only say which mutants would be tried.
    #[arg(long)]
    pub(crate) list: bool,
    /// Only the tests of each mutant's own crate: reports what survives them, and judges nothing.
    #[arg(long)]
    pub(crate) quick: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Release {
    #[command(subcommand)]
    pub(crate) step: ReleaseStep,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ReleaseStep {
    /// Show what is unreleased, the bump it calls for and the publish order; changes nothing.
    Plan,
    /// Set the version everywhere, cut the changelog, commit on a branch.
    Prepare {
        /// `patch`, `minor`, `major`, or a version.
        bump: String,
    },
    /// Package and build each published crate as if the others were already published.
    Check,
    /// Publish what is not published yet and tag it; a dry run by default.
    Publish {
        /// Really do it.
        #[arg(long)]
        execute: bool,
    },
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Flags;

    #[test]
    fn the_grammar_is_consistent() {
        Flags::command().debug_assert();
    }
}
