//! `$cmp`, `$eq`, `$gt`, `$gte`, `$lt`, `$lte`, `$ne`, `$not`: across types, and an array is one value.

use std::cmp::Ordering;

use super::{
    super::{compare::compare, rejection::Result, types::is_true},
    Value,
    operator::{ONE, Operands, Positional, TWO, positional, some},
};

pub(super) const OPERATORS: &[Positional] = &[
    positional("$cmp", TWO, |operands| Ok(some(order(operands) as i32))),
    positional("$eq", TWO, |operands| Ok(some(order(operands).is_eq()))),
    positional("$gt", TWO, |operands| Ok(some(order(operands).is_gt()))),
    positional("$gte", TWO, |operands| Ok(some(order(operands).is_ge()))),
    positional("$lt", TWO, |operands| Ok(some(order(operands).is_lt()))),
    positional("$lte", TWO, |operands| Ok(some(order(operands).is_le()))),
    positional("$ne", TWO, |operands| Ok(some(order(operands).is_ne()))),
    positional("$not", ONE, not),
];

/// What is not there is below everything but MinKey, null included.
fn order(operands: &Operands<'_>) -> Ordering {
    let missing = bson::Bson::Undefined;
    compare(
        operands.get(0).unwrap_or(&missing),
        operands.get(1).unwrap_or(&missing),
    )
}

fn not(operands: &Operands<'_>) -> Result<Value> {
    Ok(some(!operands.get(0).is_some_and(is_true)))
}
