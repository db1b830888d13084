//! `$isArray`, `$isNumber`, `$type`.

use bson::Bson;

use super::{
    super::{number::Number, types::type_name},
    operator::{ONE, Positional, positional, some},
};

pub(super) const OPERATORS: &[Positional] = &[
    positional("$isArray", ONE, |operands| {
        Ok(some(matches!(operands.get(0), Some(Bson::Array(_)))))
    }),
    positional("$isNumber", ONE, |operands| {
        let number = operands.get(0).and_then(Number::from_bson);
        Ok(some(number.is_some()))
    }),
    positional("$type", ONE, |operands| {
        Ok(some(operands.get(0).map_or("missing", type_name)))
    }),
];
