//! `$arrayToObject`, `$objectToArray`.

use bson::{Bson, Document, doc};

use super::{
    super::rejection::{Result, reject},
    Value,
    operator::{NULL, ONE, Operands, Positional, positional, some},
};

pub(super) const OPERATORS: &[Positional] = &[
    positional("$arrayToObject", ONE, array_to_object),
    positional("$objectToArray", ONE, object_to_array),
];

/// From `[[name, value], …]` or `[{k: name, v: value}, …]`.
fn array_to_object(operands: &Operands<'_>) -> Result<Value> {
    if operands.is_null(0) {
        return Ok(NULL);
    }
    let mut object = Document::new();
    let mut pairs_of_arrays = None;
    for element in operands.array(0)? {
        let (is_array, name, value) = match element {
            Bson::Array(pair) => match pair.as_slice() {
                [Bson::String(name), value] => (true, name, value),
                [_, _] => reject!("$arrayToObject: the first of a pair must be a string"),
                _ => reject!("$arrayToObject: a pair has exactly 2 elements"),
            },
            Bson::Document(pair) => match (pair.get("k"), pair.get("v")) {
                (Some(Bson::String(name)), Some(value)) if pair.len() == 2 => (false, name, value),
                _ => reject!("$arrayToObject: a pair needs exactly `k`, a string, and `v`"),
            },
            element => {
                return Err(operands.wrong(element, "pairs, as arrays or as objects with k and v"));
            }
        };
        if *pairs_of_arrays.get_or_insert(is_array) != is_array {
            reject!("$arrayToObject: pairs are either all arrays or all objects");
        }
        if name.contains('\0') {
            reject!("$arrayToObject: a name cannot have a null byte");
        }
        object.insert(name, value.clone());
    }
    Ok(some(object))
}

fn object_to_array(operands: &Operands<'_>) -> Result<Value> {
    match operands.get(0) {
        _ if operands.is_null(0) => Ok(NULL),
        Some(Bson::Document(object)) => {
            let pairs: Vec<_> = object
                .iter()
                .map(|(name, value)| Bson::Document(doc! { "k": name, "v": value.clone() }))
                .collect();
            Ok(some(pairs))
        }
        Some(value) => Err(operands.wrong(value, "an object")),
        None => Ok(NULL),
    }
}
