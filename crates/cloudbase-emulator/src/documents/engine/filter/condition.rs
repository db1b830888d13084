//! One condition on a value.

use std::cmp::Ordering;

use bson::Bson;
use regex::Regex;

use super::{
    super::{
        compare::{compare, equal, type_rank},
        geo::{Geometry, Near, Region},
        number::Number,
        types::type_name,
    },
    ElementFilter,
};

#[derive(Debug, Clone)]
pub(super) enum Condition {
    Equal(Bson),
    /// `$gt`, `$gte`, `$lt`, `$lte`.
    Range(Range, Bson),
    In(Vec<Member>),
    Exists,
    Type(Vec<TypeSet>),
    Size(usize),
    Modulo {
        divisor: i64,
        remainder: i64,
    },
    Pattern(Pattern),
    Element(Box<ElementFilter>),
    Within(Box<Region>),
    Intersects(Box<Geometry>),
    Near(Box<Near>),
    /// Meets no value: `$all` of nothing.
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Range {
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

/// What `$in` looks for.
#[derive(Debug, Clone)]
pub(super) enum Member {
    Value(Bson),
    Pattern(Pattern),
}

#[derive(Debug, Clone)]
pub(super) struct Pattern {
    pub(super) regex: Regex,
    /// The expression as a value: equal values are found, too.
    pub(super) value: Bson,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum TypeSet {
    Number,
    Named(&'static str),
}

impl Condition {
    /// Whether a value at the end of a path meets the condition; an array meets it as a whole or by an element.
    pub(super) fn matches(&self, value: Option<&Bson>) -> bool {
        self.matches_one(value)
            || match value {
                Some(Bson::Array(elements)) if self.looks_at_elements() => elements
                    .iter()
                    .any(|element| self.matches_one(Some(element))),
                _ => false,
            }
    }

    fn looks_at_elements(&self) -> bool {
        !matches!(
            self,
            Self::Exists | Self::Size(_) | Self::Element(_) | Self::Never
        )
    }

    /// Whether a value itself meets the condition. `None` stands for a field that is not there.
    pub(super) fn matches_one(&self, value: Option<&Bson>) -> bool {
        match self {
            Self::Equal(operand) => equals(value, operand),
            Self::Range(range, operand) => range.matches(value.unwrap_or(&Bson::Null), operand),
            Self::In(members) => members.iter().any(|member| match member {
                Member::Value(operand) => equals(value, operand),
                Member::Pattern(pattern) => value.is_some_and(|value| pattern.matches(value)),
            }),
            Self::Exists => value.is_some(),
            Self::Type(types) => value.is_some_and(|value| {
                types.iter().any(|set| match set {
                    TypeSet::Number => Number::from_bson(value).is_some(),
                    TypeSet::Named(name) => type_name(value) == *name,
                })
            }),
            Self::Size(size) => {
                matches!(value, Some(Bson::Array(elements)) if elements.len() == *size)
            }
            Self::Modulo { divisor, remainder } => value
                .and_then(Number::from_bson)
                .and_then(Number::truncated)
                .is_some_and(|value| value.wrapping_rem(*divisor) == *remainder),
            Self::Pattern(pattern) => value.is_some_and(|value| pattern.matches(value)),
            // A filter on elements holds no expression, so it cannot fail.
            Self::Element(filter) => matches!(value, Some(Bson::Array(elements))
                if elements.iter().any(|element| filter.matches(element).unwrap_or(false))),
            Self::Within(region) => value.is_some_and(|value| region.contains(value)),
            Self::Intersects(geometry) => {
                value.is_some_and(|value| geometry.intersects_value(value))
            }
            Self::Near(near) => value.is_some_and(|value| near.distance(value).is_some()),
            Self::Never => false,
        }
    }
}

/// Null is equal to a field that is not there.
fn equals(value: Option<&Bson>, operand: &Bson) -> bool {
    match value {
        None => matches!(operand, Bson::Null),
        Some(value) => equal(value, operand),
    }
}

impl Pattern {
    fn matches(&self, value: &Bson) -> bool {
        match value {
            Bson::String(text) | Bson::Symbol(text) => self.regex.is_match(text),
            value => equal(&self.value, value),
        }
    }
}

impl Range {
    /// Compares inside the type of the operand only.
    fn matches(self, value: &Bson, operand: &Bson) -> bool {
        let at_the_end = matches!(operand, Bson::MinKey | Bson::MaxKey);
        if type_rank(value) != type_rank(operand) && !at_the_end {
            return false;
        }
        let nan = |value: &Bson| Number::from_bson(value).is_some_and(Number::is_nan);
        let order = compare(value, operand);
        if nan(value) || nan(operand) {
            // NaN is neither above nor below a number.
            return order.is_eq() && self.includes_equal();
        }
        match order {
            Ordering::Equal => self.includes_equal(),
            Ordering::Greater => matches!(self, Self::Greater | Self::GreaterOrEqual),
            Ordering::Less => matches!(self, Self::Less | Self::LessOrEqual),
        }
    }

    fn includes_equal(self) -> bool {
        matches!(self, Self::GreaterOrEqual | Self::LessOrEqual)
    }
}
