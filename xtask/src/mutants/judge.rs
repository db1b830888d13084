//! Which mutants the tests kill.

use std::{
    collections::BTreeSet,
    fs,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};

use super::{
    case::{Case, End},
    parallel,
};

/// The variable that switches a mutant on.
const ACTIVE: &str = "CLOUDBASE_MUTANT";

/// The variable that names the file in which a test notes the mutants whose code it reaches.
const REACHED: &str = "CLOUDBASE_MUTANTS_REACHED";

/// A test that takes so many times longer than without a mutant waits for ever.
const TIMEOUT_FACTOR: u32 = 10;

/// The least timeout: the machine does other work as well.
const LEAST_TIMEOUT: Duration = Duration::from_secs(15);

/// The limit of a test on the sources as they are.
const BASE_TIMEOUT: Duration = Duration::from_secs(180);

/// A test, and what a run on the sources as they are has shown.
#[derive(Debug)]
pub(super) struct Measured {
    pub(super) case: Case,
    time: Duration,
    reached: BTreeSet<usize>,
}

/// Runs each test on the sources as they are, leaves out those that fail, and puts those first that take the least time.
pub(super) fn measure(cases: &[Case]) -> Result<Vec<Measured>> {
    let folder = tempfile::tempdir()?;
    let measured = parallel::map(cases, |number, case| {
        let path = folder.path().join(number.to_string());
        fs::write(&path, "")?;
        let file = path.to_str().context("a temporary path is text")?;
        let started = Instant::now();
        if case.run(Some((REACHED, file)), BASE_TIMEOUT)? != End::Passed {
            println!("left out, it fails without a mutant: {case}");
            return Ok(None);
        }
        Ok(Some(Measured {
            case: case.clone(),
            time: started.elapsed(),
            reached: numbers(&fs::read(&path)?),
        }))
    })?;
    let mut tests: Vec<_> = measured.into_iter().flatten().collect();
    tests.sort_by_key(|test| test.time);
    Ok(tests)
}

/// The numbers that the switch has written, four bytes each.
fn numbers(bytes: &[u8]) -> BTreeSet<usize> {
    let (numbers, _) = bytes.as_chunks();
    numbers
        .iter()
        .map(|&number| u32::from_le_bytes(number) as usize)
        .collect()
}

/// Whether one of `tests` notices the mutant with that number, of those that reach it.
pub(super) fn kills<'a>(number: usize, tests: impl Iterator<Item = &'a Measured>) -> Result<bool> {
    let value = number.to_string();
    any(
        tests.filter(|test| test.reached.contains(&number)),
        |test| {
            let end = test.case.run(Some((ACTIVE, &value)), test.limit())?;
            // What fails without the mutant as well has not noticed it.
            Ok(end != End::Passed && test.case.run(None, BASE_TIMEOUT)? == End::Passed)
        },
    )
}

/// Whether one of `tests` fails on the code as it is built.
pub(super) fn fails<'a>(tests: impl Iterator<Item = &'a Measured>) -> Result<bool> {
    any(tests, |test| {
        Ok(test.case.run(None, test.limit())? != End::Passed)
    })
}

fn any<'a>(
    tests: impl Iterator<Item = &'a Measured>,
    notices: impl Fn(&Measured) -> Result<bool>,
) -> Result<bool> {
    for test in tests {
        if notices(test)? {
            return Ok(true);
        }
    }
    Ok(false)
}

impl Measured {
    fn limit(&self) -> Duration {
        (self.time * TIMEOUT_FACTOR).max(LEAST_TIMEOUT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_the_switch_are_read() {
        assert_eq!(numbers(&[7, 0, 0, 0, 0, 1, 0, 0]), BTreeSet::from([7, 256]));
    }
}
