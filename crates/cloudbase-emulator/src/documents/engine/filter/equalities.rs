//! What a filter says about single fields for sure: for indexes, and for the document that an upsert inserts.

use bson::Bson;

use super::{
    Filter, Node,
    condition::{Condition, Member, Range},
};

/// A condition that every document found meets, on one field: what an index on it can be asked for.
///
/// It is necessary, not sufficient: the filter is to be matched against what the index finds. On a field with arrays each
/// element, and the array as a whole, meets it for itself.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct IndexCondition<'a> {
    /// The dotted path.
    pub(crate) path: String,
    pub(crate) bound: IndexBound<'a>,
}

/// Values are of the type order's same rank as the operand; null stands for a field that is not there, too.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum IndexBound<'a> {
    Equal(&'a Bson),
    /// Equal to one of them.
    In(Vec<&'a Bson>),
    Greater(&'a Bson),
    GreaterOrEqual(&'a Bson),
    Less(&'a Bson),
    LessOrEqual(&'a Bson),
}

impl Filter {
    /// The conditions for indexes, in the filter's order. Two on one path may be met by two elements of an array.
    pub(crate) fn index_conditions(&self) -> Vec<IndexCondition<'_>> {
        let mut conditions = Vec::new();
        self.root.collect_index_conditions(&mut conditions);
        conditions
    }

    /// The equality conditions on fields, as paths and values: what an upsert begins with.
    pub(in super::super) fn equalities(&self) -> Vec<(&[String], &Bson)> {
        let mut equalities = Vec::new();
        self.root.collect_equalities(&mut equalities);
        equalities
    }
}

impl Node {
    fn collect_index_conditions<'a>(&'a self, conditions: &mut Vec<IndexCondition<'a>>) {
        match self {
            Self::All(nodes) => {
                for node in nodes {
                    node.collect_index_conditions(conditions);
                }
            }
            Self::Field(path, condition) => {
                if let Some(bound) = condition.index_bound() {
                    conditions.push(IndexCondition {
                        path: path.join("."),
                        bound,
                    });
                }
            }
            Self::Any(_) | Self::Not(_) | Self::Expression(_) => {}
        }
    }

    fn collect_equalities<'a>(&'a self, equalities: &mut Vec<(&'a [String], &'a Bson)>) {
        match self {
            Self::All(nodes) => {
                for node in nodes {
                    node.collect_equalities(equalities);
                }
            }
            Self::Field(path, Condition::Equal(value)) => equalities.push((path, value)),
            _ => {}
        }
    }
}

impl Condition {
    fn index_bound(&self) -> Option<IndexBound<'_>> {
        match self {
            Self::Equal(value) => Some(IndexBound::Equal(value)),
            Self::In(members) => members
                .iter()
                .map(|member| match member {
                    Member::Value(value) => Some(value),
                    Member::Pattern(_) => None,
                })
                .collect::<Option<_>>()
                .map(IndexBound::In),
            Self::Range(_, Bson::MinKey | Bson::MaxKey) => None,
            Self::Range(range, value) => Some(match range {
                Range::Greater => IndexBound::Greater(value),
                Range::GreaterOrEqual => IndexBound::GreaterOrEqual(value),
                Range::Less => IndexBound::Less(value),
                Range::LessOrEqual => IndexBound::LessOrEqual(value),
            }),
            _ => None,
        }
    }
}
