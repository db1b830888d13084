//! `cargo xtask mutants`: changes the code in one place at a time and counts the changes that no test notices.
//!
//! All mutants of a sample are compiled at once into a copy of the sources, each behind a condition that an environment
//! variable decides when a test runs. So the tests are built once, and a mutant costs no more than running those tests
//! which reach its code: first its own crate's, then those from end to end. The few mutants that no condition can
//! switch on (they change a constant, or an opaque type) are built one by one.

mod case;
mod compile;
mod guard;
mod judge;
mod mutant;
mod parallel;
mod sources;
mod survivors;
mod syntax;
mod text;
mod tree;
mod unguarded;

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use xshell::cmd;

use self::{
    case::Case, compile::Build, judge::Measured, mutant::Mutant, sources::Sources,
    survivors::Survivors, tree::Tree,
};
use crate::{
    budget::KILLED_PER_CENT,
    flags::Mutants,
    project::{Project, timed},
    tools::CARGO_MUTANTS,
};

/// The package of the end-to-end tests.
const END_TO_END: &str = "cloudbase-tests";

/// A sample with fewer viable mutants than this says too little about the share to be judged.
const LEAST_SAMPLE: usize = 100;

pub(crate) fn run(project: &Project, options: &Mutants) -> Result<()> {
    CARGO_MUTANTS.find()?;
    let mut all = mutant::list(project)?;
    let known = Survivors::read(project)?;
    known.check(&all)?;
    if let Some(package) = &options.package {
        all.retain(|mutant| mutant.package == *package);
    }
    if let Some(part) = &options.only {
        all.retain(|mutant| mutant.name.contains(part));
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
    let outcome = Run::new(project, &mutants, options.quick)?.judge()?;
    report(&outcome, &mutants, &known, options.quick)
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
    mutants.sort_by(|a, b| a.name.cmp(&b.name));
    mutants
}

/// What became of the mutants of a run, by number.
#[derive(Debug, Default)]
struct Outcome {
    killed: BTreeSet<usize>,
    survived: BTreeSet<usize>,
    unviable: BTreeSet<usize>,
}

impl Outcome {
    fn add(&mut self, number: usize, is_killed: bool) {
        match is_killed {
            true => self.killed.insert(number),
            false => self.survived.insert(number),
        };
    }
}

/// A sample of mutants in its copy of the sources.
struct Run<'a> {
    mutants: &'a [Mutant],
    sources: Sources<'a>,
    tree: Tree,
    /// Only the tests of each mutant's own crate.
    quick: bool,
}

impl<'a> Run<'a> {
    fn new(project: &Project, mutants: &'a [Mutant], quick: bool) -> Result<Self> {
        let mut sources = Sources::read(project, mutants)?;
        sources.recall(&tree::home(project));
        let tree = Tree::copy(project, &sources.copies())?;
        Ok(Self {
            mutants,
            sources,
            tree,
            quick,
        })
    }

    fn judge(mut self) -> Result<Outcome> {
        let packages = self.packages();
        let programs = timed("build the tests", || {
            self.sources.build(&self.tree, &packages)
        })?;
        let mut tests = Vec::new();
        for program in &programs {
            tests.extend(Case::list(program)?);
        }
        let tests = timed("run the tests without a mutant", || judge::measure(&tests))?;
        let mut outcome = Outcome {
            unviable: self.sources.unguarded.unviable.clone(),
            ..Outcome::default()
        };
        timed("run the tests with a mutant each", || {
            self.judge_guarded(&tests, &mut outcome)
        })?;
        timed("build the mutants that have no guard", || {
            self.judge_alone(&tests, &mut outcome)
        })?;
        Ok(outcome)
    }

    fn judge_guarded(&self, tests: &[Measured], outcome: &mut Outcome) -> Result<()> {
        let guarded = self.sources.guarded();
        println!("{} mutants, {} tests", guarded.len(), tests.len());
        let killed = parallel::map(&guarded, |_, &number| {
            let mutant = &self.mutants[number];
            let is_killed = judge::kills(number, in_order(tests, mutant))?;
            if !is_killed {
                println!("survived: {}", mutant.name);
            }
            Ok(is_killed)
        })?;
        for (&number, is_killed) in guarded.iter().zip(killed) {
            outcome.add(number, is_killed);
        }
        Ok(())
    }

    fn judge_alone(&self, tests: &[Measured], outcome: &mut Outcome) -> Result<()> {
        for &number in &self.sources.unguarded.alone {
            let mutant = &self.mutants[number];
            println!("{}", mutant.name);
            self.sources.apply(&self.tree, mutant)?;
            match compile::build(&self.tree, &self.packages())? {
                Build::Done(_) => {
                    let is_killed = judge::fails(in_order(tests, mutant))?;
                    outcome.add(number, is_killed);
                }
                Build::Failed(_) => {
                    outcome.unviable.insert(number);
                }
            }
            self.sources.undo(&self.tree, mutant)?;
        }
        Ok(())
    }

    /// The packages whose tests run.
    fn packages(&self) -> BTreeSet<&'a str> {
        let mut packages = self.sources.packages();
        if !self.quick {
            packages.insert(END_TO_END);
        }
        packages
    }
}

/// The tests of the mutant's own crate, then those from end to end.
fn in_order<'a>(tests: &'a [Measured], mutant: &'a Mutant) -> impl Iterator<Item = &'a Measured> {
    let of = |package: &'a str| {
        tests
            .iter()
            .filter(move |test| test.case.package == package)
    };
    of(&mutant.package).chain(of(END_TO_END))
}

fn report(outcome: &Outcome, mutants: &[Mutant], known: &Survivors, quick: bool) -> Result<()> {
    let (killed, survived) = (outcome.killed.len(), outcome.survived.len());
    let viable = killed + survived;
    println!(
        "{killed} killed, {survived} survived, {} unviable: {:.1} % of {viable} viable mutants were killed",
        outcome.unviable.len(),
        100.0 * killed as f64 / viable.max(1) as f64
    );
    for mutant in outcome.survived.iter().map(|&number| &mutants[number]) {
        let state = if known.has(mutant) {
            "known"
        } else {
            "new: write a test, or its reason into docs/mutants.md"
        };
        println!("survived, {state}: {}", mutant.name);
    }
    if !quick && viable >= LEAST_SAMPLE && killed * 100 < viable * KILLED_PER_CENT {
        bail!("{survived} of {viable} survived: at least {KILLED_PER_CENT} % must be killed");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{mutant::Genre, *};

    fn mutants(count: usize) -> Vec<Mutant> {
        (1..=count)
            .map(|line| Mutant::sample("crates/a/src/b.rs", Genre::FnValue, line, 1..2, "()"))
            .collect()
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
    fn a_sample_is_judged_from_a_hundred_viable_mutants_on() {
        let judged = |killed: usize, survived: usize| {
            let outcome = Outcome {
                killed: (0..killed).collect(),
                survived: (killed..killed + survived).collect(),
                ..Outcome::default()
            };
            report(
                &outcome,
                &mutants(killed + survived),
                &Survivors::default(),
                false,
            )
        };
        assert!(judged(40, 10).is_ok());
        assert!(judged(90, 10).is_ok());
        assert!(judged(90, 11).is_err());
    }
}
