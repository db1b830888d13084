//! The operands of the operators on a field.

use bson::{Bson, Document};

use super::{
    super::{
        geo::{Geometry, Near, Region},
        number::Number,
        pattern::{compile, regex_of},
        rejection::{Rejection, Result, reject},
        types::{known_name, name_of_number},
    },
    Filter,
    condition::{Condition, Member, Pattern, Range, TypeSet},
};

/// The condition of one operator; `siblings` are the operators beside it.
pub(super) fn condition(operator: &str, operand: &Bson, siblings: &Document) -> Result<Condition> {
    match operator {
        "$eq" => Ok(Condition::Equal(operand.clone())),
        "$gt" => range(operator, Range::Greater, operand),
        "$gte" => range(operator, Range::GreaterOrEqual, operand),
        "$lt" => range(operator, Range::Less, operand),
        "$lte" => range(operator, Range::LessOrEqual, operand),
        "$in" => members(operator, operand).map(Condition::In),
        "$elemMatch" => element(operand),
        "$size" => size(operand),
        "$type" => types(operand),
        "$mod" => modulo(operand),
        "$regex" => pattern_of(siblings).map(Condition::Pattern),
        "$options" => reject!("$options needs a $regex beside it"),
        "$geoWithin" => Region::parse(operand).map(Box::new).map(Condition::Within),
        "$geoIntersects" => Geometry::parse_operand(operator, operand)
            .map(Box::new)
            .map(Condition::Intersects),
        "$bitsAllSet" | "$bitsAllClear" | "$bitsAnySet" | "$bitsAnyClear" => {
            reject!("{operator} is not supported by the emulator")
        }
        _ => reject!("unknown operator `{operator}`"),
    }
}

/// What a value means where operators could stand, too: a regular expression finds strings.
pub(super) fn value_or_pattern(operand: &Bson) -> Result<Condition> {
    Ok(match member(operand)? {
        Member::Value(value) => Condition::Equal(value),
        Member::Pattern(pattern) => Condition::Pattern(pattern),
    })
}

fn member(operand: &Bson) -> Result<Member> {
    match operand {
        Bson::RegularExpression(_) => pattern(operand, None).map(Member::Pattern),
        operand => Ok(Member::Value(operand.clone())),
    }
}

/// The members of `$in` and `$nin`: values and regular expressions, these as `{$regex, $options}` as well.
pub(super) fn members(operator: &str, operand: &Bson) -> Result<Vec<Member>> {
    let Bson::Array(members) = operand else {
        reject!("{operator} needs an array");
    };
    members
        .iter()
        .map(|operand| match operand {
            Bson::Document(document) if document.contains_key("$regex") => {
                if let Some(other) = document
                    .keys()
                    .find(|name| !matches!(name.as_str(), "$regex" | "$options"))
                {
                    reject!("{operator}: unknown field `{other}` beside $regex");
                }
                pattern_of(document).map(Member::Pattern)
            }
            Bson::Document(document) => {
                if let Some(inner) = document.keys().next().filter(|name| {
                    name.starts_with('$') && !matches!(name.as_str(), "$ref" | "$id")
                }) {
                    reject!("{operator}: operators are not allowed inside, and `{inner}` is one");
                }
                Ok(Member::Value(operand.clone()))
            }
            operand => member(operand),
        })
        .collect()
}

/// The pattern of an object with `$regex` and, perhaps, `$options`.
fn pattern_of(document: &Document) -> Result<Pattern> {
    let regex = document.get("$regex").unwrap_or(&Bson::Null);
    pattern(regex, document.get("$options"))
}

fn pattern(regex: &Bson, options: Option<&Bson>) -> Result<Pattern> {
    let regex = regex_of(regex, options, "$regex")?;
    Ok(Pattern {
        regex: compile(regex.pattern.as_str(), regex.options.as_str())?,
        value: Bson::RegularExpression(regex),
    })
}

fn range(operator: &str, range: Range, operand: &Bson) -> Result<Condition> {
    if matches!(operand, Bson::RegularExpression(_)) {
        reject!("{operator}: a regular expression cannot be compared with");
    }
    Ok(Condition::Range(range, operand.clone()))
}

/// One condition for each member of `$all`.
pub(super) fn all(operand: &Bson) -> Result<Vec<Condition>> {
    let Bson::Array(members) = operand else {
        reject!("$all needs an array");
    };
    if members.is_empty() {
        return Ok(vec![Condition::Never]);
    }
    let is_element = |member: &Bson| {
        member
            .as_document()
            .is_some_and(|document| document.contains_key("$elemMatch"))
    };
    let elements = members.iter().filter(|member| is_element(member)).count();
    if elements > 0 && elements < members.len() {
        reject!("$all: either all members are $elemMatch, or none");
    }
    members
        .iter()
        .map(|operand| match operand {
            Bson::Document(document) if elements > 0 => match document.get("$elemMatch") {
                Some(inner) if document.len() == 1 => element(inner),
                _ => reject!("$all: only $elemMatch may stand in a member"),
            },
            Bson::Document(document) if document.contains_key("$regex") => {
                pattern_of(document).map(Condition::Pattern)
            }
            Bson::Document(document)
                if document
                    .keys()
                    .next()
                    .is_some_and(|name| name.starts_with('$')) =>
            {
                reject!("$all: operators are not allowed inside, apart from $elemMatch")
            }
            // Not as an equality: that would be a value for an upsert.
            operand => member(operand).map(|member| Condition::In(vec![member])),
        })
        .collect()
}

fn element(operand: &Bson) -> Result<Condition> {
    let Bson::Document(operand) = operand else {
        reject!("$elemMatch needs an object");
    };
    Filter::parse_element(operand)
        .map(Box::new)
        .map(Condition::Element)
}

fn size(operand: &Bson) -> Result<Condition> {
    let size = Number::from_bson(operand)
        .and_then(Number::whole)
        .and_then(|size| usize::try_from(size).ok());
    match size {
        Some(size) => Ok(Condition::Size(size)),
        None => reject!("$size needs a whole number that is not negative"),
    }
}

fn types(operand: &Bson) -> Result<Condition> {
    let operands = match operand {
        Bson::Array(operands) if operands.is_empty() => {
            reject!("$type needs at least one type")
        }
        Bson::Array(operands) => operands.as_slice(),
        operand => std::slice::from_ref(operand),
    };
    operands
        .iter()
        .map(one_type)
        .collect::<Result<_>>()
        .map(Condition::Type)
}

fn one_type(operand: &Bson) -> Result<TypeSet> {
    if let Bson::String(name) = operand {
        return match known_name(name) {
            _ if name == "number" => Ok(TypeSet::Number),
            Some(name) => Ok(TypeSet::Named(name)),
            None => reject!("$type: unknown type `{name}`"),
        };
    }
    let number = Number::from_bson(operand).and_then(Number::whole);
    number
        .and_then(name_of_number)
        .map(TypeSet::Named)
        .ok_or_else(|| Rejection::new("$type needs the name or the number of a type"))
}

fn modulo(operand: &Bson) -> Result<Condition> {
    let Bson::Array(operands) = operand else {
        reject!("$mod needs an array of two numbers");
    };
    let [divisor, remainder] = operands.as_slice() else {
        reject!("$mod needs exactly two numbers, a divisor and a remainder");
    };
    let number = |operand| Number::from_bson(operand).and_then(Number::truncated);
    match (number(divisor), number(remainder)) {
        (Some(0), _) => reject!("$mod: the divisor cannot be 0"),
        (Some(divisor), Some(remainder)) => Ok(Condition::Modulo { divisor, remainder }),
        _ => reject!("$mod: divisor and remainder must be finite numbers that an int64 holds"),
    }
}

pub(super) fn near(operator: &str, operand: &Bson, siblings: &Document) -> Result<Condition> {
    Near::parse(operator, operand, siblings)
        .map(Box::new)
        .map(Condition::Near)
}
