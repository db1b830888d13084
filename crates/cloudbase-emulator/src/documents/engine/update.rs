//! What an update means: what becomes of a document.

mod arrays;
mod operation;
mod parse;
mod paths;
mod replacement;
mod upsert;

use bson::{DateTime, Document};

use self::{
    operation::Operation,
    paths::{Change, Padding, Walk},
};
use super::{
    compare::identical,
    depth::check_depth,
    filter::Filter,
    path::Path,
    rejection::{Result, reject},
};

pub(crate) use self::replacement::Replacement;

/// A parsed update: what is done at which path, in the order in which new fields are added.
#[derive(Debug, Clone)]
pub(crate) struct Update {
    operations: Vec<(Path, Operation)>,
}

impl Update {
    /// Parses operators, or plain data, which is set as it stands. Both together are invalid. `now` is the time of
    /// `$currentDate`.
    pub(crate) fn parse(update: &Document, now: DateTime) -> Result<Self> {
        parse::update(update, now).map(|operations| Self { operations })
    }

    /// Changes the document and returns whether it is another now. It stays as it is on a rejection.
    pub(crate) fn apply(&self, document: &mut Document) -> Result<bool> {
        let updated = self.updated(document, false)?;
        keep_id(document, &updated)?;
        let changed = !identical(document, &updated);
        *document = updated;
        Ok(changed)
    }

    /// The document that an upsert inserts if nothing is found: what the filter says, updated. It has an `_id`.
    pub(crate) fn upserted(&self, filter: &Filter) -> Result<Document> {
        let start = upsert::start(filter)?;
        let updated = self.updated(&start, true)?;
        if start.contains_key("_id") {
            keep_id(&start, &updated)?;
        }
        Ok(upsert::with_id(updated))
    }

    fn updated(&self, before: &Document, inserting: bool) -> Result<Document> {
        let mut updated = before.clone();
        let mut padding = Padding::default();
        for (path, operation) in &self.operations {
            if !operation.applies(path, before, inserting)? {
                continue;
            }
            let mut walk = Walk {
                lenient: operation.is_lenient(),
                padding: &mut padding,
                decide: &mut |value| operation.change(value, before),
            };
            walk.change(&mut updated, path)?;
        }
        // Each update could nest the document once more.
        updated.values().try_for_each(check_depth)?;
        Ok(updated)
    }
}

fn keep_id(before: &Document, after: &Document) -> Result<()> {
    let id = |document: &Document| -> Document {
        document
            .get("_id")
            .map(|id| ("_id".to_owned(), id.clone()))
            .into_iter()
            .collect()
    };
    if !identical(&id(before), &id(after)) {
        reject!("_id cannot be changed");
    }
    Ok(())
}
