//! The paths of a projection as a tree, so that a document is walked once.

use bson::Bson;

use super::super::{
    expression::Expression,
    filter::ElementFilter,
    path::parse_path,
    rejection::{Result, reject},
};

/// Names and what becomes of their fields, in the order given.
#[derive(Debug, Clone, Default)]
pub(super) struct Tree {
    pub(super) entries: Vec<(String, Entry)>,
}

#[derive(Debug, Clone)]
pub(super) enum Entry {
    /// Only fields below are named.
    Below(Tree),
    Leaf(Leaf),
}

#[derive(Debug, Clone)]
pub(super) enum Leaf {
    Include,
    Exclude,
    Slice(Slice),
    /// The first element that matches.
    FirstMatch(Box<ElementFilter>),
    Computed(Box<Expression>),
}

/// Which elements of an array are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slice {
    First(usize),
    Last(usize),
    From { skip: i64, count: usize },
}

impl Tree {
    pub(super) fn get(&self, name: &str) -> Option<&Entry> {
        self.entries
            .iter()
            .find(|(entry, _)| entry == name)
            .map(|(_, entry)| entry)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Adds a path. One that is, or is below or above, another one is rejected.
    pub(super) fn insert(&mut self, operator: &str, path: &str, leaf: Leaf) -> Result<()> {
        if !self.insert_at(&parse_path(path, operator)?, leaf) {
            reject!("{operator}: the path `{path}` collides with another one");
        }
        Ok(())
    }

    fn insert_at(&mut self, path: &[String], leaf: Leaf) -> bool {
        let Some((name, rest)) = path.split_first() else {
            return false;
        };
        let existing = self.entries.iter_mut().find(|(entry, _)| entry == name);
        match existing {
            Some((_, Entry::Below(below))) if !rest.is_empty() => below.insert_at(rest, leaf),
            Some(_) => false,
            None if rest.is_empty() => {
                self.entries.push((name.clone(), Entry::Leaf(leaf)));
                true
            }
            None => {
                let mut below = Self::default();
                let inserted = below.insert_at(rest, leaf);
                self.entries.push((name.clone(), Entry::Below(below)));
                inserted
            }
        }
    }

    pub(super) fn computes(&self) -> bool {
        self.entries.iter().any(|(_, entry)| match entry {
            Entry::Below(below) => below.computes(),
            Entry::Leaf(leaf) => matches!(leaf, Leaf::Computed(_)),
        })
    }
}

impl Slice {
    pub(super) fn apply(self, elements: Vec<Bson>) -> Vec<Bson> {
        let length = elements.len();
        let (skip, count) = match self {
            Self::First(count) => (0, count),
            Self::Last(count) => (length.saturating_sub(count), count),
            Self::From { skip, count } => {
                let magnitude = usize::try_from(skip.unsigned_abs()).unwrap_or(usize::MAX);
                let skip = if skip < 0 {
                    length.saturating_sub(magnitude)
                } else {
                    magnitude
                };
                (skip, count)
            }
        };
        elements.into_iter().skip(skip).take(count).collect()
    }
}
