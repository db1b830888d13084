//! `$push`, `$addToSet`, `$pop`, `$pull`, `$pullAll`: what becomes of an array.

use bson::{Bson, Document};

use super::super::{
    compare::{compare, equal},
    filter::ElementFilter,
    number::Number,
    rejection::{Rejection, Result, reject},
    sort::Sort,
};

/// A `$push`: the elements are inserted, then the array is sorted, then cut.
#[derive(Debug, Clone)]
pub(super) struct Push {
    elements: Vec<Bson>,
    position: Option<i64>,
    sort: Option<ElementOrder>,
    slice: Option<i64>,
}

#[derive(Debug, Clone)]
enum ElementOrder {
    Ascending,
    Descending,
    /// By fields of elements that are documents.
    Fields(Sort),
}

impl Push {
    /// One element, or `{$each, $position, $sort, $slice}`.
    pub(super) fn parse(operand: &Bson) -> Result<Self> {
        let mut push = Self {
            elements: vec![operand.clone()],
            position: None,
            sort: None,
            slice: None,
        };
        let Bson::Document(modifiers) = operand else {
            return Ok(push);
        };
        if !modifiers.contains_key("$each") {
            if let Some(name) = modifiers.keys().find(|name| name.starts_with('$')) {
                reject!("$push: {name} needs $each");
            }
            return Ok(push);
        }
        for (name, value) in modifiers {
            match name.as_str() {
                "$each" => push.elements = each("$push", value)?.to_vec(),
                "$position" => push.position = Some(whole("$position", value)?),
                "$slice" => push.slice = Some(whole("$slice", value)?),
                "$sort" => push.sort = Some(order(value)?),
                name => reject!("$push: unknown modifier `{name}`"),
            }
        }
        Ok(push)
    }

    pub(super) fn change(&self, elements: &[Bson]) -> Result<Bson> {
        let length = elements.len();
        let size = |number: i64| usize::try_from(number.unsigned_abs()).unwrap_or(usize::MAX);
        let position = match self.position {
            None => length,
            Some(position) if position < 0 => length.saturating_sub(size(position)),
            Some(position) => size(position).min(length),
        };
        let (head, tail) = elements.split_at(position);
        let mut result = [head, &self.elements, tail].concat();
        match &self.sort {
            None => {}
            Some(ElementOrder::Ascending) => result.sort_by(compare),
            Some(ElementOrder::Descending) => result.sort_by(|left, right| compare(right, left)),
            Some(ElementOrder::Fields(sort)) => {
                let none = Document::new();
                result.sort_by(|left, right| {
                    sort.compare(
                        left.as_document().unwrap_or(&none),
                        right.as_document().unwrap_or(&none),
                    )
                });
            }
        }
        match self.slice {
            None => {}
            Some(slice) if slice < 0 => {
                let cut = result.len().saturating_sub(size(slice));
                result.drain(..cut);
            }
            Some(slice) => result.truncate(size(slice)),
        }
        Ok(Bson::Array(result))
    }
}

fn each<'a>(operator: &str, operand: &'a Bson) -> Result<&'a [Bson]> {
    match operand {
        Bson::Array(elements) => Ok(elements),
        _ => reject!("{operator}: $each must be an array"),
    }
}

fn whole(name: &str, operand: &Bson) -> Result<i64> {
    Number::from_bson(operand)
        .and_then(Number::whole)
        .ok_or_else(|| Rejection::new(format!("$push: {name} must be a whole number")))
}

fn order(operand: &Bson) -> Result<ElementOrder> {
    if let Bson::Document(fields) = operand {
        return Sort::parse("$push: $sort", fields).map(ElementOrder::Fields);
    }
    match Number::from_bson(operand).and_then(Number::whole) {
        Some(1) => Ok(ElementOrder::Ascending),
        Some(-1) => Ok(ElementOrder::Descending),
        _ => reject!("$push: $sort must be 1, -1 or an object of fields"),
    }
}

/// The elements that `$addToSet` adds: the operand, or those of `$each`.
pub(super) fn parse_add_to_set(operand: &Bson) -> Result<Vec<Bson>> {
    match operand {
        Bson::Document(modifiers) if modifiers.contains_key("$each") => {
            match modifiers.get("$each") {
                Some(elements) if modifiers.len() == 1 => {
                    each("$addToSet", elements).map(<[Bson]>::to_vec)
                }
                _ => reject!("$addToSet: only $each is allowed in an object that has it"),
            }
        }
        Bson::Document(document) if document.keys().any(|name| name.starts_with('$')) => {
            reject!("$addToSet: the only modifier is $each")
        }
        operand => Ok(vec![operand.clone()]),
    }
}

pub(super) fn add_to_set(elements: &[Bson], new: &[Bson]) -> Bson {
    let mut result = elements.to_vec();
    for value in new {
        if !result.iter().any(|element| equal(element, value)) {
            result.push(value.clone());
        }
    }
    Bson::Array(result)
}

pub(super) fn pop(elements: &[Bson], first: bool) -> Bson {
    let rest = if first {
        elements.get(1..)
    } else {
        elements.get(..elements.len().saturating_sub(1))
    };
    Bson::Array(rest.unwrap_or_default().to_vec())
}

/// Which elements are removed.
#[derive(Debug, Clone)]
pub(super) enum PullCondition {
    /// Those that are equal to one of the values.
    Values(Vec<Bson>),
    /// Those that meet operators.
    Operators(ElementFilter),
    /// Those that are documents and match.
    Documents(ElementFilter),
}

impl PullCondition {
    pub(super) fn remove_from(&self, elements: &[Bson]) -> Result<Bson> {
        let mut kept = Vec::with_capacity(elements.len());
        for element in elements {
            let removed = match self {
                Self::Values(values) => values.iter().any(|value| equal(value, element)),
                Self::Operators(filter) => filter.matches(element)?,
                Self::Documents(filter) => {
                    matches!(element, Bson::Document(_)) && filter.matches(element)?
                }
            };
            if !removed {
                kept.push(element.clone());
            }
        }
        Ok(Bson::Array(kept))
    }
}
