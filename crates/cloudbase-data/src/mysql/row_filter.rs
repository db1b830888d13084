//! Which conditions choose rows: a write without one would touch the whole table.

use cloudbase_core::{Error, Result};

use super::encode::too_deep;
use super::filter::{Filter, Node, Test};
use super::value::{Repr, Scalar};
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
            "is required: without a condition that chooses rows the call would apply to the whole \
             table, which the service rejects",
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
            Test::Operator(operator, value) if is_empty_test(operator, value, negated) => {
                Reach::Everything
            }
            _ => Reach::Some,
        },
    }
}

/// Whether an operator holds for whatever a column has, because of the value beside it.
fn is_empty_test(operator: &str, value: &Scalar, negated: bool) -> bool {
    let Repr::Text(text) = &value.0 else {
        return false;
    };
    match (operator, negated) {
        ("like" | "ilike", false) => is_any_text(text),
        ("like(all)" | "ilike(all)", false) => elements(text).all(is_any_text),
        ("like(any)" | "ilike(any)", false) => elements(text).any(is_any_text),
        ("like(any)" | "ilike(any)", true) => elements(text).next().is_none(),
        ("match", false) => is_any_regexp(text),
        ("cs", false) | ("ov" | "nxl" | "nxr", true) => is_empty_collection(text),
        // Every range lies within the one without ends, overlaps it, and goes beyond it on no side.
        ("cd" | "ov" | "nxl" | "nxr", false) => is_whole_range(text),
        // None lies beside it, and nothing lies beside the empty one.
        ("sl" | "sr" | "adj", true) => is_whole_range(text) || is_empty_collection(text),
        _ => false,
    }
}

/// A regular expression that every text matches, as far as its form says.
fn is_any_regexp(pattern: &str) -> bool {
    // Both ends with nothing between are the empty text.
    if pattern == "^$" {
        return false;
    }
    let pattern = pattern.strip_prefix('^').unwrap_or(pattern);
    let pattern = pattern.strip_suffix('$').unwrap_or(pattern);
    pattern.replace(".*", "").is_empty()
}

/// A range of PostgreSQL without ends: `(,)`, or one from minus infinity to infinity.
fn is_whole_range(text: &str) -> bool {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let bounds = text
        .strip_prefix(['(', '['])
        .and_then(|text| text.strip_suffix([')', ']']))
        .and_then(|text| text.split_once(','));
    let is = |bound: &str, infinity: &str| {
        let bound = bound.trim_matches('"');
        bound.is_empty() || bound.eq_ignore_ascii_case(infinity)
    };
    bounds.is_some_and(|(lower, upper)| is(lower, "-infinity") && is(upper, "infinity"))
}

/// A pattern that every text matches. To PostgreSQL `*` is the same as `%`.
fn is_any_text(pattern: &str) -> bool {
    !pattern.is_empty() && pattern.chars().all(|c| matches!(c, '%' | '*'))
}

/// What an array literal has in it; good enough to find patterns of wildcards.
fn elements(array: &str) -> impl Iterator<Item = &str> {
    let inner = array.trim().trim_start_matches('{').trim_end_matches('}');
    let is_empty = inner.trim().is_empty();
    let elements = inner.split(',').filter(move |_| !is_empty);
    elements.map(|element| element.trim().trim_matches('"'))
}

/// The empty array, JSON object or list, or range of PostgreSQL.
fn is_empty_collection(text: &str) -> bool {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    text == "{}" || text == "[]" || text.eq_ignore_ascii_case("empty")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_regular_expression_of_nothing_but_ends_finds_empty_text() {
        for (pattern, is_any) in [
            ("", true),
            ("^", true),
            ("$", true),
            (".*", true),
            ("^.*$", true),
            ("^$", false),
            ("^a", false),
        ] {
            let filter = super::super::filter::regexp("title", pattern);
            assert_eq!(require(&[filter]).is_err(), is_any, "{pattern}");
        }
        // Beside it, a condition that holds for everything changes nothing.
        let filters = [
            super::super::filter::regexp("title", "^$"),
            super::super::filter::regexp("note", ".*"),
        ];
        require(&filters).unwrap();
    }
}
