//! `$regexFind`, `$regexFindAll`, `$regexMatch`.

use bson::{Bson, doc};
use regex::{Captures, Regex};

use super::{
    super::{
        pattern::{compile_operands, groups},
        rejection::Result,
    },
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
    let first = regex.captures(text);
    let mut found = Found::new(text, &regex);
    Ok(Some(
        first.map_or(Bson::Null, |captures| found.object(&captures)),
    ))
}

fn find_all(named: &NamedOperands<'_>) -> Result<Value> {
    let Some((text, regex)) = operands(named)? else {
        return Ok(some(Vec::<Bson>::new()));
    };
    let mut found = Found::new(text, &regex);
    let all: Vec<_> = regex
        .captures_iter(text)
        .map(|captures| found.object(&captures))
        .collect();
    Ok(some(all))
}

/// Matches as objects, one after the other.
struct Found<'a> {
    text: &'a str,
    regex: &'a Regex,
    /// How far the text was counted, in bytes and in code points.
    counted: (usize, usize),
}

impl<'a> Found<'a> {
    fn new(text: &'a str, regex: &'a Regex) -> Self {
        let counted = (0, 0);
        Self {
            text,
            regex,
            counted,
        }
    }

    /// `idx` counts code points.
    fn object(&mut self, captures: &Captures<'_>) -> Bson {
        let (groups, end) = groups(self.regex, captures);
        let mut groups = groups.into_iter();
        let (start, most) = groups
            .next()
            .flatten()
            .map_or((0, 0), |matched| (matched.start(), matched.end()));
        let text = |from: usize, to: usize| self.text.get(from..to).unwrap_or_default();
        let index = self.counted.1 + text(self.counted.0, start).chars().count();
        let matched = text(start, end.unwrap_or(most));
        self.counted = (start, index);
        let groups: Vec<_> = groups
            .map(|group| group.map_or(Bson::Null, |group| group.as_str().into()))
            .collect();
        Bson::Document(doc! { "match": matched, "idx": count(index), "captures": groups })
    }
}
