//! What an update means: what becomes of a document.

use bson::{DateTime, Document};

use super::{
    filter::Filter,
    rejection::{Result, reject},
};

/// A parsed update.
#[derive(Debug, Clone)]
pub(crate) struct Update {}

impl Update {
    /// Parses operators, or plain data, which is set as it stands. Both together are invalid.
    pub(crate) fn parse(_update: &Document, _now: DateTime) -> Result<Self> {
        reject!("updates are not supported by the emulator yet")
    }

    /// Changes the document and returns whether it is another now. Unchanged on a rejection.
    pub(crate) fn apply(&self, _document: &mut Document) -> Result<bool> {
        reject!("updates are not supported by the emulator yet")
    }

    /// The document that an upsert inserts if nothing is found. It has an `_id`.
    pub(crate) fn upserted(&self, _filter: &Filter) -> Result<Document> {
        reject!("updates are not supported by the emulator yet")
    }
}

/// A document that takes the place of another one, which keeps its `_id`.
#[derive(Debug, Clone)]
pub(crate) struct Replacement {}

impl Replacement {
    /// Parses plain data; operators are invalid.
    pub(crate) fn parse(_data: &Document) -> Result<Self> {
        reject!("updates are not supported by the emulator yet")
    }

    /// Replaces the document and returns whether it is another now.
    pub(crate) fn apply(&self, _document: &mut Document) -> Result<bool> {
        reject!("updates are not supported by the emulator yet")
    }

    /// The document that an upsert inserts if nothing is found. It has an `_id`.
    pub(crate) fn upserted(&self, _filter: &Filter) -> Result<Document> {
        reject!("updates are not supported by the emulator yet")
    }
}
