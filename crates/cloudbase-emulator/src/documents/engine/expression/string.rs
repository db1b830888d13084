//! `$concat`, `$split`, `$strcasecmp`, `$strLenBytes`, `$strLenCP`, `$toLower`, `$toUpper`; `$ltrim`, `$rtrim`, `$trim`,
//! `$replaceAll`, `$replaceOne`.

use bson::Bson;

use super::{
    super::rejection::{Result, reject},
    Value,
    array::count,
    convert::text_of,
    operator::{
        ANY, NULL, Named, NamedOperands, ONE, Operands, Positional, TWO, named, positional, some,
    },
};

pub(super) const OPERATORS: &[Positional] = &[
    positional("$concat", ANY, concat),
    positional("$split", TWO, split),
    positional("$strLenBytes", ONE, |operands| {
        Ok(some(count(operands.text(0)?.len())))
    }),
    positional("$strLenCP", ONE, |operands| {
        Ok(some(count(operands.text(0)?.chars().count())))
    }),
    positional("$strcasecmp", TWO, compare_ignoring_case),
    positional("$toLower", ONE, |operands| {
        Ok(some(printed(operands, 0)?.to_ascii_lowercase()))
    }),
    positional("$toUpper", ONE, |operands| {
        Ok(some(printed(operands, 0)?.to_ascii_uppercase()))
    }),
];

pub(super) const NAMED: &[Named] = &[
    named("$ltrim", &["input", "chars"], 1, |operands| {
        trim(operands, Side::Left)
    }),
    named("$rtrim", &["input", "chars"], 1, |operands| {
        trim(operands, Side::Right)
    }),
    named("$trim", &["input", "chars"], 1, |operands| {
        trim(operands, Side::Both)
    }),
    named(
        "$replaceAll",
        &["input", "find", "replacement"],
        3,
        |operands| replace(operands, usize::MAX),
    ),
    named(
        "$replaceOne",
        &["input", "find", "replacement"],
        3,
        |operands| replace(operands, 1),
    ),
];

/// An operand as a string: null is empty, numbers and dates are written out.
pub(super) fn printed(operands: &Operands<'_>, index: usize) -> Result<String> {
    match operands.get(index) {
        _ if operands.is_null(index) => Ok(String::new()),
        Some(Bson::String(text) | Bson::Symbol(text)) => Ok(text.clone()),
        Some(
            value @ (Bson::Int32(_)
            | Bson::Int64(_)
            | Bson::Double(_)
            | Bson::Decimal128(_)
            | Bson::DateTime(_)),
        ) => text_of(operands.operator, value),
        Some(value) => Err(operands.wrong(value, "a string")),
        None => Ok(String::new()),
    }
}

fn concat(operands: &Operands<'_>) -> Result<Value> {
    let mut all = String::new();
    for index in 0..operands.values.len() {
        if operands.is_null(index) {
            return Ok(NULL);
        }
        all.push_str(operands.text(index)?);
    }
    Ok(some(all))
}

fn split(operands: &Operands<'_>) -> Result<Value> {
    if operands.any_null() {
        return Ok(NULL);
    }
    let (text, delimiter) = (operands.text(0)?, operands.text(1)?);
    if delimiter.is_empty() {
        reject!("$split: the delimiter cannot be empty");
    }
    let parts: Vec<_> = text
        .split(delimiter)
        .map(|part| Bson::String(part.to_owned()))
        .collect();
    Ok(some(parts))
}

/// Only ASCII letters have two cases.
fn compare_ignoring_case(operands: &Operands<'_>) -> Result<Value> {
    let (left, right) = (printed(operands, 0)?, printed(operands, 1)?);
    let order = left.to_ascii_uppercase().cmp(&right.to_ascii_uppercase());
    Ok(some(order as i32))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
    Both,
}

fn trim(operands: &NamedOperands<'_>, side: Side) -> Result<Value> {
    if operands.is_null("input") || operands.is_given_null("chars") {
        return Ok(NULL);
    }
    let mut text = operands.text("input")?;
    let characters = match operands.given("chars") {
        None => None,
        Some(_) => Some(operands.text("chars")?),
    };
    let cut = |character: char| match characters {
        None => character.is_whitespace() || character == '\0',
        Some(characters) => characters.contains(character),
    };
    if side != Side::Right {
        text = text.trim_start_matches(cut);
    }
    if side != Side::Left {
        text = text.trim_end_matches(cut);
    }
    Ok(some(text))
}

fn replace(operands: &NamedOperands<'_>, most: usize) -> Result<Value> {
    let names = ["input", "find", "replacement"];
    if names.iter().any(|name| operands.is_null(name)) {
        // The others must be strings all the same.
        for name in names.iter().filter(|name| !operands.is_null(name)) {
            operands.text(name)?;
        }
        return Ok(NULL);
    }
    let (text, find) = (operands.text("input")?, operands.text("find")?);
    Ok(some(text.replacen(
        find,
        operands.text("replacement")?,
        most,
    )))
}
