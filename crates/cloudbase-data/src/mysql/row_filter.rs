//! Which conditions choose rows: a write without one would touch the whole table.

use cloudbase_core::{Error, Result};

use super::encode::too_deep;
use super::filter::{Filter, Node, Test};
use crate::reach::Reach;

/// Checks that `filters`, which were encoded and are therefore not too deep, choose the rows of a
/// write.
pub(crate) fn require(filters: &[Filter]) -> Result<()> {
    for filter in filters {
        check_columns(filter)?;
    }
    match Reach::all(filters.iter().map(|filter| reach(filter, false))) {
        Reach::Everything => Err(Error::argument(
            "filter",
            "is required: without a condition that chooses rows all of the table would change, \
             which the service rejects",
        )),
        Reach::Some | Reach::Nothing => Ok(()),
    }
}

/// Rejects conditions on relations wherever they are: they narrow down what is shown of a row, and
/// beside a condition on the table itself they would seem to protect rows that they do not.
fn check_columns(filter: &Filter) -> Result<()> {
    match &filter.0 {
        Node::All(filters) | Node::Any(filters) => filters.iter().try_for_each(check_columns),
        Node::Not(inner) => check_columns(inner),
        Node::TooDeep => Err(too_deep()),
        Node::Test { column, .. } if column.path.is_empty() => Ok(()),
        Node::Test { column, .. } => Err(Error::argument(
            "filter",
            format_args!(
                "must test columns of the table itself: a condition on a relation (`{}.{}`) \
                 chooses no rows",
                column.path.join("."),
                column.name
            ),
        )),
    }
}

fn reach(filter: &Filter, negated: bool) -> Reach {
    let members = |filters: &[Filter]| -> Vec<Reach> {
        filters.iter().map(|one| reach(one, negated)).collect()
    };
    match (&filter.0, negated) {
        (Node::All(filters), false) | (Node::Any(filters), true) => Reach::all(members(filters)),
        (Node::Any(filters), false) | (Node::All(filters), true) => Reach::any(members(filters)),
        (Node::Not(inner), _) => reach(inner, !negated),
        // Nobody knows what was in it; it is rejected before this.
        (Node::TooDeep, _) => Reach::Everything,
        (Node::Test { test, .. }, _) => match test {
            Test::In(values) if values.is_empty() && negated => Reach::Everything,
            Test::In(values) if values.is_empty() => Reach::Nothing,
            _ => Reach::Some,
        },
    }
}
