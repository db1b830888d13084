//! Which index narrows a filter best.

use std::collections::HashMap;

use bson::Bson;

use super::catalog::{Collection, Index};
use super::key;
use crate::documents::engine::{Filter, IndexBound, IndexCondition};

/// How the documents that may match are found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Access {
    /// All documents.
    Scan,
    /// Those with an entry in one of the ranges of an index.
    Keys { index: i64, ranges: Vec<Range> },
}

/// From a key, included, to another, excluded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Range {
    pub(super) from: Vec<u8>,
    pub(super) to: Vec<u8>,
}

/// What a filter asks of one path. All of it holds for each document that matches.
#[derive(Debug, Default)]
struct Condition {
    /// The keys of the values of which one is reached.
    one_of: Option<Vec<Vec<u8>>>,
    from: Option<Vec<u8>>,
    to: Option<Vec<u8>>,
}

impl Access {
    /// The narrowest access for a filter; what it finds still has to be matched.
    pub(in super::super) fn of(filter: &Filter, collection: &Collection) -> Self {
        let mut conditions: HashMap<String, Condition> = HashMap::new();
        for IndexCondition { path, bound } in filter.index_conditions() {
            conditions.entry(path).or_default().add(&bound);
        }
        let plans = collection
            .indexes
            .iter()
            .filter_map(|index| Some((cost(index, &conditions)?, index)));
        match plans.min_by_key(|(cost, _)| *cost) {
            Some((_, index)) => Self::Keys {
                index: index.id,
                ranges: ranges(index, &conditions),
            },
            None => Self::Scan,
        }
    }
}

/// How much an index is expected to leave over; nothing if it does not help.
fn cost(index: &Index, conditions: &HashMap<String, Condition>) -> Option<u8> {
    let first = conditions.get(index.paths.first()?)?;
    let exact = |path: &String| {
        conditions
            .get(path)
            .is_some_and(|condition| condition.one_of.is_some())
    };
    match first {
        _ if index.is_unique && index.paths.iter().all(exact) => Some(0),
        Condition {
            one_of: Some(_), ..
        } => Some(1),
        Condition {
            from: Some(_),
            to: Some(_),
            ..
        } if !index.is_multikey => Some(2),
        Condition {
            from: None,
            to: None,
            ..
        } => None,
        _ => Some(3),
    }
}

/// The prefix of equal values, and the bounds of the path after it.
fn ranges(index: &Index, conditions: &HashMap<String, Condition>) -> Vec<Range> {
    let mut prefixes = vec![Vec::new()];
    let mut bounds = None;
    for path in &index.paths {
        let Some(condition) = conditions.get(path) else {
            break;
        };
        let Some(one_of) = &condition.one_of else {
            bounds = Some((&condition.from, &condition.to));
            break;
        };
        prefixes = prefixes
            .iter()
            .flat_map(|prefix| one_of.iter().map(move |key| [&prefix[..], key].concat()))
            .collect();
    }
    let range = |prefix: Vec<u8>| {
        let (from, to) = match bounds {
            // Two elements of an array may meet one bound each.
            Some((Some(from), Some(_))) if index.is_multikey => (Some(from), None),
            Some((from, to)) => (from.as_ref(), to.as_ref()),
            None => (None, None),
        };
        // A bound finds values of its own type only.
        let rank = |bound: &Vec<u8>| bound.first().copied().into_iter();
        let low = match (from, to) {
            (Some(from), _) => [&prefix[..], from].concat(),
            (None, Some(to)) => prefix.iter().copied().chain(rank(to)).collect(),
            (None, None) => prefix.clone(),
        };
        let high = match (from, to) {
            (_, Some(to)) => [&prefix[..], to].concat(),
            (Some(from), None) => prefix.iter().copied().chain(rank(from)).collect(),
            (None, None) => prefix,
        };
        Range {
            from: low,
            to: key::end_of(high),
        }
    };
    prefixes.into_iter().map(range).collect()
}

impl Condition {
    fn add(&mut self, bound: &IndexBound<'_>) {
        match bound {
            IndexBound::Equal(value) => {
                let keys = key_of(value).map(|key| vec![key]);
                self.one_of = keys.or(self.one_of.take());
            }
            IndexBound::In(values) => {
                let keys: Option<Vec<_>> = values.iter().map(|value| key_of(value)).collect();
                self.one_of = self.one_of.take().or(keys);
            }
            IndexBound::Greater(value) | IndexBound::GreaterOrEqual(value) => {
                let from = key_of(value).filter(|from| self.is_of_type(from));
                self.from = self.from.take().or(from);
            }
            IndexBound::Less(value) | IndexBound::LessOrEqual(value) => {
                let to = key_of(value).filter(|to| self.is_of_type(to));
                self.to = self.to.take().or(to);
            }
        }
    }

    /// Whether the other bound, if there is one, is of the same type: values of two types are met by two elements.
    fn is_of_type(&self, key: &[u8]) -> bool {
        let other = self.from.as_ref().or(self.to.as_ref());
        other.is_none_or(|other| other.first() == key.first())
    }
}

/// The key of a value, if values of its type can be looked up by it.
fn key_of(value: &Bson) -> Option<Vec<u8>> {
    let mut key = Vec::new();
    key::push(&mut key, value).then_some(key)
}

#[cfg(test)]
mod tests {
    use bson::{Document, doc};

    use super::*;

    fn collection(is_multikey: bool) -> Collection {
        let index = |id, paths: &[&str], is_unique| Index {
            id,
            name: String::new(),
            paths: paths.iter().map(|path| (*path).to_owned()).collect(),
            is_unique,
            is_multikey,
        };
        Collection {
            id: 1,
            name: "c".to_owned(),
            indexes: vec![
                index(1, &["_id"], true),
                index(2, &["n"], false),
                index(3, &["owner", "n"], false),
            ],
        }
    }

    fn used(filter: &Document) -> Option<(i64, usize)> {
        match Access::of(
            &Filter::parse(filter, bson::DateTime::from_millis(0)).unwrap(),
            &collection(false),
        ) {
            Access::Scan => None,
            Access::Keys { index, ranges } => Some((index, ranges.len())),
        }
    }

    #[test]
    fn the_narrowest_index_is_taken() {
        assert_eq!(used(&doc! {}), None);
        assert_eq!(used(&doc! {"x": 1}), None);
        assert_eq!(used(&doc! {"n": 1, "_id": "a"}), Some((1, 1)));
        assert_eq!(used(&doc! {"n": {"$gt": 1}}), Some((2, 1)));
        assert_eq!(used(&doc! {"n": {"$in": [1, 2, "x"]}}), Some((2, 3)));
        assert_eq!(used(&doc! {"owner": "a", "n": {"$gt": 1}}), Some((3, 1)));
        assert_eq!(used(&doc! {"$and": [{"n": 1}, {"x": 1}]}), Some((2, 1)));
    }

    #[test]
    fn what_keys_cannot_say_is_scanned() {
        for filter in [
            doc! {"n": Bson::Null},
            doc! {"n": {"$in": [1, Bson::Null]}},
            doc! {"n": [1]},
            doc! {"n": {"x": 1}},
            doc! {"n": {"$ne": 1}},
            doc! {"n": {"$gte": f64::NAN}},
            doc! {"$or": [{"n": 1}, {"x": 1}]},
            doc! {"n": {"$not": {"$gt": 1}}},
            doc! {"n": {"$regex": "^a"}},
        ] {
            assert_eq!(used(&filter), None, "{filter}");
        }
    }

    #[test]
    fn both_bounds_narrow_unless_arrays_are_indexed() {
        let filter = doc! {"n": {"$gt": 1, "$lt": 9}};
        let filter = Filter::parse(&filter, bson::DateTime::from_millis(0)).unwrap();
        let range = |is_multikey| match Access::of(&filter, &collection(is_multikey)) {
            Access::Keys { ranges, .. } => ranges[0].clone(),
            Access::Scan => panic!("scanned"),
        };
        assert!(range(false).to < range(true).to);
        assert_eq!(range(false).from, range(true).from);
    }
}
