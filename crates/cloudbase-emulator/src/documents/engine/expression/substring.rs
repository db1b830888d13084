//! `$indexOfBytes`, `$indexOfCP`, `$substr`, `$substrBytes`, `$substrCP`: by bytes and by code points.

use super::{
    super::rejection::{Result, reject},
    Value,
    array::{bounds, count},
    operator::{NULL, Operands, Positional, positional, some},
    string::printed,
};

pub(super) const OPERATORS: &[Positional] = &[
    positional("$indexOfBytes", (2, 4), index_of_bytes),
    positional("$indexOfCP", (2, 4), index_of_code_points),
    positional("$substr", (3, 3), by_bytes),
    positional("$substrBytes", (3, 3), by_bytes),
    positional("$substrCP", (3, 3), by_code_points),
];

fn index_of_bytes(operands: &Operands<'_>) -> Result<Value> {
    if operands.is_null(0) {
        return Ok(NULL);
    }
    let (text, find) = (operands.text(0)?, operands.text(1)?);
    let (start, end) = bounds(operands, text.len())?;
    let found = text
        .as_bytes()
        .get(start..end)
        .and_then(|part| position(part, find.as_bytes()));
    Ok(some(found.map_or(-1, |found| count(start + found))))
}

fn index_of_code_points(operands: &Operands<'_>) -> Result<Value> {
    if operands.is_null(0) {
        return Ok(NULL);
    }
    let text: Vec<char> = operands.text(0)?.chars().collect();
    let find: Vec<char> = operands.text(1)?.chars().collect();
    let (start, end) = bounds(operands, text.len())?;
    let found = text.get(start..end).and_then(|part| position(part, &find));
    Ok(some(found.map_or(-1, |found| count(start + found))))
}

fn position<T: PartialEq>(text: &[T], find: &[T]) -> Option<usize> {
    if find.is_empty() {
        return Some(0);
    }
    text.windows(find.len()).position(|window| window == find)
}

fn by_bytes(operands: &Operands<'_>) -> Result<Value> {
    let operator = operands.operator;
    let text = printed(operands, 0)?;
    let Ok(start) = usize::try_from(operands.int(1)?) else {
        reject!("{operator}: the start cannot be negative");
    };
    // A negative length is all the rest.
    let length = usize::try_from(operands.int(2)?).unwrap_or(usize::MAX);
    if start >= text.len() {
        return Ok(some(""));
    }
    let end = start.saturating_add(length).min(text.len());
    match text.get(start..end) {
        Some(part) => Ok(some(part)),
        None => reject!("{operator}: {start} to {end} cuts a character of several bytes"),
    }
}

fn by_code_points(operands: &Operands<'_>) -> Result<Value> {
    let text = printed(operands, 0)?;
    let (Ok(start), Ok(length)) = (
        usize::try_from(operands.int(1)?),
        usize::try_from(operands.int(2)?),
    ) else {
        reject!("$substrCP: start and length cannot be negative");
    };
    let part: String = text.chars().skip(start).take(length).collect();
    Ok(some(part))
}
