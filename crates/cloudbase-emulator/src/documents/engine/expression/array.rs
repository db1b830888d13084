//! `$arrayElemAt`, `$concatArrays`, `$first`, `$in`, `$indexOfArray`, `$last`, `$range`, `$reverseArray`, `$size`, `$slice`,
//! `$zip`.

use bson::Bson;

use super::{
    super::{
        compare::equal,
        rejection::{Result, reject},
    },
    Value,
    operator::{
        ANY, NULL, Named, NamedOperands, ONE, Operands, Positional, TWO, is_null, named,
        positional, some,
    },
};

pub(super) const OPERATORS: &[Positional] = &[
    positional("$arrayElemAt", TWO, element_at),
    positional("$concatArrays", ANY, concat),
    positional("$first", ONE, |operands| edge(operands, <[Bson]>::first)),
    positional("$in", TWO, is_in),
    positional("$indexOfArray", (2, 4), index_of),
    positional("$last", ONE, |operands| edge(operands, <[Bson]>::last)),
    positional("$range", (2, 3), range),
    positional("$reverseArray", ONE, reverse),
    positional("$size", ONE, |operands| {
        Ok(some(count(operands.array(0)?.len())))
    }),
    positional("$slice", (2, 3), slice),
];

pub(super) const NAMED: &[Named] = &[named(
    "$zip",
    &["inputs", "useLongestLength", "defaults"],
    1,
    zip,
)];

/// A length or an index: an int32, which every array in memory stays below.
pub(super) fn count(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// The index of an element, a negative one from the end.
fn from_either_end(index: i32, length: usize) -> Option<usize> {
    let magnitude = usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX);
    if index < 0 {
        length.checked_sub(magnitude)
    } else {
        Some(magnitude)
    }
}

fn element_at(operands: &Operands<'_>) -> Result<Value> {
    if operands.any_null() {
        return Ok(NULL);
    }
    let elements = operands.array(0)?;
    let index = from_either_end(operands.int(1)?, elements.len());
    Ok(index.and_then(|index| elements.get(index)).cloned())
}

fn edge(operands: &Operands<'_>, edge: fn(&[Bson]) -> Option<&Bson>) -> Result<Value> {
    if operands.is_null(0) {
        return Ok(NULL);
    }
    Ok(edge(operands.array(0)?).cloned())
}

fn concat(operands: &Operands<'_>) -> Result<Value> {
    let mut all = Vec::new();
    for index in 0..operands.values.len() {
        if operands.is_null(index) {
            return Ok(NULL);
        }
        all.extend_from_slice(operands.array(index)?);
    }
    Ok(some(all))
}

fn is_in(operands: &Operands<'_>) -> Result<Value> {
    let elements = operands.array(1)?;
    let found = operands
        .get(0)
        .is_some_and(|value| elements.iter().any(|element| equal(element, value)));
    Ok(some(found))
}

fn index_of(operands: &Operands<'_>) -> Result<Value> {
    if operands.is_null(0) {
        return Ok(NULL);
    }
    let elements = operands.array(0)?;
    let (start, end) = bounds(operands, elements.len())?;
    let found = elements
        .iter()
        .enumerate()
        .take(end)
        .skip(start)
        .find(|(_, element)| operands.get(1).is_some_and(|value| equal(element, value)));
    Ok(some(found.map_or(-1, |(index, _)| count(index))))
}

/// The start and the end of a search, operands 2 and 3.
pub(super) fn bounds(operands: &Operands<'_>, length: usize) -> Result<(usize, usize)> {
    let bound = |index: usize, default: usize| {
        if operands.values.len() <= index {
            return Ok(default);
        }
        match usize::try_from(operands.int(index)?) {
            Ok(bound) => Ok(bound),
            Err(_) => reject!("{}: start and end cannot be negative", operands.operator),
        }
    };
    Ok((bound(2, 0)?, bound(3, length)?.min(length)))
}

fn range(operands: &Operands<'_>) -> Result<Value> {
    /// Beyond it the array would not fit into a document.
    const MOST: i64 = 1_000_000;
    let (start, end) = (i64::from(operands.int(0)?), i64::from(operands.int(1)?));
    let step = match operands.values.len() {
        3 => i64::from(operands.int(2)?),
        _ => 1,
    };
    if step == 0 {
        reject!("$range: the step cannot be 0");
    }
    if (end - start) / step > MOST {
        reject!("$range: more than {MOST} elements");
    }
    let numbers: Vec<Bson> = std::iter::successors(Some(start), |number| Some(number + step))
        .take_while(|number| {
            if step > 0 {
                *number < end
            } else {
                *number > end
            }
        })
        .map(|number| Bson::Int32(i32::try_from(number).unwrap_or(i32::MAX)))
        .collect();
    Ok(some(numbers))
}

fn reverse(operands: &Operands<'_>) -> Result<Value> {
    if operands.is_null(0) {
        return Ok(NULL);
    }
    let reversed: Vec<_> = operands.array(0)?.iter().rev().cloned().collect();
    Ok(some(reversed))
}

fn slice(operands: &Operands<'_>) -> Result<Value> {
    if operands.any_null() {
        return Ok(NULL);
    }
    let elements = operands.array(0)?;
    let length = elements.len();
    let clamp = |index: i32| {
        let magnitude = usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX);
        magnitude.min(length)
    };
    let first = operands.int(1)?;
    let (start, end) = if operands.values.len() == 3 {
        let most = operands.int(2)?;
        if most <= 0 {
            reject!("$slice: the number of elements must be positive, got {most}");
        }
        let start = if first < 0 {
            length - clamp(first)
        } else {
            clamp(first)
        };
        (start, start.saturating_add(clamp(most)).min(length))
    } else if first < 0 {
        (length - clamp(first), length)
    } else {
        (0, clamp(first))
    };
    Ok(some(elements.get(start..end).unwrap_or_default().to_vec()))
}

fn zip(operands: &NamedOperands<'_>) -> Result<Value> {
    let longest = match operands.given("useLongestLength") {
        None => false,
        Some(Some(Bson::Boolean(longest))) => *longest,
        Some(_) => reject!("$zip: `useLongestLength` must be a bool"),
    };
    if is_null(operands.get("inputs")) {
        return Ok(NULL);
    }
    let inputs = match operands.get("inputs") {
        Some(Bson::Array(inputs)) if !inputs.is_empty() => inputs,
        _ => reject!("$zip: `inputs` must be a non-empty array of arrays"),
    };
    let defaults = match operands.given("defaults") {
        None => &[][..],
        Some(Some(Bson::Array(defaults))) if longest && defaults.len() == inputs.len() => defaults,
        Some(Some(Bson::Array(_))) if longest => {
            reject!("$zip: `defaults` must have as many elements as `inputs`")
        }
        Some(Some(Bson::Array(_))) => reject!("$zip: `defaults` needs `useLongestLength`"),
        Some(value) if is_null(value.as_ref()) => &[],
        Some(_) => reject!("$zip: `defaults` must be an array"),
    };
    if inputs.iter().any(|input| is_null(Some(input))) {
        return Ok(NULL);
    }
    let arrays = inputs
        .iter()
        .map(|input| match input {
            Bson::Array(elements) => Ok(elements.as_slice()),
            value => Err(operands.wrong("inputs", value, "arrays")),
        })
        .collect::<Result<Vec<_>>>()?;
    let lengths = arrays.iter().map(|array| array.len());
    let length = if longest {
        lengths.max()
    } else {
        lengths.min()
    }
    .unwrap_or_default();
    let rows: Vec<Bson> = (0..length)
        .map(|row| {
            let columns = arrays.iter().enumerate().map(|(column, array)| {
                let element = array.get(row).or_else(|| defaults.get(column));
                element.cloned().unwrap_or(Bson::Null)
            });
            Bson::Array(columns.collect())
        })
        .collect();
    Ok(some(rows))
}
