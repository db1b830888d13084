//! Which fields of a document are shown.

use bson::Document;

use super::rejection::{Result, reject};

/// A parsed projection of a query.
#[derive(Debug, Clone)]
pub(crate) struct Projection {}

impl Projection {
    pub(crate) fn parse(_projection: &Document) -> Result<Self> {
        reject!("projections are not supported by the emulator yet")
    }

    /// The fields that are shown.
    pub(crate) fn apply(&self, document: Document) -> Result<Document> {
        Ok(document)
    }
}
