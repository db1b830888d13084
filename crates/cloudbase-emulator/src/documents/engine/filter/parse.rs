//! From the document that a filter is on the wire to its parts.

use bson::{Bson, Document};

use super::{
    super::{
        expression::{Expression, Known},
        path::Path,
        rejection::{Result, reject},
    },
    Node,
    condition::Condition,
    parse_operator,
};

/// Where a filter stands, which decides what it may hold.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place<'a> {
    /// A query's top level, or an `$and` of it.
    Top(&'a Known),
    /// Inside `$or`, `$nor`, `$not`, and a `$match` stage: no `$near`.
    Inner(&'a Known),
    /// Inside `$elemMatch` or `$pull`: neither `$near` nor `$expr`.
    Element,
}

impl Place<'_> {
    fn below(self) -> Self {
        match self {
            Self::Top(known) => Self::Inner(known),
            place => place,
        }
    }
}

pub(super) fn document(filter: &Document, place: Place<'_>) -> Result<Node> {
    let mut nodes = Vec::with_capacity(filter.len());
    for (name, operand) in filter {
        match name.as_str() {
            "$and" => nodes.push(Node::All(documents(name, operand, place)?)),
            "$or" => nodes.push(Node::Any(documents(name, operand, place.below())?)),
            "$nor" => {
                let inner = Node::Any(documents(name, operand, place.below())?);
                nodes.push(Node::Not(Box::new(inner)));
            }
            "$expr" => {
                let known = match place {
                    Place::Element => reject!("$expr is not allowed inside $elemMatch"),
                    Place::Top(known) | Place::Inner(known) => known,
                };
                let expression = Expression::parse(operand, known)?;
                nodes.push(Node::Expression(Box::new(expression)));
            }
            // A remark for whoever reads the query.
            "$comment" => {}
            "$where" | "$text" | "$jsonSchema" => {
                reject!("{name} is not supported by the emulator")
            }
            name if name.starts_with('$') => reject!("unknown top-level operator `{name}`"),
            name => {
                let path: Path = name.split('.').map(str::to_owned).collect();
                field(&path, operand, place, &mut nodes)?;
            }
        }
    }
    Ok(Node::All(nodes))
}

fn documents(operator: &str, operand: &Bson, place: Place<'_>) -> Result<Vec<Node>> {
    let Bson::Array(filters) = operand else {
        reject!("{operator} must be an array of filters");
    };
    if filters.is_empty() {
        reject!("{operator} must be a non-empty array");
    }
    filters
        .iter()
        .map(|filter| match filter {
            Bson::Document(filter) => document(filter, place),
            _ => reject!("{operator}: each entry must be an object"),
        })
        .collect()
}

/// What stands under a field's name: a value, a regular expression, or operators.
fn field(path: &Path, operand: &Bson, place: Place<'_>, nodes: &mut Vec<Node>) -> Result<()> {
    match operand {
        Bson::Document(operators) if is_operators(operators)? => {
            operators_on(path, operators, place, nodes)
        }
        operand => {
            let condition = parse_operator::value_or_pattern(operand)?;
            nodes.push(Node::Field(path.clone(), condition));
            Ok(())
        }
    }
}

/// Whether an object holds operators rather than being a value. One that has both is invalid.
pub(super) fn is_operators(document: &Document) -> Result<bool> {
    // A reference to a document of another collection is a value.
    const REFERENCE: &[&str] = &["$ref", "$id", "$db"];
    let is_operator = |name: &&String| name.starts_with('$') && !REFERENCE.contains(&name.as_str());
    let operators = document.keys().filter(is_operator).count();
    if operators > 0 && operators < document.len() {
        let plain = document
            .keys()
            .find(|name| !is_operator(name))
            .map_or("", String::as_str);
        reject!("unknown operator `{plain}`: operators and fields cannot stand side by side");
    }
    Ok(operators > 0)
}

pub(super) fn operators_on(
    path: &Path,
    operators: &Document,
    place: Place<'_>,
    nodes: &mut Vec<Node>,
) -> Result<()> {
    for (operator, operand) in operators {
        match operator.as_str() {
            "$not" => nodes.push(Node::Not(Box::new(negated(path, operand, place)?))),
            "$ne" => {
                if matches!(operand, Bson::RegularExpression(_)) {
                    reject!("$ne: a regular expression is not a value; use $not");
                }
                let equal = Condition::Equal(operand.clone());
                nodes.push(Node::Not(Box::new(Node::Field(path.clone(), equal))));
            }
            "$nin" => {
                let members = parse_operator::members("$nin", operand)?;
                let is_in = Condition::In(members);
                nodes.push(Node::Not(Box::new(Node::Field(path.clone(), is_in))));
            }
            "$exists" => {
                let exists = Node::Field(path.clone(), Condition::Exists);
                if super::is_true(operand) {
                    nodes.push(exists);
                } else {
                    nodes.push(Node::Not(Box::new(exists)));
                }
            }
            "$all" => {
                for condition in parse_operator::all(operand)? {
                    nodes.push(Node::Field(path.clone(), condition));
                }
            }
            "$near" | "$nearSphere" => {
                if !matches!(place, Place::Top(_)) {
                    reject!("{operator} is only allowed at the top of a query's filter");
                }
                let near = parse_operator::near(operator, operand, operators)?;
                if nodes.iter().any(|node| node.near().is_some()) {
                    reject!("{operator}: a filter can have only one of $near and $nearSphere");
                }
                nodes.push(Node::Field(path.clone(), near));
            }
            // Parts of `$regex`, `$near` and `$nearSphere`.
            "$options" if operators.contains_key("$regex") => {}
            "$maxDistance" | "$minDistance"
                if operators.contains_key("$near") || operators.contains_key("$nearSphere") => {}
            operator => {
                let condition = parse_operator::condition(operator, operand, operators)?;
                nodes.push(Node::Field(path.clone(), condition));
            }
        }
    }
    Ok(())
}

fn negated(path: &Path, operand: &Bson, place: Place<'_>) -> Result<Node> {
    match operand {
        Bson::RegularExpression(_) => Ok(Node::Field(
            path.clone(),
            parse_operator::value_or_pattern(operand)?,
        )),
        Bson::Document(operators) if !operators.is_empty() && is_operators(operators)? => {
            let mut nodes = Vec::new();
            operators_on(path, operators, place.below(), &mut nodes)?;
            Ok(Node::All(nodes))
        }
        _ => reject!("$not needs a regular expression or an object of operators"),
    }
}

/// The operand of `$elemMatch`: operators are for the elements themselves, fields for elements that are documents.
pub(super) fn element(operand: &Document) -> Result<Node> {
    const LOGICAL: &[&str] = &["$and", "$or", "$nor", "$expr", "$where"];
    let is_logical = operand
        .keys()
        .next()
        .is_some_and(|name| LOGICAL.contains(&name.as_str()));
    if is_logical || !is_operators(operand)? {
        return document(operand, Place::Element);
    }
    let mut nodes = Vec::new();
    operators_on(&Path::new(), operand, Place::Element, &mut nodes)?;
    Ok(Node::All(nodes))
}
