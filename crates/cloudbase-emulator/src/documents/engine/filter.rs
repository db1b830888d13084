//! What a filter means: which documents it finds.

mod condition;
mod equalities;
mod parse;
mod parse_operator;

use bson::{Bson, DateTime, Document};

use self::condition::Condition;
use super::{
    expression::{Expression, Known, Scope},
    geo::Near,
    path::{Path, visit_path},
    rejection::Result,
    types::is_true,
};

pub(crate) use self::equalities::{IndexBound, IndexCondition};

/// A parsed filter.
#[derive(Debug, Clone)]
pub(crate) struct Filter {
    root: Node,
}

/// A filter or a part of one.
#[derive(Debug, Clone)]
enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    /// A condition on what the path reaches; the empty path is the value itself, inside `$elemMatch`.
    Field(Path, Condition),
    Expression(Box<Expression>),
}

/// What a filter looks at.
#[derive(Debug, Clone, Copy)]
enum Subject<'a> {
    Document(&'a Document),
    /// An element of an array.
    Element(&'a Bson),
}

impl Filter {
    /// Parses a filter as it stands in a query, an update or a removal: `$near` and `$nearSphere` are allowed at the top.
    /// `now` is what `$$NOW` stands for.
    pub(crate) fn parse(filter: &Document, now: DateTime) -> Result<Self> {
        let known = Known::new(now);
        parse::document(filter, parse::Place::Top(&known)).map(|root| Self { root })
    }

    /// Parses the filter of a `$match` stage, where `$near` and `$nearSphere` are rejected.
    pub(super) fn parse_match(filter: &Document, known: &Known) -> Result<Self> {
        parse::document(filter, parse::Place::Inner(known)).map(|root| Self { root })
    }

    /// Parses a filter on the elements of an array: the operand of `$elemMatch`.
    pub(super) fn parse_element(operand: &Document) -> Result<ElementFilter> {
        parse::element(operand).map(ElementFilter)
    }

    /// Whether the document is found. An expression (`$expr`) that fails on the document is a rejection.
    pub(crate) fn matches(&self, document: &Document) -> Result<bool> {
        self.matches_in(document, &Scope::new(document))
    }

    /// As [`Filter::matches`], with variables for `$expr`.
    pub(super) fn matches_in(&self, document: &Document, scope: &Scope<'_>) -> Result<bool> {
        self.root.matches(Subject::Document(document), scope)
    }

    /// The `$near` or `$nearSphere` of the filter: results are sorted by its distance unless another order is asked for.
    pub(crate) fn near(&self) -> Option<Nearest<'_>> {
        self.root.near()
    }
}

/// A field and the point from which its distance counts.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Nearest<'a> {
    path: &'a Path,
    near: &'a Near,
}

impl Nearest<'_> {
    /// Sorts documents by distance, nearest first. Those without a place are dropped, though the filter found none.
    pub(crate) fn sort(&self, documents: Vec<Document>) -> Vec<Document> {
        let mut by_distance: Vec<_> = documents
            .into_iter()
            .filter_map(|document| Some((self.distance(&document)?, document)))
            .collect();
        by_distance.sort_by(|(left, _), (right, _)| left.total_cmp(right));
        by_distance
            .into_iter()
            .map(|(_, document)| document)
            .collect()
    }

    fn distance(&self, document: &Document) -> Option<f64> {
        let mut nearest: Option<f64> = None;
        visit_path(document, self.path, &mut |value| {
            if let Some((distance, _)) = value.and_then(|value| self.near.nearest(value)) {
                nearest = Some(nearest.map_or(distance, |nearest| nearest.min(distance)));
            }
            false
        });
        nearest
    }
}

/// A filter on elements of an array, each as a document or as a value.
#[derive(Debug, Clone)]
pub(super) struct ElementFilter(Node);

impl ElementFilter {
    pub(super) fn matches(&self, element: &Bson) -> Result<bool> {
        let none = Document::new();
        let scope = &Scope::new(&none);
        if !self.0.is_on_fields() {
            return self.0.matches(Subject::Element(element), scope);
        }
        match element {
            Bson::Document(document) => self.0.matches(Subject::Document(document), scope),
            // An array is a document whose names are the indexes.
            Bson::Array(elements) => {
                let document = elements
                    .iter()
                    .enumerate()
                    .map(|(index, element)| (index.to_string(), element.clone()))
                    .collect();
                self.0.matches(Subject::Document(&document), scope)
            }
            _ => Ok(false),
        }
    }
}

impl Node {
    fn matches(&self, subject: Subject<'_>, scope: &Scope<'_>) -> Result<bool> {
        match self {
            Self::All(nodes) => {
                for node in nodes {
                    if !node.matches(subject, scope)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Any(nodes) => {
                for node in nodes {
                    if node.matches(subject, scope)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Self::Not(node) => node.matches(subject, scope).map(|matches| !matches),
            Self::Field(path, condition) => match subject {
                Subject::Document(document) => Ok(visit_path(document, path, &mut |value| {
                    condition.matches(value)
                })),
                Subject::Element(element) => Ok(condition.matches_one(Some(element))),
            },
            Self::Expression(expression) => {
                let value = expression.evaluate(scope)?;
                Ok(value.as_ref().is_some_and(is_true))
            }
        }
    }

    /// Whether the parts are conditions on fields, rather than on a value itself.
    fn is_on_fields(&self) -> bool {
        match self {
            Self::All(nodes) | Self::Any(nodes) => nodes.iter().all(Self::is_on_fields),
            Self::Not(node) => node.is_on_fields(),
            Self::Field(path, _) => !path.is_empty(),
            Self::Expression(_) => true,
        }
    }

    fn near(&self) -> Option<Nearest<'_>> {
        match self {
            Self::All(nodes) => nodes.iter().find_map(Self::near),
            Self::Field(path, Condition::Near(near)) => Some(Nearest { path, near }),
            _ => None,
        }
    }
}
