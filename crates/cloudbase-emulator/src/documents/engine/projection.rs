//! Which fields of a document are shown: the projection of a query, `$project`, `$addFields`.

mod apply;
mod computed;
mod parse;
mod tree;

use bson::Document;

use self::tree::Tree;
use super::{
    expression::{Known, Scope},
    rejection::{Result, reject},
};

pub(super) use self::computed::ComputedFields;

/// A parsed projection.
#[derive(Debug, Clone)]
pub(crate) struct Projection {
    mode: Mode,
    shows_id: bool,
    tree: Tree,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// What is not named is left out.
    Inclusion,
    /// What is not named is kept.
    Exclusion,
}

impl Projection {
    /// Parses the projection of a query: fields to show or to leave out, `$slice`, `$elemMatch`. An empty one shows
    /// everything.
    pub(crate) fn parse(projection: &Document) -> Result<Self> {
        parse::projection(projection, parse::Place::Query)
    }

    /// Parses a `$project` stage, which computes fields as well and cannot be empty.
    pub(super) fn parse_stage(projection: &Document, known: &Known) -> Result<Self> {
        if projection.is_empty() {
            reject!("$project needs at least one field");
        }
        parse::projection(projection, parse::Place::Stage(known))
    }

    /// The fields that are shown, in the order of the document.
    pub(crate) fn apply(&self, document: Document) -> Result<Document> {
        let none = Document::new();
        self.apply_in(document, &Scope::new(&none))
    }

    pub(super) fn apply_in(&self, document: Document, scope: &Scope<'_>) -> Result<Document> {
        let id = if self.shows_id && !self.tree.has("_id") {
            document.get("_id").cloned()
        } else {
            None
        };
        let mut shown = apply::document(document, &self.tree, self.mode)?;
        if let Some(id) = id {
            shown.insert("_id", id);
        }
        computed::add(&mut shown, &self.tree, scope)?;
        Ok(id_first(shown))
    }
}

/// Moves `_id` to the front, where it is however it came to be shown.
pub(super) fn id_first(mut document: Document) -> Document {
    if document.keys().next().is_some_and(|name| name == "_id") {
        return document;
    }
    match document.remove("_id") {
        Some(id) => std::iter::once(("_id".to_owned(), id))
            .chain(document)
            .collect(),
        None => document,
    }
}
