//! From the document that an update is on the wire to its operations.

use std::cmp::Ordering;

use bson::{Bson, DateTime, Document, Timestamp, doc};

use super::{
    super::{
        expression::Arithmetic,
        filter::Filter,
        number::Number,
        path::{Path, array_index, parse_path},
        rejection::{Rejection, Result, reject},
    },
    arrays::{PullCondition, Push, parse_add_to_set},
    operation::{BitOperation, Operation},
};

pub(super) fn update(update: &Document, now: DateTime) -> Result<Vec<(Path, Operation)>> {
    let mut operations = Vec::new();
    let operators = update.keys().filter(|name| name.starts_with('$')).count();
    if operators == 0 {
        fields("$set", update, now, &mut operations)?;
    } else if operators < update.len() {
        reject!("operators and plain fields cannot stand side by side in an update");
    } else {
        for (operator, operand) in update {
            let Bson::Document(operands) = operand else {
                reject!("{operator} needs an object of fields");
            };
            fields(operator, operands, now, &mut operations)?;
        }
    }
    operations.sort_by(|(left, _), (right, _)| compare_paths(left, right));
    reject_conflicts(&operations)?;
    Ok(operations)
}

/// The order in which new fields are added: names that are indexes first, by number, then the others by their bytes.
fn compare_paths(left: &Path, right: &Path) -> Ordering {
    left.iter()
        .zip(right)
        .map(
            |(left, right)| match (array_index(left), array_index(right)) {
                (Some(left), Some(right)) => left.cmp(&right),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (None, None) => left.as_bytes().cmp(right.as_bytes()),
            },
        )
        .find(|order| order.is_ne())
        .unwrap_or_else(|| left.len().cmp(&right.len()))
}

/// A path may be changed once, and nothing below or above it. In order, what is below a path follows it.
fn reject_conflicts(operations: &[(Path, Operation)]) -> Result<()> {
    for ((path, _), (next, _)) in operations.iter().zip(operations.iter().skip(1)) {
        if next.starts_with(path) {
            reject!(
                "the update changes `{}` and `{}`, which is a conflict",
                path.join("."),
                next.join(".")
            );
        }
    }
    Ok(())
}

fn fields(
    operator: &str,
    operands: &Document,
    now: DateTime,
    operations: &mut Vec<(Path, Operation)>,
) -> Result<()> {
    for (name, operand) in operands {
        let path = parse_path(name, operator)?;
        if operator == "$rename" {
            rename(path, operand, operations)?;
        } else {
            operations.push((path, operation(operator, operand, now)?));
        }
    }
    Ok(())
}

fn rename(source: Path, target: &Bson, operations: &mut Vec<(Path, Operation)>) -> Result<()> {
    let Bson::String(target) = target else {
        reject!("$rename: the new name must be a string");
    };
    let target = parse_path(target, "$rename")?;
    operations.push((target, Operation::MoveFrom(source.clone())));
    operations.push((source.clone(), Operation::MoveAway(source)));
    Ok(())
}

fn operation(operator: &str, operand: &Bson, now: DateTime) -> Result<Operation> {
    Ok(match operator {
        "$set" => Operation::Set(operand.clone()),
        "$setOnInsert" => Operation::SetOnInsert(operand.clone()),
        "$unset" => Operation::Unset,
        "$inc" => Operation::Compute("$inc", Arithmetic::Add, numeric("$inc", operand)?),
        "$mul" => Operation::Compute("$mul", Arithmetic::Multiply, numeric("$mul", operand)?),
        "$min" => Operation::Min(operand.clone()),
        "$max" => Operation::Max(operand.clone()),
        "$currentDate" => Operation::Set(current_date(operand, now)?),
        "$push" => Operation::Push(Push::parse(operand)?),
        "$addToSet" => Operation::AddToSet(parse_add_to_set(operand)?),
        "$pop" => match number(operator, operand)?.whole() {
            Some(1) => Operation::Pop { first: false },
            Some(-1) => Operation::Pop { first: true },
            _ => reject!("$pop needs 1 for the last or -1 for the first element"),
        },
        "$pull" => Operation::Pull(pull(operand)?),
        "$pullAll" => match operand {
            Bson::Array(values) => Operation::Pull(PullCondition::Values(values.clone())),
            _ => reject!("$pullAll needs an array"),
        },
        "$bit" => Operation::Bit(bit(operand)?),
        _ => reject!("unknown update operator `{operator}`"),
    })
}

fn number(operator: &str, operand: &Bson) -> Result<Number> {
    Number::from_bson(operand).ok_or_else(|| Rejection::new(format!("{operator} needs a number")))
}

fn numeric(operator: &str, operand: &Bson) -> Result<Bson> {
    number(operator, operand).map(|_| operand.clone())
}

fn current_date(operand: &Bson, now: DateTime) -> Result<Bson> {
    let kind = match operand {
        Bson::Boolean(true) => "date",
        Bson::Document(operand) if operand.len() == 1 => operand
            .get("$type")
            .and_then(Bson::as_str)
            .unwrap_or_default(),
        _ => "",
    };
    match kind {
        "date" => Ok(Bson::DateTime(now)),
        "timestamp" => {
            let seconds = now.timestamp_millis().div_euclid(1_000);
            Ok(Bson::Timestamp(Timestamp {
                time: u32::try_from(seconds).unwrap_or_default(),
                increment: 1,
            }))
        }
        _ => reject!("$currentDate needs true, or $type `date` or `timestamp`"),
    }
}

fn pull(operand: &Bson) -> Result<PullCondition> {
    match operand {
        Bson::Document(filter) => {
            let filter_of = Filter::parse_element(filter)?;
            let first = filter.keys().next().map(String::as_str);
            Ok(match first {
                Some("$and" | "$or" | "$nor") => PullCondition::Documents(filter_of),
                Some(name) if name.starts_with('$') => PullCondition::Operators(filter_of),
                _ => PullCondition::Documents(filter_of),
            })
        }
        // As `{$in: [/pattern/]}`: strings that it matches.
        Bson::RegularExpression(_) => {
            let filter = doc! { "$in": [operand.clone()] };
            Filter::parse_element(&filter).map(PullCondition::Operators)
        }
        value => Ok(PullCondition::Values(vec![value.clone()])),
    }
}

fn bit(operand: &Bson) -> Result<Vec<(BitOperation, Number)>> {
    let Bson::Document(operations) = operand else {
        reject!("$bit needs an object with and, or, xor");
    };
    if operations.is_empty() {
        reject!("$bit needs at least one of and, or, xor");
    }
    operations
        .iter()
        .map(|(name, operand)| {
            let operation = match name.as_str() {
                "and" => BitOperation::And,
                "or" => BitOperation::Or,
                "xor" => BitOperation::Xor,
                name => reject!("$bit: unknown operation `{name}`; expected and, or, xor"),
            };
            match number("$bit", operand)? {
                operand @ (Number::Int(_) | Number::Long(_)) => Ok((operation, operand)),
                _ => reject!("$bit: `{name}` needs an int or a long"),
            }
        })
        .collect()
}
