//! How many instructions a JSON call costs the client, counted by valgrind: on a shared machine rates differ from run to
//! run, this number hardly does.

use std::{fmt, path::Path};

use anyhow::{Context, Result, ensure};
use xshell::cmd;

use super::PACKAGE;
use crate::{
    budget::{CALL_OF_HYPER_UTIL, MOCK_CALL_INSTRUCTIONS},
    project::Project,
    tools::VALGRIND,
};

/// The program that makes the calls.
pub(super) const PROGRAM: &str = "instructions";

/// Start-up and the first calls are in both runs, so they fall out of the difference.
const SHORT_RUN: u64 = 1_000;
const LONG_RUN: u64 = 4_000;

/// What the program calls each client.
const MOCK: &str = "mock";
const SDK: &str = "cloudbase";
const HYPER_UTIL: &str = "hyper-util";

/// Counts; too many are an error if `is_check`.
pub(super) fn run(project: &Project, is_check: bool) -> Result<()> {
    let valgrind = VALGRIND.find()?;
    let program = project.build_release(PACKAGE, PROGRAM)?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("counts");
    let count = |client: &str, calls: u64| -> Result<u64> {
        let calls = calls.to_string();
        // The server is a child of the program and is not counted.
        cmd!(
            project.sh,
            "{valgrind} --quiet --tool=callgrind --trace-children=no --callgrind-out-file={file} {program} {client} {calls}"
        )
        .quiet()
        .run()?;
        read_total(&file)
    };
    let per_call = |client: &str| -> Result<u64> {
        let calls = LONG_RUN - SHORT_RUN;
        Ok(count(client, LONG_RUN)?.saturating_sub(count(client, SHORT_RUN)?) / calls)
    };
    let counts = Counts {
        mock: per_call(MOCK)?,
        sdk: per_call(SDK)?,
        hyper_util: per_call(HYPER_UTIL)?,
    };
    println!("instructions per JSON call:\n{counts}");
    let too_many = counts.too_many();
    ensure!(
        !is_check || too_many.is_empty(),
        "too many instructions: {}",
        too_many.join(" and ")
    );
    Ok(())
}

/// Instructions of one call.
struct Counts {
    mock: u64,
    sdk: u64,
    hyper_util: u64,
}

impl Counts {
    fn of_hyper_util(&self) -> f64 {
        self.sdk as f64 / self.hyper_util as f64
    }

    /// What is outside its budget.
    fn too_many(&self) -> Vec<&'static str> {
        let mut too_many = Vec::new();
        if self.mock > MOCK_CALL_INSTRUCTIONS {
            too_many.push("over a mock service");
        }
        if self.of_hyper_util() > CALL_OF_HYPER_UTIL {
            too_many.push("over a connection");
        }
        too_many
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            mock,
            sdk,
            hyper_util,
        } = self;
        writeln!(
            f,
            "  over a mock service  {mock:>6}, at most {MOCK_CALL_INSTRUCTIONS}"
        )?;
        writeln!(
            f,
            "  over a connection    {sdk:>6}, {:.3} of hyper-util's, at most {CALL_OF_HYPER_UTIL:.2}",
            self.of_hyper_util()
        )?;
        write!(f, "  hyper-util alone     {hyper_util:>6}")
    }
}

fn read_total(file: &Path) -> Result<u64> {
    let counts = std::fs::read_to_string(file).context("valgrind has written no counts")?;
    total(&counts).context("valgrind's counts have no total")
}

/// The instructions of the whole run, as callgrind's file sums them up.
fn total(counts: &str) -> Option<u64> {
    let line = counts
        .lines()
        .find_map(|line| line.strip_prefix("totals:"))?;
    line.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{Counts, total};

    #[test]
    fn the_total_is_read_from_what_callgrind_writes() {
        let counts = "version: 1\nevents: Ir\nsummary: 17\n\nfn=(1) main\n3 4711\ntotals: 4711\n";
        assert_eq!(total(counts), Some(4711));
        assert_eq!(total("events: Ir\nfn=(1) main\n"), None);
    }

    #[test]
    fn a_call_is_judged_beside_hyper_util() {
        let too_many = |mock, sdk| {
            let hyper_util = 30_000;
            Counts {
                mock,
                sdk,
                hyper_util,
            }
            .too_many()
            .len()
        };
        assert_eq!(too_many(15_418, 33_000), 0);
        assert_eq!(too_many(15_419, 33_000), 1);
        assert_eq!(too_many(17_001, 33_001), 2);
    }
}
