//! The fields of a group.

use cloudbase_core::{Error, Result};
use serde::Serialize;

use crate::documents::ejson;
use crate::documents::value::{Document, Value};

/// A field of a group: its name, and what it is made of.
#[derive(Clone, Debug)]
#[must_use = "does nothing by itself"]
pub struct Accumulator {
    name: String,
    value: std::result::Result<Document, Error>,
}

/// The field `name` by any accumulator of the database: `accumulator("n", "$sum", 1)`.
pub fn accumulator(
    name: impl Into<String>,
    operator: &str,
    expression: impl Serialize,
) -> Accumulator {
    let name = name.into();
    let value = match operator.starts_with('$') {
        true => ejson::value_of(&name, &expression).map(|value| Document::one(operator, value)),
        false => Err(Error::argument("operator", "must begin with `$`")),
    };
    Accumulator { name, value }
}

macro_rules! accumulators {
    ($($(#[$doc:meta])* $name:ident = $operator:literal;)+) => {$(
        $(#[$doc])*
        pub fn $name(name: impl Into<String>, expression: impl Serialize) -> Accumulator {
            accumulator(name, $operator, expression)
        }
    )+};
}

accumulators! {
    /// The sum of the numbers that `expression` gives: `sum("n", 1)` counts.
    sum = "$sum";
    /// The average of the numbers that `expression` gives; null of none.
    avg = "$avg";
    /// The smallest value that `expression` gives, null aside.
    min = "$min";
    /// The largest value that `expression` gives, null aside.
    max = "$max";
    /// The value of `expression` for the first document.
    first = "$first";
    /// The value of `expression` for the last document.
    last = "$last";
    /// A list of all values of `expression`.
    push = "$push";
    /// A list of the different values of `expression`.
    #[doc(alias = "addToSet")]
    add_to_set = "$addToSet";
    /// One document of all that `expression` gives, the fields of later ones last.
    #[doc(alias = "mergeObjects")]
    merge_objects = "$mergeObjects";
    /// The standard deviation of the numbers that `expression` gives, of a whole population.
    #[doc(alias = "stdDevPop")]
    std_dev_pop = "$stdDevPop";
    /// The standard deviation of the numbers that `expression` gives, of a sample.
    #[doc(alias = "stdDevSamp")]
    std_dev_samp = "$stdDevSamp";
}

/// Adds the fields to a document that will be that of a stage.
pub(super) fn add(
    document: &mut Document,
    fields: impl IntoIterator<Item = Accumulator>,
) -> Result<()> {
    for Accumulator { name, value } in fields {
        let rule = match name.as_str() {
            "" => "must not be empty",
            name if name.contains('.') || name.starts_with('$') => {
                "must not have dots or begin with `$`"
            }
            name if document.contains(name) => "must be there once",
            _ => {
                document.push(name, Value::from(value?));
                continue;
            }
        };
        return Err(Error::argument("name of a field", rule));
    }
    Ok(())
}
