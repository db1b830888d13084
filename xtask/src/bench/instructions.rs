//! How many instructions a JSON call costs the client, counted by valgrind: on a shared machine rates differ from run to
//! run, this number hardly does.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use xshell::cmd;

use super::PACKAGE;
use crate::{
    budget::{CALL_INSTRUCTIONS, MOCK_CALL_INSTRUCTIONS},
    project::Project,
    tools::VALGRIND,
};

/// The program that makes the calls.
pub(super) const PROGRAM: &str = "instructions";

/// Start-up and the first calls are in both runs, so they fall out of the difference.
const SHORT_RUN: u64 = 1_000;
const LONG_RUN: u64 = 4_000;

/// What the program calls it, what the report calls it, and how many instructions are allowed.
const CLIENTS: [(&str, &str, Option<u64>); 3] = [
    ("mock", "over a mock service", Some(MOCK_CALL_INSTRUCTIONS)),
    ("cloudbase", "over a connection", Some(CALL_INSTRUCTIONS)),
    ("hyper-util", "hyper-util alone", None),
];

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
    println!("instructions per JSON call:");
    let mut too_many = Vec::new();
    for (client, name, limit) in CLIENTS {
        let per_call = count(client, LONG_RUN)?.saturating_sub(count(client, SHORT_RUN)?)
            / (LONG_RUN - SHORT_RUN);
        match limit {
            Some(limit) => {
                println!("  {name:<20} {per_call:>6}, at most {limit} are wanted");
                if per_call > limit {
                    too_many.push(name);
                }
            }
            None => println!("  {name:<20} {per_call:>6}"),
        }
    }
    ensure!(
        !is_check || too_many.is_empty(),
        "too many instructions: {}",
        too_many.join(" and ")
    );
    Ok(())
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
    use super::total;

    #[test]
    fn the_total_is_read_from_what_callgrind_writes() {
        let counts = "version: 1\nevents: Ir\nsummary: 17\n\nfn=(1) main\n3 4711\ntotals: 4711\n";
        assert_eq!(total(counts), Some(4711));
        assert_eq!(total("events: Ir\nfn=(1) main\n"), None);
    }
}
