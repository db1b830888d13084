//! Expressions: what computes a value from a document.
//!
//! A value is `Option<Bson>`, where `None` is a field that is not there. One file for each kind of operator; the tables at
//! the head of each say which ones it has.

mod accumulator;
mod arithmetic;
mod array;
mod comparison;
mod control;
mod convert;
mod date;
mod date_from;
mod date_math;
mod date_part;
mod date_to_string;
mod logarithm;
mod object;
mod operator;
mod parse;
mod regex;
mod rounding;
mod scope;
mod set;
mod string;
mod substring;
mod types;

use bson::{Bson, Document};

use self::{
    control::Control,
    operator::{Named, Positional},
};
use super::{path::Path, rejection::Result};

pub(super) use self::{
    accumulator::{Accumulator, State},
    arithmetic::{Arithmetic, combine},
    parse::valid_name,
    scope::{Known, Scope},
};

/// A value, or none: a field that is not there.
pub(super) type Value = Option<Bson>;

/// A parsed expression.
#[derive(Debug, Clone)]
pub(super) enum Expression {
    Constant(Value),
    /// `$a.b`, `$$name.a.b`.
    Field {
        variable: Variable,
        path: Path,
    },
    Object(Vec<(String, Expression)>),
    Array(Vec<Expression>),
    /// An operator on a list of operands.
    Positional(&'static Positional, Vec<Expression>),
    /// An operator on operands with names, in the order of its names.
    Named(&'static Named, Vec<Option<Expression>>),
    /// An operator that does not evaluate all its operands, or binds variables.
    Control(Box<Control>),
    /// An accumulator as an operator: over its operands, or the elements of the only one.
    Accumulate(Accumulator, Vec<Expression>),
}

#[derive(Debug, Clone)]
pub(super) enum Variable {
    /// The document itself: `$$ROOT`, and what a path without a variable begins at.
    Root,
    Named(String),
}

impl Expression {
    /// Evaluates the expression on the document of the scope.
    pub(super) fn evaluate(&self, scope: &Scope<'_>) -> Result<Value> {
        match self {
            Self::Constant(value) => Ok(value.clone()),
            Self::Field { variable, path } => Ok(match variable {
                Variable::Root if path.is_empty() => Some(Bson::Document(scope.root().clone())),
                Variable::Root => field_of(scope.root(), path),
                Variable::Named(name) => scope.get(name).and_then(|value| reach(value, path)),
            }),
            Self::Object(fields) => {
                let mut document = Document::new();
                for (name, expression) in fields {
                    if let Some(value) = expression.evaluate(scope)? {
                        document.insert(name, value);
                    }
                }
                Ok(Some(Bson::Document(document)))
            }
            Self::Array(elements) => elements
                .iter()
                .map(|element| Ok(element.evaluate(scope)?.unwrap_or(Bson::Null)))
                .collect::<Result<_>>()
                .map(|elements| Some(Bson::Array(elements))),
            Self::Positional(operator, operands) => operator.apply(&all(operands, scope)?),
            Self::Named(operator, operands) => {
                let operands: Vec<Option<Value>> = operands
                    .iter()
                    .map(|operand| {
                        operand
                            .as_ref()
                            .map(|operand| operand.evaluate(scope))
                            .transpose()
                    })
                    .collect::<Result<_>>()?;
                operator.apply(&operands)
            }
            Self::Control(control) => control.evaluate(scope),
            Self::Accumulate(accumulator, operands) => accumulator.over(all(operands, scope)?),
        }
    }
}

fn all(operands: &[Expression], scope: &Scope<'_>) -> Result<Vec<Value>> {
    operands
        .iter()
        .map(|operand| operand.evaluate(scope))
        .collect()
}

/// What a path reaches from a value: of an array the values of its elements that are objects, while an array directly
/// inside an array is not entered. Numbers are no indexes.
fn reach(value: &Bson, path: &[String]) -> Value {
    if path.is_empty() {
        return Some(value.clone());
    }
    match value {
        Bson::Document(document) => field_of(document, path),
        Bson::Array(elements) => {
            let reached = elements
                .iter()
                .filter_map(Bson::as_document)
                .filter_map(|document| field_of(document, path))
                .collect();
            Some(Bson::Array(reached))
        }
        _ => None,
    }
}

fn field_of(document: &Document, path: &[String]) -> Value {
    let (name, rest) = path.split_first()?;
    reach(document.get(name)?, rest)
}
