//! From the document that a projection is on the wire to its tree.

use bson::{Bson, Document};

use super::{
    super::{
        expression::{Expression, Known},
        filter::Filter,
        number::Number,
        rejection::{Result, reject},
        types::is_true,
    },
    Mode, Projection,
    tree::{Leaf, Slice, Tree},
};

/// Where a projection stands, which decides what it may hold.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place<'a> {
    /// A query: no expressions.
    Query,
    /// A `$project` stage.
    Stage(&'a Known),
}

impl Place<'_> {
    fn operator(self) -> &'static str {
        match self {
            Self::Query => "projection",
            Self::Stage(_) => "$project",
        }
    }
}

/// What the fields so far say about the mode.
#[derive(Debug, Default)]
struct Kinds {
    includes: bool,
    excludes: bool,
    first_match: bool,
    /// Whether `_id` is shown, if it is named.
    id: Option<bool>,
}

pub(super) fn projection(projection: &Document, place: Place<'_>) -> Result<Projection> {
    let mut tree = Tree::default();
    let mut kinds = Kinds::default();
    fields("", projection, place, &mut tree, &mut kinds)?;
    if kinds.includes && kinds.excludes {
        reject!(
            "{}: fields are either all shown or all left out, apart from _id",
            place.operator()
        );
    }
    let includes = kinds.includes || kinds.first_match || kinds.id == Some(true);
    let mode = if includes && !kinds.excludes {
        Mode::Inclusion
    } else {
        Mode::Exclusion
    };
    Ok(Projection {
        mode,
        shows_id: kinds.id.unwrap_or(true),
        tree,
    })
}

fn fields(
    prefix: &str,
    projection: &Document,
    place: Place<'_>,
    tree: &mut Tree,
    kinds: &mut Kinds,
) -> Result<()> {
    for (name, value) in projection {
        let path = if prefix.is_empty() {
            name.clone()
        } else {
            format!("{prefix}.{name}")
        };
        if let Bson::Document(inner) = value
            && !inner.keys().next().is_some_and(|key| key.starts_with('$'))
        {
            if inner.is_empty() {
                reject!("{}: `{path}` is an empty object", place.operator());
            }
            fields(&path, inner, place, tree, kinds)?;
            continue;
        }
        let leaf = leaf(&path, value, place)?;
        match leaf {
            Leaf::Include if path == "_id" => kinds.id = Some(true),
            Leaf::Exclude if path == "_id" => kinds.id = Some(false),
            Leaf::Include | Leaf::Computed(_) => kinds.includes = true,
            Leaf::Exclude => kinds.excludes = true,
            Leaf::FirstMatch(_) => kinds.first_match = true,
            Leaf::Slice(_) => {}
        }
        tree.insert(place.operator(), &path, leaf)?;
    }
    Ok(())
}

fn leaf(path: &str, value: &Bson, place: Place<'_>) -> Result<Leaf> {
    match value {
        Bson::Boolean(_)
        | Bson::Int32(_)
        | Bson::Int64(_)
        | Bson::Double(_)
        | Bson::Decimal128(_) => Ok(if is_true(value) {
            Leaf::Include
        } else {
            Leaf::Exclude
        }),
        value => match place {
            Place::Stage(known) => Expression::parse(value, known)
                .map(Box::new)
                .map(Leaf::Computed),
            Place::Query => match value {
                Bson::Document(operator) => array_operator(path, operator),
                _ => {
                    reject!("projection: `{path}` must be 1, 0, true, false, $slice or $elemMatch")
                }
            },
        },
    }
}

fn array_operator(path: &str, operator: &Document) -> Result<Leaf> {
    let (Some((name, operand)), 1) = (operator.iter().next(), operator.len()) else {
        reject!("projection: `{path}` must have exactly one operator");
    };
    match (name.as_str(), operand) {
        ("$slice", operand) => slice(operand).map(Leaf::Slice),
        ("$elemMatch", Bson::Document(filter)) => {
            if path.contains('.') {
                reject!("projection: $elemMatch is not allowed on the dotted path `{path}`");
            }
            Filter::parse_element(filter)
                .map(Box::new)
                .map(Leaf::FirstMatch)
        }
        ("$elemMatch", _) => reject!("projection: $elemMatch needs an object"),
        (name, _) => {
            reject!("projection: unknown operator `{name}`; expected $slice or $elemMatch")
        }
    }
}

/// `n`, `-n` or `[skip, n]`.
fn slice(operand: &Bson) -> Result<Slice> {
    let whole = |value: &Bson| Number::from_bson(value).and_then(Number::truncated);
    let size = |count: i64| usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    if let Bson::Array(pair) = operand {
        let pair = match pair.as_slice() {
            [skip, count] => whole(skip).zip(whole(count)),
            _ => None,
        };
        return match pair {
            Some((skip, count)) if count > 0 => Ok(Slice::From {
                skip,
                count: size(count),
            }),
            Some(_) => reject!("projection: the count in $slice must be positive"),
            None => reject!("projection: $slice needs a number, or [skip, count]"),
        };
    }
    match whole(operand) {
        Some(count) if count < 0 => Ok(Slice::Last(size(count))),
        Some(count) => Ok(Slice::First(size(count))),
        None => reject!("projection: $slice needs a number, or [skip, count]"),
    }
}
