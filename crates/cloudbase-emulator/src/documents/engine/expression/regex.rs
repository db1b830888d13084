//! `$regexFind`, `$regexFindAll`, `$regexMatch`.

use bson::{Bson, doc};
use regex::{Captures, Regex};

use super::{
    super::{pattern::compile_operands, rejection::Result},
    Value,
    array::count,
    operator::{NULL, Named, NamedOperands, named, some},
};

const NAMES: &[&str] = &["input", "regex", "options"];

pub(super) const NAMED: &[Named] = &[
    named("$regexFind", NAMES, 2, find),
    named("$regexFindAll", NAMES, 2, find_all),
    named("$regexMatch", NAMES, 2, is_match),
];

/// The text and the expression; `None` if one is null.
fn operands<'a>(operands: &'a NamedOperands<'_>) -> Result<Option<(&'a str, Regex)>> {
    let regex = match operands.get("regex") {
        Some(pattern) if !operands.is_null("regex") => Some(compile_operands(
            pattern,
            operands.get("options"),
            operands.operator(),
        )?),
        _ => None,
    };
    let text = if operands.is_null("input") {
        None
    } else {
        Some(operands.text("input")?)
    };
    Ok(text.zip(regex))
}

fn is_match(named: &NamedOperands<'_>) -> Result<Value> {
    let matches = operands(named)?.is_some_and(|(text, regex)| regex.is_match(text));
    Ok(some(matches))
}

fn find(named: &NamedOperands<'_>) -> Result<Value> {
    let Some((text, regex)) = operands(named)? else {
        return Ok(NULL);
    };
    Ok(Some(match regex.captures(text) {
        Some(captures) => found(text, &captures),
        None => Bson::Null,
    }))
}

fn find_all(named: &NamedOperands<'_>) -> Result<Value> {
    let Some((text, regex)) = operands(named)? else {
        return Ok(some(Vec::<Bson>::new()));
    };
    let all: Vec<_> = regex
        .captures_iter(text)
        .map(|captures| found(text, &captures))
        .collect();
    Ok(some(all))
}

/// `idx` counts code points.
fn found(text: &str, captures: &Captures<'_>) -> Bson {
    let (start, matched) = captures
        .get(0)
        .map_or((0, ""), |matched| (matched.start(), matched.as_str()));
    let before = text.get(..start).unwrap_or_default();
    let groups: Vec<_> = captures
        .iter()
        .skip(1)
        .map(|group| group.map_or(Bson::Null, |group| group.as_str().into()))
        .collect();
    Bson::Document(doc! {
        "match": matched,
        "idx": count(before.chars().count()),
        "captures": groups,
    })
}
