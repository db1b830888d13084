//! The order of documents.

use std::cmp::Ordering;

use bson::{Bson, Document};

use super::{
    compare::compare,
    number::Number,
    path::{Path, array_index, parse_path},
    rejection::{Result, reject},
};

/// The fields that documents are sorted by.
#[derive(Debug, Clone)]
pub(crate) struct Sort {
    keys: Vec<(Path, Direction)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    Ascending,
    Descending,
}

impl Sort {
    /// From dotted paths and directions, the first counting most.
    pub(crate) fn new<'a>(keys: impl IntoIterator<Item = (&'a str, Direction)>) -> Result<Self> {
        let keys = keys
            .into_iter()
            .map(|(path, direction)| Ok((parse_path(path, "sort")?, direction)))
            .collect::<Result<_>>()?;
        Ok(Self { keys })
    }

    /// From `{field: 1, other: -1}`, which cannot be empty.
    pub(crate) fn parse(operator: &str, sort: &Document) -> Result<Self> {
        if sort.is_empty() {
            reject!("{operator} needs at least one field");
        }
        let keys = sort
            .iter()
            .map(|(path, direction)| {
                let direction = match Number::from_bson(direction).and_then(Number::whole) {
                    Some(1) => Direction::Ascending,
                    Some(-1) => Direction::Descending,
                    _ => reject!("{operator}: the direction of `{path}` must be 1 or -1"),
                };
                Ok((path.as_str(), direction))
            })
            .collect::<Result<Vec<_>>>()?;
        Self::new(keys)
    }

    /// Sorts documents; equal ones keep their order.
    pub(crate) fn sort(&self, documents: Vec<Document>) -> Vec<Document> {
        let mut with_keys: Vec<_> = documents
            .into_iter()
            .map(|document| (self.key(&document), document))
            .collect();
        with_keys.sort_by(|(left, _), (right, _)| self.compare_keys(left, right));
        with_keys
            .into_iter()
            .map(|(_, document)| document)
            .collect()
    }

    /// Compares two documents.
    pub(crate) fn compare(&self, left: &Document, right: &Document) -> Ordering {
        self.compare_keys(&self.key(left), &self.key(right))
    }

    fn key(&self, document: &Document) -> Vec<Bson> {
        self.keys
            .iter()
            .map(|(path, direction)| {
                let mut values = Vec::new();
                collect(document.get(&path[0]), &path[1..], &mut values);
                let best = match direction {
                    Direction::Ascending => values.into_iter().min_by(|a, b| compare(a, b)),
                    Direction::Descending => values.into_iter().max_by(|a, b| compare(a, b)),
                };
                best.cloned().unwrap_or(Bson::Null)
            })
            .collect()
    }

    fn compare_keys(&self, left: &[Bson], right: &[Bson]) -> Ordering {
        left.iter()
            .zip(right)
            .zip(&self.keys)
            .map(|((left, right), (_, direction))| match direction {
                Direction::Ascending => compare(left, right),
                Direction::Descending => compare(right, left),
            })
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    }
}

/// What sorts for an array without elements: below null, above MinKey.
static EMPTY: Bson = Bson::Undefined;

/// The values that a path reaches, an array at its end counting by its elements.
fn collect<'a>(value: Option<&'a Bson>, path: &[String], values: &mut Vec<&'a Bson>) {
    match (value, path.split_first()) {
        (Some(Bson::Array(elements)), None) if elements.is_empty() => values.push(&EMPTY),
        (Some(Bson::Array(elements)), None) => values.extend(elements),
        (Some(value), None) => values.push(value),
        (Some(Bson::Document(document)), Some((name, rest))) => {
            collect(document.get(name), rest, values);
        }
        (Some(Bson::Array(elements)), Some((name, rest))) => {
            let at = array_index(name).and_then(|index| elements.get(index));
            if let Some(element) = at {
                collect(Some(element), rest, values);
                return;
            }
            for element in elements {
                match element {
                    Bson::Document(document) => collect(document.get(name), rest, values),
                    _ => values.push(&Bson::Null),
                }
            }
        }
        _ => values.push(&Bson::Null),
    }
}
