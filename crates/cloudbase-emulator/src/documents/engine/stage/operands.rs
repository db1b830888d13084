//! What the stages share: their operands by name.

use bson::{Bson, Document};

use super::super::{
    expression::{Expression, Known},
    path::{Path, parse_path},
    rejection::{Rejection, Result, reject},
};

/// Checks for the operands that must be there and those that may.
pub(super) fn check<'a>(
    stage: &str,
    operands: &'a Document,
    required: &[&str],
    optional: &[&str],
) -> Result<&'a Document> {
    for name in operands.keys() {
        if !required.contains(&name.as_str()) && !optional.contains(&name.as_str()) {
            reject!("{stage}: unknown operand `{name}`");
        }
    }
    for name in required {
        if !operands.contains_key(name) {
            reject!("{stage} needs `{name}`");
        }
    }
    Ok(operands)
}

pub(super) fn expression(
    stage: &str,
    operands: &Document,
    name: &str,
    known: &Known,
) -> Result<Expression> {
    match operands.get(name) {
        Some(operand) => Expression::parse(operand, known),
        None => reject!("{stage} needs `{name}`"),
    }
}

/// Rejects a constant where a stage wants a path or an operator.
pub(super) fn is_computed(stage: &str, operand: &Bson) -> Result<()> {
    let computed = match operand {
        Bson::String(text) => text.starts_with('$'),
        Bson::Document(operator) => operator
            .keys()
            .next()
            .is_some_and(|name| name.starts_with('$')),
        _ => false,
    };
    if !computed {
        reject!("{stage} needs a path that begins with `$`, or an expression");
    }
    Ok(())
}

pub(super) fn text<'a>(stage: &str, operands: &'a Document, name: &str) -> Result<&'a str> {
    operands
        .get(name)
        .and_then(Bson::as_str)
        .ok_or_else(|| Rejection::new(format!("{stage}: `{name}` must be a string")))
}

/// The dotted path that a result is put at.
pub(super) fn path(stage: &str, operands: &Document, name: &str) -> Result<Path> {
    parse_path(text(stage, operands, name)?, stage)
}

/// Puts a value at a path. Missing objects are created, and other values on the way are replaced by objects.
pub(super) fn put(document: &mut Document, path: &[String], value: Bson) {
    let Some((name, rest)) = path.split_first() else {
        return;
    };
    if rest.is_empty() {
        document.insert(name, value);
        return;
    }
    let slot = document
        .entry(name.clone())
        .or_insert_with(|| Bson::Document(Document::new()));
    if !matches!(slot, Bson::Document(_)) {
        *slot = Bson::Document(Document::new());
    }
    if let Bson::Document(inner) = slot {
        put(inner, rest, value);
    }
}
