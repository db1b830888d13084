//! Aggregation: documents through stages.

use bson::{Bson, DateTime, Document};

use super::{
    expression::{Known, Scope},
    rejection::{Result, reject},
    stage::Stage,
};

/// The other collections, for `$lookup`.
pub(crate) trait Collections {
    /// The documents of a collection; none if there is no such collection.
    fn documents(&self, collection: &str) -> Result<Vec<Document>>;
}

/// A parsed pipeline.
#[derive(Debug, Clone)]
pub(crate) struct Pipeline {
    stages: Vec<Stage>,
}

impl Pipeline {
    /// Parses stages, one object of one key each. `now` is what `$$NOW` stands for.
    pub(crate) fn parse(stages: &[Bson], now: DateTime) -> Result<Self> {
        Self::parse_in(stages, &Known::new(now))
    }

    /// Parses an inner pipeline, with variables.
    pub(super) fn parse_in(stages: &[Bson], known: &Known) -> Result<Self> {
        let stages = stages
            .iter()
            .map(|stage| match stage {
                Bson::Document(stage) => Stage::parse(stage, known),
                _ => reject!("a stage of a pipeline must be an object"),
            })
            .collect::<Result<Vec<_>>>()?;
        if stages.iter().skip(1).any(Stage::must_be_first) {
            reject!("$geoNear is only allowed as the first stage of a pipeline");
        }
        Ok(Self { stages })
    }

    /// Whether a stage is `$limit`: if none is, the service appends one of 20.
    pub(crate) fn has_limit(&self) -> bool {
        self.stages
            .iter()
            .any(|stage| matches!(stage, Stage::Limit(_)))
    }

    /// Whether a stage, of an inner pipeline as well, is `$lookup`: only administrators may use it.
    pub(crate) fn has_lookup(&self) -> bool {
        self.stages
            .iter()
            .any(|stage| matches!(stage, Stage::Lookup(_)))
    }

    /// Runs the documents of the collection through the stages.
    pub(crate) fn run(
        &self,
        documents: Vec<Document>,
        collections: &dyn Collections,
    ) -> Result<Vec<Document>> {
        let none = Document::new();
        self.run_in(documents, collections, &Scope::new(&none))
    }

    pub(super) fn run_in(
        &self,
        documents: Vec<Document>,
        collections: &dyn Collections,
        scope: &Scope<'_>,
    ) -> Result<Vec<Document>> {
        self.stages.iter().try_fold(documents, |documents, stage| {
            stage.run(documents, collections, scope)
        })
    }
}
