//! `cargo xtask mutants`: changes the code in one place at a time and counts the changes that no test notices.
//!
//! A mutant meets the tests of its own crate first, which kill most of them in about a minute each; what survives
//! meets the end-to-end tests. It is all done on a copy of the sources with a build directory of its own.

mod survivors;
mod tree;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use xshell::cmd;

use self::{survivors::Survivors, tree::Tree};
use crate::{
    budget::KILLED_PER_CENT,
    flags::Mutants,
    project::Project,
    tools::{CARGO_MUTANTS, NEXTEST},
};

/// The sources that are mutated: what a silent mistake would cost most.
const FILES: &[&str] = &[
    "crates/cloudbase-core/src/**/*.rs",
    "crates/cloudbase-auth/src/flows/session.rs",
    "crates/cloudbase-auth/src/flows/session/**/*.rs",
    "crates/cloudbase-auth/src/token.rs",
    "crates/cloudbase-auth/src/token/**/*.rs",
    "crates/cloudbase-auth/src/store.rs",
    "crates/cloudbase-auth/src/store/**/*.rs",
    "crates/cloudbase-data/src/mysql.rs",
    "crates/cloudbase-data/src/mysql/**/*.rs",
    "crates/cloudbase-storage/src/upload.rs",
    "crates/cloudbase-storage/src/upload/**/*.rs",
    "crates/cloudbase-storage/src/download.rs",
    "crates/cloudbase-storage/src/download/**/*.rs",
];

/// `Debug` is for people; that it shows no secret has tests of its own, and a mutant shows less.
const EXCLUDED: &str = "impl (fmt::)?Debug for";

/// The package of the end-to-end tests.
const END_TO_END: &str = "cloudbase-tests";

/// The tests of one mutant count as failed after so many times what they take without it: it has made one of them wait
/// for ever. A machine that other work slows down in the meantime must not kill a mutant.
const TIMEOUT_FACTOR: u32 = 4;

/// The least timeout.
const LEAST_TIMEOUT: Duration = Duration::from_secs(60);

/// A sample with fewer viable mutants than this says little about the share, and is judged with a margin.
const SMALL_SAMPLE: usize = 100;

/// Exit statuses of cargo-mutants with which it has judged each mutant: all were caught, some missed, some timed out.
const JUDGED: &[i32] = &[0, 2, 3];

/// One change of the code.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Mutant {
    /// As cargo-mutants lists it: `file:line:column: change`.
    name: String,
}

impl Mutant {
    fn file(&self) -> &str {
        self.name.split(':').next().unwrap_or_default()
    }

    /// What is changed, and in which function.
    fn change(&self) -> &str {
        self.name.splitn(4, ':').nth(3).unwrap_or_default().trim()
    }

    fn package(&self) -> &str {
        self.file().split('/').nth(1).unwrap_or_default()
    }
}

/// What became of the mutants of a run.
#[derive(Debug, Default)]
struct Outcome {
    killed: BTreeSet<String>,
    survived: BTreeSet<String>,
    unviable: BTreeSet<String>,
}

impl Outcome {
    /// What became of those in `names`.
    fn of(mut self, names: &BTreeSet<&str>) -> Self {
        for set in [&mut self.killed, &mut self.survived, &mut self.unviable] {
            set.retain(|name| names.contains(name.as_str()));
        }
        self
    }
}

pub(crate) fn run(project: &Project, options: &Mutants) -> Result<()> {
    CARGO_MUTANTS.find()?;
    let tree = Tree::copy(project)?;
    let mut all = list(project, &tree)?;
    let known = Survivors::read(project)?;
    known.check(&all)?;
    if let Some(package) = &options.package {
        all.retain(|mutant| mutant.package() == package);
    }

    let seed = match options.seed {
        Some(seed) => seed,
        None => seed_of_commit(project)?,
    };
    let mutants = sample(&all, options.count, seed);
    println!(
        "{} of {} mutants, chosen by `--seed {seed}`",
        mutants.len(),
        all.len()
    );
    if options.list {
        for mutant in &mutants {
            println!("{}", mutant.name);
        }
        return Ok(());
    }

    let outcome = judge(&tree, &mutants, options.quick)?;
    let most = match options.quick {
        true => mutants.len(),
        false => most_survivors(outcome.killed.len() + outcome.survived.len()),
    };
    report(&outcome, &mutants, &known, most)
}

fn list(project: &Project, tree: &Tree) -> Result<Vec<Mutant>> {
    let root = &tree.root;
    let files = FILES.iter().flat_map(|file| ["--file", file]);
    let listing = cmd!(
        project.sh,
        "cargo mutants --no-config --dir {root} --workspace --list {files...} --exclude-re {EXCLUDED}"
    )
    .quiet()
    .read()
    .context("cargo-mutants cannot list the mutants")?;
    let mut mutants: Vec<_> = listing
        .lines()
        .map(|name| Mutant {
            name: name.to_owned(),
        })
        .collect();
    ensure!(!mutants.is_empty(), "there is nothing to mutate");
    mutants.sort();
    Ok(mutants)
}

/// The first digits of the commit: other mutants for each change, the same ones when a run is repeated.
fn seed_of_commit(project: &Project) -> Result<u64> {
    let commit = cmd!(project.sh, "git rev-parse HEAD").quiet().read()?;
    let digits = commit
        .get(..8)
        .context("git does not say which commit this is")?;
    Ok(u64::from_str_radix(digits, 16)?)
}

fn sample(all: &[Mutant], count: usize, seed: u64) -> Vec<Mutant> {
    let mut mutants = all.to_vec();
    fastrand::Rng::with_seed(seed).shuffle(&mut mutants);
    mutants.truncate(count);
    mutants.sort();
    mutants
}

/// The tests of each mutant's own crate, then those from end to end for what is left, unless it is to be `quick`.
fn judge(tree: &Tree, mutants: &[Mutant], quick: bool) -> Result<Outcome> {
    let mut by_package: BTreeMap<&str, Vec<&Mutant>> = BTreeMap::new();
    for mutant in mutants {
        by_package.entry(mutant.package()).or_default().push(mutant);
    }
    let mut outcome = Outcome::default();
    let mut left = Vec::new();
    for (package, mutants) in by_package {
        let first = test(tree, &mutants, package)?;
        outcome.killed.extend(first.killed);
        outcome.unviable.extend(first.unviable);
        left.extend(
            mutants
                .into_iter()
                .filter(|mutant| first.survived.contains(&mutant.name)),
        );
        outcome.survived.extend(first.survived);
    }
    if !left.is_empty() && !quick {
        let second = test(tree, &left, END_TO_END)?;
        outcome.killed.extend(second.killed);
        outcome.unviable.extend(second.unviable);
        outcome.survived = second.survived;
    }
    Ok(outcome)
}

/// Runs the tests of one package on each mutant, after they have passed on the sources as they are.
fn test(tree: &Tree, mutants: &[&Mutant], tests: &str) -> Result<Outcome> {
    println!("── {tests} on the sources as they are");
    let timeout = (pass(tree, tests)? * TIMEOUT_FACTOR)
        .max(LEAST_TIMEOUT)
        .as_secs()
        .to_string();
    println!("── {} mutants against {tests}", mutants.len());
    let exact: Vec<_> = mutants
        .iter()
        .map(|mutant| format!("^{}$", escape(&mutant.name)))
        .collect();
    let exact = exact.iter().flat_map(|name| ["--re", name]);
    // Mutants that delete a field get past `--re` in this version of cargo-mutants; their file keeps them few.
    let files: BTreeSet<_> = mutants.iter().map(|mutant| mutant.file()).collect();
    let files = files.into_iter().flat_map(|file| ["--file", file]);
    let packages: BTreeSet<_> = mutants.iter().map(|mutant| mutant.package()).collect();
    let packages = packages
        .into_iter()
        .flat_map(|package| ["--package", package]);
    let tool = if NEXTEST.is_installed() {
        "nextest"
    } else {
        "cargo"
    };
    let status = tree
        .cargo()
        .args([
            "mutants",
            "--no-config",
            "--in-place",
            "--caught",
            "--unviable",
        ])
        .args(["--dir", tree.root.as_str(), "--output", tree.out.as_str()])
        .args(packages)
        .args(files)
        .args(exact)
        .args([
            "--test-package",
            tests,
            "--test-tool",
            tool,
            "--all-features",
        ])
        .args(["--baseline", "skip", "--timeout", &timeout, "--", "--tests"])
        .status()
        .context("cannot run cargo-mutants")?;
    ensure!(
        status.code().is_some_and(|code| JUDGED.contains(&code)),
        "cargo-mutants ended early"
    );
    let names = mutants.iter().map(|mutant| mutant.name.as_str()).collect();
    let outcome = tree.outcome()?.of(&names);
    let judged = outcome.killed.len() + outcome.survived.len() + outcome.unviable.len();
    ensure!(
        judged == mutants.len(),
        "cargo-mutants has judged {judged} of {} mutants",
        mutants.len()
    );
    Ok(outcome)
}

/// Runs the tests of one package on the sources as they are, and returns how long that takes once they are built. What
/// cargo-mutants itself would run for this is the tests of the mutated packages, whatever is asked for.
fn pass(tree: &Tree, tests: &str) -> Result<Duration> {
    let run = |extra: &[&str]| -> Result<()> {
        let mut cargo = tree.cargo();
        if NEXTEST.is_installed() {
            cargo.args(["nextest", "run"]);
        } else {
            cargo.args(["test", "--quiet"]);
        }
        let status = cargo
            .args(["--package", tests, "--all-features", "--tests"])
            .args(extra)
            .current_dir(&tree.root)
            .status()
            .context("cannot run cargo")?;
        ensure!(
            status.success(),
            "{tests} does not pass on the sources as they are, so nothing would be a mutant's doing"
        );
        Ok(())
    };
    run(&["--no-run"])?;
    let started = Instant::now();
    run(&[])?;
    Ok(started.elapsed())
}

/// A regular expression that matches `name` and nothing else.
fn escape(name: &str) -> String {
    let mut escaped = String::new();
    for c in name.chars() {
        if r"\.+*?()|[]{}^$".contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

fn report(outcome: &Outcome, mutants: &[Mutant], known: &Survivors, most: usize) -> Result<()> {
    let (killed, survived) = (outcome.killed.len(), outcome.survived.len());
    let viable = killed + survived;
    println!(
        "{killed} killed, {survived} survived, {} unviable: {:.1} % of {viable} viable mutants were killed",
        outcome.unviable.len(),
        100.0 * killed as f64 / viable.max(1) as f64
    );
    for mutant in mutants
        .iter()
        .filter(|mutant| outcome.survived.contains(&mutant.name))
    {
        let state = if known.has(mutant) {
            "known"
        } else {
            "new: write a test, or its reason into docs/mutants.md"
        };
        println!("survived, {state}: {}", mutant.name);
    }
    if survived > most {
        bail!("{survived} of {viable} survived: at least {KILLED_PER_CENT} % must be killed");
    }
    Ok(())
}

/// How many of so many viable mutants may survive. A small sample has a margin of three standard deviations, so that
/// chance does not fail it: 3 of 8.
fn most_survivors(viable: usize) -> usize {
    let chance = 1.0 - KILLED_PER_CENT as f64 / 100.0;
    let expected = viable as f64 * chance;
    let margin = if viable < SMALL_SAMPLE {
        3.0 * (expected * (1.0 - chance)).sqrt()
    } else {
        0.0
    };
    // The small addition is for what binary fractions lose.
    (expected + margin + 1e-9).floor() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mutants(count: usize) -> Vec<Mutant> {
        (0..count)
            .map(|line| Mutant {
                name: format!("crates/a/src/b.rs:{line}:1: replace c with ()"),
            })
            .collect()
    }

    #[test]
    fn a_mutant_is_read_from_its_name() {
        let mutant = Mutant {
            name: "crates/cloudbase-core/src/body.rs:80:9: replace Body::empty -> Self with Default::default()".to_owned(),
        };
        assert_eq!(mutant.file(), "crates/cloudbase-core/src/body.rs");
        assert_eq!(mutant.package(), "cloudbase-core");
        assert_eq!(
            mutant.change(),
            "replace Body::empty -> Self with Default::default()"
        );
    }

    #[test]
    fn a_seed_chooses_the_same_mutants_each_time() {
        let all = mutants(100);
        assert_eq!(sample(&all, 8, 1), sample(&all, 8, 1));
        assert_ne!(sample(&all, 8, 1), sample(&all, 8, 2));
        assert_eq!(sample(&all, 8, 1).len(), 8);
        assert_eq!(sample(&all, 300, 1).len(), 100);
    }

    #[test]
    fn a_name_is_matched_literally() {
        assert_eq!(
            escape("a.rs:1:2: replace <T>::b -> Option<()> with Some([])"),
            r"a\.rs:1:2: replace <T>::b -> Option<\(\)> with Some\(\[\]\)"
        );
    }

    #[test]
    fn a_small_sample_has_a_margin() {
        assert_eq!([0, 8, 100, 300].map(most_survivors), [0, 3, 10, 30]);
    }
}
