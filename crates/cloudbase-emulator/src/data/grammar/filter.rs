//! Conditions: `column=op.value`, `and=(…)`, `or=(…)` and everything inside them.

use super::cursor::{Cursor, excerpt};
use super::{Comparison, Filter, IsValue, MAX_DEPTH, Test};
use crate::data::error::DataError;

/// Operators that exist, but not on MySQL.
const POSTGRES_ONLY: &[&str] = &[
    "adj",
    "cd",
    "cs",
    "fts",
    "ilike(all)",
    "ilike(any)",
    "imatch",
    "isdistinct",
    "like(all)",
    "like(any)",
    "nxl",
    "nxr",
    "ov",
    "phfts",
    "plfts",
    "sl",
    "sr",
    "wfts",
];

/// Parses the right side of `column=…`.
pub(super) fn parse_top_level(column: &str, value: &str) -> Result<Filter, DataError> {
    let mut cursor = Cursor::new(column, value);
    let negated = eat_not(&mut cursor);
    let operator = operator(&mut cursor)?;
    let test = match operator {
        Operator::In => {
            let list = in_list(&mut cursor)?;
            if !cursor.at_end() {
                return Err(cursor.error("nothing may follow the list of `in`"));
            }
            Test::In(list)
        }
        operator => operator.with_value(cursor.take_rest().to_owned(), &cursor)?,
    };
    Ok(wrap(
        negated,
        Filter::Test {
            column: column.to_owned(),
            test,
        },
    ))
}

/// Parses the right side of `and=(…)`, `or=(…)`, `not.and=(…)`, `not.or=(…)`.
pub(super) fn parse_group(
    parameter: &str,
    any: bool,
    negated: bool,
    value: &str,
) -> Result<Filter, DataError> {
    let mut cursor = Cursor::new(parameter, value);
    cursor.skip_blanks();
    let members = group(&mut cursor, 0)?;
    cursor.skip_blanks();
    if !cursor.at_end() {
        return Err(cursor.error("nothing may follow the closing parenthesis"));
    }
    Ok(wrap(negated, join(any, members)))
}

fn group(cursor: &mut Cursor<'_>, depth: usize) -> Result<Vec<Filter>, DataError> {
    if depth >= MAX_DEPTH {
        return Err(cursor.error(format!("conditions nest deeper than {MAX_DEPTH}")));
    }
    cursor.expect('(')?;
    let mut members = Vec::new();
    loop {
        cursor.skip_blanks();
        members.push(member(cursor, depth)?);
        cursor.skip_blanks();
        if !cursor.eat(",") {
            cursor.expect(')')?;
            return Ok(members);
        }
    }
}

fn member(cursor: &mut Cursor<'_>, depth: usize) -> Result<Filter, DataError> {
    let start = cursor.position();
    let negated = cursor.eat("not.");
    for (word, any) in [("and", false), ("or", true)] {
        let before = cursor.position();
        if cursor.eat(word) {
            if cursor.peek() == Some('(') {
                return Ok(wrap(negated, join(any, group(cursor, depth + 1)?)));
            }
            cursor.rewind(before);
        }
    }
    // A column may itself be called `not`.
    if negated {
        cursor.rewind(start);
    }
    let column = cursor.name()?;
    cursor.expect('.')?;
    let negated = eat_not(cursor);
    let operator = operator(cursor)?;
    let test = match operator {
        Operator::In => Test::In(in_list(cursor)?),
        operator => {
            let value = element(cursor, ')');
            operator.with_value(value, cursor)?
        }
    };
    Ok(wrap(negated, Filter::Test { column, test }))
}

fn eat_not(cursor: &mut Cursor<'_>) -> bool {
    cursor.eat("not.")
}

#[derive(Clone, Copy)]
enum Operator {
    Compare(Comparison),
    Like,
    ILike,
    Regexp,
    In,
    Is,
}

/// Reads `op.`; the dot belongs to it.
fn operator(cursor: &mut Cursor<'_>) -> Result<Operator, DataError> {
    // `like(any)` carries parentheses, every other operator is a plain word.
    let rest = cursor.rest();
    let end = rest.find('.').unwrap_or(rest.len());
    let word = &rest[..end];
    let operator = match word {
        "eq" => Operator::Compare(Comparison::Equal),
        "neq" => Operator::Compare(Comparison::NotEqual),
        "gt" => Operator::Compare(Comparison::Greater),
        "gte" => Operator::Compare(Comparison::GreaterOrEqual),
        "lt" => Operator::Compare(Comparison::Less),
        "lte" => Operator::Compare(Comparison::LessOrEqual),
        "like" => Operator::Like,
        "ilike" => Operator::ILike,
        "match" => Operator::Regexp,
        "in" => Operator::In,
        "is" => Operator::Is,
        other => {
            // `fts(english)` names a configuration.
            let bare = if other.ends_with("(any)") || other.ends_with("(all)") {
                other
            } else {
                other.split('(').next().unwrap_or(other)
            };
            return Err(if POSTGRES_ONLY.contains(&bare) {
                DataError::invalid_operator(format!(
                    "operator {bare:?} exists on PostgreSQL only; this is a MySQL database"
                ))
            } else {
                DataError::invalid_operator(format!(
                    "{:?} is not an operator (in {:?})",
                    excerpt(bare),
                    excerpt(rest)
                ))
            });
        }
    };
    cursor.eat(word);
    cursor.expect('.')?;
    Ok(operator)
}

impl Operator {
    fn with_value(self, value: String, cursor: &Cursor<'_>) -> Result<Test, DataError> {
        Ok(match self {
            Self::Compare(comparison) => Test::Compare(comparison, value),
            Self::Like => Test::Like(value),
            Self::ILike => Test::ILike(value),
            Self::Regexp => Test::Regexp(value),
            Self::In => Test::In(vec![value]),
            Self::Is => Test::Is(match value.to_ascii_lowercase().as_str() {
                "null" => IsValue::Null,
                "unknown" => IsValue::Unknown,
                "true" => IsValue::True,
                "false" => IsValue::False,
                _ => {
                    return Err(cursor.error(format!(
                        "`is` takes null, unknown, true or false, not {:?}",
                        excerpt(&value)
                    )));
                }
            }),
        })
    }
}

/// `(a,b,"c,d")`; the operator page also writes brackets.
fn in_list(cursor: &mut Cursor<'_>) -> Result<Vec<String>, DataError> {
    let close = if cursor.eat("[") {
        ']'
    } else {
        cursor.expect('(')?;
        ')'
    };
    let mut values = Vec::new();
    if cursor.peek() == Some(close) {
        cursor.expect(close)?;
        return Ok(values);
    }
    loop {
        values.push(element(cursor, close));
        if !cursor.eat(",") {
            cursor.expect(close)?;
            return Ok(values);
        }
    }
}

/// One value inside parentheses: quoted with backslash escapes, or bare up to a separator. The
/// official builder quotes only what holds a comma or a parenthesis, so `e"f` is a bare value.
fn element(cursor: &mut Cursor<'_>, close: char) -> String {
    let start = cursor.position();
    if let Some(quoted) = cursor.quoted() {
        if cursor.peek().is_none_or(|c| c == ',' || c == close) {
            return quoted;
        }
        cursor.rewind(start);
    }
    cursor.take_while(|c| c != ',' && c != close).to_owned()
}

fn join(any: bool, members: Vec<Filter>) -> Filter {
    if any {
        Filter::Any(members)
    } else {
        Filter::All(members)
    }
}

fn wrap(negated: bool, filter: Filter) -> Filter {
    if negated {
        Filter::Not(Box::new(filter))
    } else {
        filter
    }
}
