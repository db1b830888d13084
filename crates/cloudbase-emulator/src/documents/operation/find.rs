//! Documents found, counted, and their distinct values.

use std::ops::ControlFlow;

use bson::{Bson, Document};

use super::Selection;
use crate::documents::database::Session;
use crate::documents::engine::{Projection, Sort, equal};
use crate::documents::error::Result;
use crate::documents::store::{Place, values as values_of};

/// A page of documents.
#[derive(Debug)]
pub(in super::super) struct Find {
    pub(in super::super) selection: Selection,
    pub(in super::super) sort: Option<Sort>,
    pub(in super::super) projection: Option<Projection>,
    pub(in super::super) skip: usize,
    /// All of them if absent.
    pub(in super::super) limit: Option<usize>,
}

pub(in super::super) fn find(
    session: &Session<'_>,
    place: &Place,
    find: &Find,
) -> Result<Vec<Document>> {
    let collection = session.collection(place)?;
    let selection = &find.selection;
    let near = selection.filter.near();
    let is_sorted = find.sort.is_some() || near.is_some();
    // In their own order the first ones are enough.
    let most = match find.limit {
        Some(limit) if !is_sorted => limit.saturating_add(find.skip),
        _ => usize::MAX,
    };
    let found = selection.take(session, &collection, most)?;
    let mut documents: Vec<_> = found.into_iter().map(|stored| stored.document).collect();
    match (&find.sort, near) {
        (Some(sort), _) => documents = sort.sort(documents),
        (None, Some(near)) => documents = near.sort(documents),
        (None, None) => {}
    }
    let page = documents
        .into_iter()
        .skip(find.skip)
        .take(find.limit.unwrap_or(usize::MAX));
    match &find.projection {
        None => Ok(page.collect()),
        Some(projection) => page
            .map(|document| Ok(projection.apply(document)?))
            .collect(),
    }
}

pub(in super::super) fn count(
    session: &Session<'_>,
    place: &Place,
    selection: &Selection,
) -> Result<u64> {
    let collection = session.collection(place)?;
    let mut count = 0;
    selection.scan(session, &collection, &mut |_| {
        count += 1;
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(count)
}

/// The values that a path reaches in what is found, each once.
pub(in super::super) fn distinct(
    session: &Session<'_>,
    place: &Place,
    selection: &Selection,
    path: &str,
) -> Result<Vec<Bson>> {
    let collection = session.collection(place)?;
    let mut values: Vec<Bson> = Vec::new();
    selection.scan(session, &collection, &mut |stored| {
        for value in values_of(&stored.document, path) {
            if !matches!(value, Bson::Array(_)) && !values.iter().any(|known| equal(known, value)) {
                values.push(value.clone());
            }
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(values)
}
