//! The form of an operator: its name, how many operands it takes, and a function of their values.

use bson::Bson;

use super::{
    super::{
        number::Number,
        rejection::{Rejection, Result, reject},
        types::type_name,
    },
    Value, accumulator, arithmetic, array, comparison, convert, date_from, date_math, date_part,
    date_to_string, logarithm, object, regex, rounding, set, string, substring, types,
};

/// An operator on a list of operands: `{$name: [a, b]}`, or `{$name: a}` for one.
#[derive(Debug)]
pub(in super::super) struct Positional {
    pub(super) name: &'static str,
    pub(super) least: usize,
    pub(super) most: usize,
    function: fn(&Operands<'_>) -> Result<Value>,
}

/// An operator on operands with names: `{$name: {input: a, to: b}}`.
#[derive(Debug)]
pub(in super::super) struct Named {
    pub(super) name: &'static str,
    /// The names, those that must be given first.
    pub(super) names: &'static [&'static str],
    pub(super) required: usize,
    /// The name of the operand if it is given alone, as in `{$year: "$at"}`.
    pub(super) alone: Option<&'static str>,
    function: fn(&NamedOperands<'_>) -> Result<Value>,
}

pub(super) const fn positional(
    name: &'static str,
    (least, most): (usize, usize),
    function: fn(&Operands<'_>) -> Result<Value>,
) -> Positional {
    Positional {
        name,
        least,
        most,
        function,
    }
}

pub(super) const fn named(
    name: &'static str,
    names: &'static [&'static str],
    required: usize,
    function: fn(&NamedOperands<'_>) -> Result<Value>,
) -> Named {
    Named {
        name,
        names,
        required,
        alone: None,
        function,
    }
}

impl Named {
    pub(super) const fn or_alone(mut self, name: &'static str) -> Self {
        self.alone = Some(name);
        self
    }

    pub(super) fn apply(&self, values: &[Option<Value>]) -> Result<Value> {
        (self.function)(&NamedOperands {
            operator: self,
            values,
        })
    }
}

impl Positional {
    pub(super) fn apply(&self, values: &[Value]) -> Result<Value> {
        (self.function)(&Operands {
            operator: self.name,
            values,
        })
    }
}

pub(super) const ANY: (usize, usize) = (0, usize::MAX);
pub(super) const ONE: (usize, usize) = (1, 1);
pub(super) const TWO: (usize, usize) = (2, 2);

pub(super) fn find_positional(name: &str) -> Option<&'static Positional> {
    [
        arithmetic::OPERATORS,
        array::OPERATORS,
        comparison::OPERATORS,
        convert::OPERATORS,
        logarithm::OPERATORS,
        object::OPERATORS,
        rounding::OPERATORS,
        set::OPERATORS,
        string::OPERATORS,
        substring::OPERATORS,
        types::OPERATORS,
    ]
    .into_iter()
    .flatten()
    .find(|operator| operator.name == name)
}

pub(super) fn find_named(name: &str) -> Option<&'static Named> {
    [
        array::NAMED,
        convert::NAMED,
        date_from::NAMED,
        date_math::NAMED,
        date_part::NAMED,
        date_to_string::NAMED,
        regex::NAMED,
        string::NAMED,
    ]
    .into_iter()
    .flatten()
    .find(|operator| operator.name == name)
}

pub(super) fn find_accumulator(name: &str) -> Option<super::Accumulator> {
    accumulator::find(name).filter(|accumulator| accumulator.is_expression())
}

/// The values of the operands.
#[derive(Debug)]
pub(super) struct Operands<'a> {
    pub(super) operator: &'static str,
    pub(super) values: &'a [Value],
}

impl Operands<'_> {
    pub(super) fn get(&self, index: usize) -> Option<&Bson> {
        self.values.get(index).and_then(Option::as_ref)
    }

    /// Whether the operand at `index` is null or not there.
    pub(super) fn is_null(&self, index: usize) -> bool {
        is_null(self.get(index))
    }

    pub(super) fn any_null(&self) -> bool {
        self.values.iter().any(|value| is_null(value.as_ref()))
    }

    pub(super) fn number(&self, index: usize) -> Result<Number> {
        match self
            .get(index)
            .map(|value| (value, Number::from_bson(value)))
        {
            Some((_, Some(number))) => Ok(number),
            Some((value, None)) => Err(self.wrong(value, "a number")),
            None => Err(self.missing("a number")),
        }
    }

    pub(super) fn text(&self, index: usize) -> Result<&str> {
        match self.get(index) {
            Some(Bson::String(text) | Bson::Symbol(text)) => Ok(text),
            Some(value) => Err(self.wrong(value, "a string")),
            None => Err(self.missing("a string")),
        }
    }

    pub(super) fn array(&self, index: usize) -> Result<&[Bson]> {
        match self.get(index) {
            Some(Bson::Array(elements)) => Ok(elements),
            Some(value) => Err(self.wrong(value, "an array")),
            None => Err(self.missing("an array")),
        }
    }

    /// A whole number that an int32 holds, of any type.
    pub(super) fn int(&self, index: usize) -> Result<i32> {
        self.number(index)?
            .whole()
            .and_then(|value| i32::try_from(value).ok())
            .ok_or_else(|| {
                Rejection::new(format!(
                    "{}: expected a whole number of 32 bits",
                    self.operator
                ))
            })
    }

    pub(super) fn wrong(&self, value: &Bson, expected: &str) -> Rejection {
        wrong_type(self.operator, value, expected)
    }

    fn missing(&self, expected: &str) -> Rejection {
        Rejection::new(format!(
            "{}: expected {expected}, got a missing value",
            self.operator
        ))
    }
}

/// The values of operands with names.
#[derive(Debug)]
pub(super) struct NamedOperands<'a> {
    operator: &'a Named,
    values: &'a [Option<Value>],
}

impl NamedOperands<'_> {
    pub(super) fn operator(&self) -> &'static str {
        self.operator.name
    }

    /// The operand, `None` if it was not given.
    pub(super) fn given(&self, name: &str) -> Option<&Value> {
        let index = self
            .operator
            .names
            .iter()
            .position(|known| *known == name)?;
        self.values.get(index)?.as_ref()
    }

    pub(super) fn get(&self, name: &str) -> Option<&Bson> {
        self.given(name)?.as_ref()
    }

    /// Whether the operand is null or not there.
    pub(super) fn is_null(&self, name: &str) -> bool {
        is_null(self.get(name))
    }

    /// Whether the operand was given and is null or not there.
    pub(super) fn is_given_null(&self, name: &str) -> bool {
        self.given(name)
            .is_some_and(|value| is_null(value.as_ref()))
    }

    pub(super) fn text(&self, name: &str) -> Result<&str> {
        match self.get(name) {
            Some(Bson::String(text) | Bson::Symbol(text)) => Ok(text),
            Some(value) => Err(self.wrong(name, value, "a string")),
            None => reject!("{}: `{name}` must be a string", self.operator.name),
        }
    }

    /// A whole number of any type.
    pub(super) fn whole(&self, name: &str) -> Result<i64> {
        match self.get(name) {
            Some(value) => Number::from_bson(value)
                .and_then(Number::whole)
                .ok_or_else(|| self.wrong(name, value, "a whole number")),
            None => reject!("{}: `{name}` must be a whole number", self.operator.name),
        }
    }

    pub(super) fn wrong(&self, name: &str, value: &Bson, expected: &str) -> Rejection {
        wrong_type(
            &format!("{}: `{name}`", self.operator.name),
            value,
            expected,
        )
    }
}

pub(super) fn wrong_type(place: &str, value: &Bson, expected: &str) -> Rejection {
    Rejection::new(format!(
        "{place}: expected {expected}, got a value of type {}",
        type_name(value)
    ))
}

pub(super) fn is_null(value: Option<&Bson>) -> bool {
    matches!(value, None | Some(Bson::Null | Bson::Undefined))
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "the form of a value that is there"
)]
pub(super) fn some(value: impl Into<Bson>) -> Value {
    Some(value.into())
}

pub(super) const NULL: Value = Some(Bson::Null);
