//! What each operator does with the value at its path.

use bson::{Bson, Document};

use super::{
    super::{
        compare::compare,
        expression::{Arithmetic, combine},
        number::Number,
        path::Path,
        rejection::{Result, reject},
        types::type_name,
    },
    Change,
    arrays::{PullCondition, Push, add_to_set, pop},
    paths::find,
};

#[derive(Debug, Clone)]
pub(super) enum Operation {
    Set(Bson),
    SetOnInsert(Bson),
    Unset,
    /// `$inc` and `$mul`, with the operator's name.
    Compute(&'static str, Arithmetic, Bson),
    Min(Bson),
    Max(Bson),
    /// The target of a `$rename`, with the path of the source.
    MoveFrom(Path),
    /// The source of a `$rename`.
    MoveAway(Path),
    Push(Push),
    AddToSet(Vec<Bson>),
    Pop {
        first: bool,
    },
    Pull(PullCondition),
    Bit(Vec<(BitOperation, Number)>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BitOperation {
    And,
    Or,
    Xor,
}

impl Operation {
    /// Whether a path that leads nowhere is one where nothing is.
    pub(super) fn is_lenient(&self) -> bool {
        matches!(
            self,
            Self::Unset | Self::MoveAway(_) | Self::Pop { .. } | Self::Pull(_)
        )
    }

    /// Whether the operation is to be done at the path, `before` being the document before the update.
    pub(super) fn applies(&self, path: &Path, before: &Document, inserting: bool) -> Result<bool> {
        match self {
            Self::SetOnInsert(_) => Ok(inserting),
            // Nothing to be renamed, wherever it would go.
            Self::MoveFrom(source) if find(before, source)?.is_none() => Ok(false),
            // The target may be there or not, but not in an array.
            Self::MoveFrom(_) => find(before, path).map(|_| true),
            _ => Ok(true),
        }
    }

    /// What becomes of the value, `before` being the document before the update.
    pub(super) fn change(&self, value: Option<&Bson>, before: &Document) -> Result<Change> {
        match self {
            Self::Set(operand) | Self::SetOnInsert(operand) => Ok(Change::Set(operand.clone())),
            Self::Unset => Ok(removed(value)),
            Self::Compute(operator, arithmetic, operand) => {
                compute(operator, *arithmetic, value, operand)
            }
            Self::Min(operand) => Ok(match value {
                Some(value) if compare(operand, value).is_ge() => Change::Keep,
                _ => Change::Set(operand.clone()),
            }),
            Self::Max(operand) => Ok(match value {
                Some(value) if compare(operand, value).is_le() => Change::Keep,
                _ => Change::Set(operand.clone()),
            }),
            Self::MoveFrom(source) => Ok(match find(before, source)? {
                Some(value) => Change::Set(value.clone()),
                None => Change::Keep,
            }),
            Self::MoveAway(source) => find(before, source).map(removed),
            Self::Push(push) => push.change(array("$push", value)?).map(Change::Set),
            Self::AddToSet(new) => Ok(Change::Set(add_to_set(array("$addToSet", value)?, new))),
            Self::Pop { first } => Ok(match value {
                None => Change::Keep,
                value => Change::Set(pop(array("$pop", value)?, *first)),
            }),
            Self::Pull(condition) => Ok(match value {
                None => Change::Keep,
                value => Change::Set(condition.remove_from(array("$pull", value)?)?),
            }),
            Self::Bit(operations) => bits(value, operations),
        }
    }
}

fn removed(value: Option<&Bson>) -> Change {
    match value {
        Some(_) => Change::Remove,
        None => Change::Keep,
    }
}

/// The elements of an array, none if it is not there.
fn array<'a>(operator: &str, value: Option<&'a Bson>) -> Result<&'a [Bson]> {
    match value {
        None => Ok(&[]),
        Some(Bson::Array(elements)) => Ok(elements),
        Some(value) => reject!(
            "{operator} needs an array, and the field is of type {}",
            type_name(value)
        ),
    }
}

/// A missing field counts as zero of the operand's type.
fn compute(
    operator: &str,
    arithmetic: Arithmetic,
    value: Option<&Bson>,
    operand: &Bson,
) -> Result<Change> {
    let Some(value) = value else {
        return Ok(Change::Set(match arithmetic {
            Arithmetic::Multiply => zero_like(operand),
            Arithmetic::Add | Arithmetic::Subtract => operand.clone(),
        }));
    };
    let (Some(number), Some(operand)) = (Number::from_bson(value), Number::from_bson(operand))
    else {
        reject!(
            "{operator} needs a number, and the field is of type {}",
            type_name(value)
        );
    };
    match combine(operator, arithmetic, number, operand)? {
        Some(result) => Ok(Change::Set(result.into())),
        None => reject!("{operator}: an int64 cannot hold the result"),
    }
}

fn zero_like(operand: &Bson) -> Bson {
    match operand {
        Bson::Int32(_) => Bson::Int32(0),
        Bson::Int64(_) => Bson::Int64(0),
        Bson::Decimal128(decimal) => "0"
            .parse()
            .map_or(Bson::Decimal128(*decimal), Bson::Decimal128),
        _ => Bson::Double(0.0),
    }
}

fn bits(value: Option<&Bson>, operations: &[(BitOperation, Number)]) -> Result<Change> {
    let mut narrow = match value {
        None | Some(Bson::Int32(_)) => true,
        Some(Bson::Int64(_)) => false,
        Some(value) => reject!(
            "$bit needs an int or a long, and the field is of type {}",
            type_name(value)
        ),
    };
    let mut bits = value
        .and_then(Number::from_bson)
        .and_then(Number::truncated)
        .unwrap_or_default();
    for (operation, operand) in operations {
        narrow &= matches!(operand, Number::Int(_));
        let operand = operand.truncated().unwrap_or_default();
        bits = match operation {
            BitOperation::And => bits & operand,
            BitOperation::Or => bits | operand,
            BitOperation::Xor => bits ^ operand,
        };
    }
    Ok(Change::Set(match i32::try_from(bits) {
        Ok(bits) if narrow => Bson::Int32(bits),
        _ => Bson::Int64(bits),
    }))
}
