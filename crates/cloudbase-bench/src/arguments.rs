//! What the programs can be asked for on the command line.

use anyhow::{Result, bail};

/// The arguments of a program that holds contests.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Arguments {
    /// `--check`: fail outside the budget.
    pub is_check: bool,
    /// `--rounds=3`: another number of rounds than the contest's own, for a quick look.
    pub rounds: Option<usize>,
}

impl Arguments {
    /// Reads the arguments of this program.
    ///
    /// # Errors
    ///
    /// One of them is unknown.
    pub fn read() -> Result<Self> {
        Self::parse(std::env::args().skip(1))
    }

    fn parse(arguments: impl Iterator<Item = String>) -> Result<Self> {
        let mut read = Self::default();
        for argument in arguments {
            match argument.strip_prefix("--rounds=") {
                Some(rounds) => read.rounds = Some(rounds.parse()?),
                None if argument == "--check" => read.is_check = true,
                None => bail!("unknown argument `{argument}`; there are --check and --rounds=N"),
            }
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_read_and_the_rest_is_rejected() {
        let read = |arguments: &[&str]| {
            Arguments::parse(arguments.iter().map(|&argument| argument.to_owned()))
        };
        let arguments = read(&["--check", "--rounds=3"]).unwrap();
        assert!(arguments.is_check);
        assert_eq!(arguments.rounds, Some(3));
        assert!(read(&["--chekc"]).is_err());
        assert!(read(&["--rounds=many"]).is_err());
    }
}
