//! Aggregation.

use bson::{Bson, DateTime, Document};

use super::rejection::{Result, reject};

/// The other collections, for `$lookup`.
pub(crate) trait Collections {
    /// The documents of a collection; none if there is no such collection.
    fn documents(&self, collection: &str) -> Result<Vec<Document>>;
}

/// A parsed pipeline.
#[derive(Debug, Clone)]
pub(crate) struct Pipeline {}

impl Pipeline {
    /// Parses stages, one object of one key each. `now` is what `$$NOW` stands for.
    pub(crate) fn parse(_stages: &[Bson], _now: DateTime) -> Result<Self> {
        reject!("aggregation is not supported by the emulator yet")
    }

    /// Whether a stage is `$limit`: if none is, the service appends one of 20.
    pub(crate) fn has_limit(&self) -> bool {
        false
    }

    /// Whether a stage, of an inner pipeline as well, is `$lookup`: only administrators may use it.
    pub(crate) fn has_lookup(&self) -> bool {
        false
    }

    pub(crate) fn run(
        &self,
        documents: Vec<Document>,
        _collections: &dyn Collections,
    ) -> Result<Vec<Document>> {
        Ok(documents)
    }
}
