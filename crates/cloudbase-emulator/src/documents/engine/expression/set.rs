//! `$allElementsTrue`, `$anyElementTrue`, `$setDifference`, `$setEquals`, `$setIntersection`, `$setIsSubset`, `$setUnion`:
//! arrays as sets.

use std::collections::BTreeSet;

use bson::Bson;

use super::{
    super::{compare::Ordered, rejection::Result, types::is_true},
    Value,
    operator::{ANY, NULL, ONE, Operands, Positional, TWO, positional, some},
};

pub(super) const OPERATORS: &[Positional] = &[
    positional("$allElementsTrue", ONE, |operands| {
        Ok(some(operands.array(0)?.iter().all(is_true)))
    }),
    positional("$anyElementTrue", ONE, |operands| {
        Ok(some(operands.array(0)?.iter().any(is_true)))
    }),
    positional("$setDifference", TWO, difference),
    positional("$setEquals", (2, usize::MAX), equals),
    positional("$setIntersection", ANY, intersection),
    positional("$setIsSubset", TWO, is_subset),
    positional("$setUnion", ANY, union),
];

fn set(operands: &Operands<'_>, index: usize) -> Result<BTreeSet<Ordered>> {
    Ok(operands
        .array(index)?
        .iter()
        .cloned()
        .map(Ordered)
        .collect())
}

fn elements(set: impl IntoIterator<Item = Ordered>) -> Value {
    let elements: Vec<Bson> = set.into_iter().map(|Ordered(value)| value).collect();
    some(elements)
}

fn difference(operands: &Operands<'_>) -> Result<Value> {
    if operands.any_null() {
        return Ok(NULL);
    }
    let mut seen = set(operands, 1)?;
    // In the order of the first array.
    let kept: Vec<_> = operands
        .array(0)?
        .iter()
        .cloned()
        .map(Ordered)
        .filter(|element| seen.insert(element.clone()))
        .collect();
    Ok(elements(kept))
}

fn equals(operands: &Operands<'_>) -> Result<Value> {
    let first = set(operands, 0)?;
    let mut equal = true;
    for index in 1..operands.values.len() {
        equal &= set(operands, index)? == first;
    }
    Ok(some(equal))
}

fn is_subset(operands: &Operands<'_>) -> Result<Value> {
    Ok(some(set(operands, 0)?.is_subset(&set(operands, 1)?)))
}

fn intersection(operands: &Operands<'_>) -> Result<Value> {
    if operands.any_null() {
        return Ok(NULL);
    }
    let mut common: Option<BTreeSet<Ordered>> = None;
    for index in 0..operands.values.len() {
        let next = set(operands, index)?;
        common = Some(match common {
            None => next,
            Some(common) => common
                .into_iter()
                .filter(|element| next.contains(element))
                .collect(),
        });
    }
    Ok(elements(common.unwrap_or_default()))
}

fn union(operands: &Operands<'_>) -> Result<Value> {
    if operands.any_null() {
        return Ok(NULL);
    }
    let mut union = BTreeSet::new();
    for index in 0..operands.values.len() {
        union.append(&mut set(operands, index)?);
    }
    Ok(elements(union))
}
