//! `docs/mutants.md`: the mutants that are known to survive, with the reason why no test is to notice them.

use std::collections::BTreeSet;

use anyhow::{Result, bail};

use super::mutant::Mutant;
use crate::project::Project;

const FILE: &str = "docs/mutants.md";

/// File and change of each mutant on the list.
#[derive(Debug, Default)]
pub(super) struct Survivors(BTreeSet<(String, String)>);

impl Survivors {
    pub(super) fn read(project: &Project) -> Result<Self> {
        Self::parse(&project.read(FILE)?)
    }

    /// The rows of the table: file, change, reason. The first two are code.
    fn parse(text: &str) -> Result<Self> {
        let mut survivors = BTreeSet::new();
        for line in text.lines().filter(|line| line.starts_with("| `")) {
            let mut code = line.split('`').skip(1).step_by(2);
            let reason = line
                .trim_end_matches(['|', ' '])
                .rsplit('`')
                .next()
                .unwrap_or_default();
            match (code.next(), code.next()) {
                (Some(file), Some(change)) if reason.contains(char::is_alphabetic) => {
                    survivors.insert((file.to_owned(), change.to_owned()));
                }
                _ => bail!(
                    "{FILE}: a row has the file and the change as code, then the reason: {line}"
                ),
            }
        }
        Ok(Self(survivors))
    }

    pub(super) fn has(&self, mutant: &Mutant) -> bool {
        self.0
            .contains(&(mutant.file.clone(), mutant.change().to_owned()))
    }

    /// An error if the list names a mutant that is not among `all`: its code has changed, and so may the reason have.
    pub(super) fn check(&self, all: &[Mutant]) -> Result<()> {
        let all: BTreeSet<_> = all
            .iter()
            .map(|mutant| (mutant.file.clone(), mutant.change().to_owned()))
            .collect();
        let gone: Vec<_> = self
            .0
            .difference(&all)
            .map(|(file, change)| format!("{file}: {change}"))
            .collect();
        if !gone.is_empty() {
            bail!(
                "{FILE} names mutants that are no more:\n{}",
                gone.join("\n")
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{super::mutant::Genre, *};

    fn mutant(line: usize, change: &str) -> Mutant {
        let mut mutant = Mutant::sample("a.rs", Genre::FnValue, line, 1..2, "()");
        mutant.name = format!("a.rs:{line}:1: {change}");
        mutant
    }

    #[test]
    fn a_mutant_is_known_by_its_file_and_change() {
        let text = "# Mutants\n\n| file | change | why |\n|---|---|---|\n| `a.rs` | `replace b with ()` | It only saves time. |\n";
        let known = Survivors::parse(text).unwrap();
        assert!(known.has(&mutant(7, "replace b with ()")));
        assert!(!known.has(&mutant(7, "replace c with ()")));
        assert!(known.check(&[mutant(9, "replace b with ()")]).is_ok());
        let error = known.check(&[mutant(9, "replace c with ()")]).unwrap_err();
        assert!(
            error.to_string().contains("a.rs: replace b with ()"),
            "{error}"
        );
    }

    #[test]
    fn a_row_without_a_reason_is_rejected() {
        for row in [
            "| `a.rs` | `replace b with ()` | |",
            "| `a.rs` | It only saves time. |",
        ] {
            assert!(Survivors::parse(row).is_err(), "{row}");
        }
    }
}
