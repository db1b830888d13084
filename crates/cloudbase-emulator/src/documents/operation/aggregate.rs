//! Pipelines over what the caller may see.

use std::ops::ControlFlow;

use bson::{Bson, DateTime, Document};

use crate::documents::database::Session;
use crate::documents::engine::{self, Collections, Filter, Pipeline, Rejection};
use crate::documents::error::{DocumentError, Result};
use crate::documents::permission::Reach;
use crate::documents::store::{Access, Collection, Place};

/// How many documents a pipeline without `$limit` returns at its endpoint.
const PAGE: usize = 20;

/// A pipeline, and who runs it.
#[derive(Debug)]
pub(in super::super) struct Aggregation {
    pub(in super::super) stages: Vec<Bson>,
    pub(in super::super) reach: Reach,
    pub(in super::super) is_admin: bool,
    /// Returns a page, unless a stage says how much.
    pub(in super::super) is_paged: bool,
    pub(in super::super) now_ms: i64,
}

pub(in super::super) fn aggregate(
    session: &Session<'_>,
    place: &Place,
    aggregation: &Aggregation,
) -> Result<Vec<Document>> {
    let Aggregation { stages, reach, .. } = aggregation;
    let collection = session.collection(place)?;
    let now = DateTime::from_millis(aggregation.now_ms);
    let pipeline = Pipeline::parse(stages, now)?;
    if pipeline.has_lookup() && !aggregation.is_admin {
        return Err(DocumentError::denied(
            "Permission denied: only the administrator may use $lookup",
        ));
    }
    let first = stages.first().and_then(Bson::as_document);
    let filter = first.and_then(|stage| stage.get_document("$match").ok());
    reach.check(filter.unwrap_or(&Document::new()))?;
    // The stage is run as well: an index leaves out what it drops anyway.
    let access = match filter.map(|filter| Filter::parse(filter, now)) {
        Some(Ok(filter)) => Access::of(&filter, &collection),
        _ => Access::Scan,
    };
    let documents = all(session, &collection, &access, reach)?;
    let others = Others {
        session,
        scope: &place.scope,
    };
    let mut documents = pipeline.run(documents, &others)?;
    if aggregation.is_paged && !pipeline.has_limit() {
        documents.truncate(PAGE);
    }
    Ok(documents)
}

fn all(
    session: &Session<'_>,
    collection: &Collection,
    access: &Access,
    reach: &Reach,
) -> Result<Vec<Document>> {
    let mut documents = Vec::new();
    session.scan(collection, access, &mut |stored| {
        if reach.contains(&stored.document) {
            documents.push(stored.document);
        }
        ControlFlow::Continue(())
    })?;
    Ok(documents)
}

/// The other collections of a database.
struct Others<'a> {
    session: &'a Session<'a>,
    scope: &'a str,
}

impl Collections for Others<'_> {
    fn documents(&self, collection: &str) -> engine::Result<Vec<Document>> {
        let place = Place {
            scope: self.scope.to_owned(),
            name: collection.to_owned(),
        };
        let Ok(collection) = self.session.collection(&place) else {
            return Ok(Vec::new());
        };
        let found = all(self.session, &collection, &Access::Scan, &Reach::All);
        found.map_err(|error| Rejection {
            code: error.code,
            message: error.message,
        })
    }
}
