//! Values as JSON, with an error that says where a value has no JSON form.
//!
//! [`Checked`] passes a value through to serde_json and looks at what goes by: a number that is not
//! finite (serde_json would write null), a key that an object has twice (through `flatten`), and
//! the place of whatever fails.

mod checker;

use std::cell::RefCell;
use std::fmt;

use serde::{Serialize, Serializer};

use self::checker::Checker;
use crate::error::{Error, ErrorKind, Result};

/// Writes `value` as JSON. `argument` is what the caller knows it as.
///
/// # Errors
///
/// [`ErrorKind::Argument`] if a number is NaN or infinite, [`ErrorKind::Encode`] if something else
/// has no JSON form or an object would have a key twice; the message names the place.
pub fn to_json<T: Serialize + ?Sized>(argument: &str, value: &T) -> Result<Vec<u8>> {
    let report = Report::default();
    let checked = Checked {
        value,
        at: &Path::Root,
        report: &report,
    };
    serde_json::to_vec(&checked).map_err(|error| report.into_error(argument, &error))
}

/// What was found wrong, and where. The first finding stands.
#[derive(Default)]
struct Report(RefCell<Finding>);

#[derive(Default)]
struct Finding {
    problem: Option<Problem>,
    place: Option<String>,
}

/// What serde_json itself does not object to.
#[derive(Clone, Copy)]
enum Problem {
    NotFinite(&'static str),
    Duplicate,
}

impl Report {
    /// Notes a problem, and where it is; gives the error that ends the writing.
    fn problem<E: serde::ser::Error>(&self, problem: Problem, at: &Path<'_>) -> E {
        self.0.borrow_mut().problem.get_or_insert(problem);
        self.locate(at);
        E::custom("invalid value")
    }

    fn locate(&self, at: &Path<'_>) {
        let mut finding = self.0.borrow_mut();
        finding.place.get_or_insert_with(|| at.to_string());
    }

    fn into_error(self, argument: &str, error: &serde_json::Error) -> Error {
        let Finding { problem, place } = self.0.into_inner();
        let place = place.filter(|place| !place.is_empty());
        let encode = |message| Error::new(ErrorKind::Encode, message);
        match (problem, place) {
            (Some(Problem::NotFinite(name)), Some(place)) => Error::argument(
                argument,
                format_args!("must hold finite numbers only: `{place}` is {name}"),
            ),
            (Some(Problem::NotFinite(name)), None) => Error::argument(
                argument,
                format_args!("must be a finite number, and is {name}"),
            ),
            (Some(Problem::Duplicate), place) => encode(format!(
                "`{argument}` cannot be written as JSON: `{}` would be there twice",
                place.unwrap_or_default()
            )),
            (None, Some(place)) => encode(format!(
                "`{argument}` cannot be written as JSON at `{place}`: {error}"
            )),
            (None, None) => encode(format!("`{argument}` cannot be written as JSON: {error}")),
        }
    }
}

/// Where a value is in the whole. Lives on the stack, so that what is in order costs nothing.
enum Path<'a> {
    Root,
    Key { parent: &'a Path<'a>, name: &'a str },
    Index { parent: &'a Path<'a>, index: usize },
}

/// `[3].field_x`
impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Path::Root => Ok(()),
            Path::Key {
                parent: Path::Root,
                name,
            } => f.write_str(name),
            Path::Key { parent, name } => write!(f, "{parent}.{name}"),
            Path::Index { parent, index } => write!(f, "{parent}[{index}]"),
        }
    }
}

/// A value that reports where its writing failed.
struct Checked<'a, T: ?Sized> {
    value: &'a T,
    at: &'a Path<'a>,
    report: &'a Report,
}

impl<T: Serialize + ?Sized> Serialize for Checked<'_, T> {
    fn serialize<S: Serializer>(&self, inner: S) -> Result<S::Ok, S::Error> {
        let (at, report) = (self.at, self.report);
        let checker = Checker { inner, at, report };
        let written = self.value.serialize(checker);
        written.inspect_err(|_| report.locate(at))
    }
}

#[cfg(test)]
mod tests;
