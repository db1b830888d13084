//! What calls do with documents, whichever endpoint or command asks for it.

mod aggregate;
mod change;
mod find;
mod write;

use std::ops::ControlFlow;

use bson::oid::ObjectId;
use bson::{Bson, DateTime, Document};

use super::database::{Database, Session};
use super::default_place;
use super::engine::Filter;
use super::error::{DocumentError, Result};
use super::options::Declared;
use super::permission::Reach;
use super::store::{Access, Collection, Stored};

pub(super) use aggregate::{Aggregation, aggregate};
pub(super) use change::Change;
pub(super) use find::{Find, count, distinct, find};
pub(super) use write::{Changed, Removal, Update, insert, remove, update};

/// A filter, and which of the documents that it finds the caller may touch.
#[derive(Debug)]
pub(super) struct Selection {
    pub(super) filter: Filter,
    pub(super) reach: Reach,
    /// If the filter is for an `_id` of 24 hex digits and nothing else: the one for the ObjectId of these digits.
    by_object_id: Option<Filter>,
}

impl Selection {
    /// Parses a filter, at this time.
    pub(super) fn new(filter: &Document, reach: Reach, now_ms: i64) -> Result<Self> {
        reach.check(filter)?;
        Self::unchecked(filter, reach, now_ms)
    }

    /// The document with this id: text, or an ObjectId if it can be one. A rule looks at the document itself.
    pub(super) fn by_id(id: &str, reach: Reach, now_ms: i64) -> Result<Self> {
        Self::unchecked(&of_id(id.into()), reach, now_ms)
    }

    fn unchecked(filter: &Document, reach: Reach, now_ms: i64) -> Result<Self> {
        let now = DateTime::from_millis(now_ms);
        let by_object_id = hex_id(filter).map(|id| Filter::parse(&of_id(id.into()), now));
        Ok(Self {
            filter: Filter::parse(filter, now)?,
            reach,
            by_object_id: by_object_id.transpose()?,
        })
    }

    /// Shows what is found, in its order, until `show` breaks off.
    ///
    /// Text of 24 hex digits finds the ObjectId of these digits if no document has the text itself for its id: the official
    /// SDKs ask so for documents whose ids the service has made.
    fn scan(
        &self,
        session: &Session<'_>,
        collection: &Collection,
        show: &mut dyn FnMut(Stored) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        let mut is_found = false;
        scan(
            session,
            collection,
            &self.filter,
            &self.reach,
            &mut |stored| {
                is_found = true;
                show(stored)
            },
        )?;
        match &self.by_object_id {
            Some(filter) if !is_found => scan(session, collection, filter, &self.reach, show),
            _ => Ok(()),
        }
    }

    /// The first documents that are found, at most so many.
    fn take(
        &self,
        session: &Session<'_>,
        collection: &Collection,
        most: usize,
    ) -> Result<Vec<Stored>> {
        let mut found = Vec::new();
        if most == 0 {
            return Ok(found);
        }
        self.scan(session, collection, &mut |stored| {
            found.push(stored);
            Ok(if found.len() == most {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            })
        })?;
        Ok(found)
    }
}

fn scan(
    session: &Session<'_>,
    collection: &Collection,
    filter: &Filter,
    reach: &Reach,
    show: &mut dyn FnMut(Stored) -> Result<ControlFlow<()>>,
) -> Result<()> {
    let mut failed = None;
    let access = Access::of(filter, collection);
    session.scan(collection, &access, &mut |stored| {
        if !reach.contains(&stored.document) {
            return ControlFlow::Continue(());
        }
        let shown = match filter.matches(&stored.document) {
            Ok(false) => return ControlFlow::Continue(()),
            Ok(true) => show(stored),
            Err(rejection) => Err(rejection.into()),
        };
        shown.unwrap_or_else(|error| {
            failed = Some(error);
            ControlFlow::Break(())
        })
    })?;
    failed.map_or(Ok(()), Err)
}

fn of_id(id: Bson) -> Document {
    Document::from_iter([("_id".to_owned(), id)])
}

/// The id that a filter asks for with text, if it asks for nothing else.
fn hex_id(filter: &Document) -> Option<ObjectId> {
    let value = match (filter.len(), filter.get("_id")?) {
        (1, Bson::Document(condition)) if condition.len() == 1 => condition.get("$eq")?,
        (1, value) => value,
        _ => return None,
    };
    ObjectId::parse_str(value.as_str()?).ok()
}

/// Makes a collection with its indexes, and fills it if it is new.
pub(super) fn declare(
    database: &mut Database,
    declared: Declared,
    is_kept: bool,
    now_ms: i64,
) -> Result<()> {
    let place = default_place(declared.name);
    let named = |error: DocumentError| {
        DocumentError::failed(format!("collection `{}`: {}", place.name, error.message))
    };
    if !database.store.contains(&place) {
        check_name(&place.name)?;
        database.store.create(&place).map_err(named)?;
    }
    for index in &declared.indexes {
        database.store.create_index(&place, index).map_err(named)?;
    }
    if is_kept {
        return Ok(());
    }
    let filled = database.write(None, now_ms, |session| {
        insert(session, &place, declared.documents, None)
    });
    filled.map(drop).map_err(named)
}

/// Rejects a name that no collection can have.
pub(super) fn check_name(name: &str) -> Result<()> {
    let is_bad = |character: char| matches!(character, '/' | '$' | '\0');
    if name.is_empty() || name.len() > 120 || name.contains(is_bad) || name.starts_with("system.") {
        return Err(DocumentError::invalid(
            "a collection's name has 1 to 120 bytes, no `/`, no `$`, and does not begin with `system.`",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
