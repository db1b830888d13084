//! Documents inserted, changed and removed.

use bson::oid::ObjectId;
use bson::{Bson, Document};

use super::{Change, Selection};
use crate::documents::database::Session;
use crate::documents::error::{DocumentError, Result};
use crate::documents::permission::OWNER;
use crate::documents::store::{Collection, Place};

/// How large a document may be, as MongoDB has it.
const LARGEST: usize = 16 * 1024 * 1024;

/// Documents to be changed, and how.
#[derive(Debug)]
pub(in super::super) struct Update {
    pub(in super::super) selection: Selection,
    pub(in super::super) change: Change,
    /// All that are found, not the first alone.
    pub(in super::super) multi: bool,
    /// Inserts a document if none is found.
    pub(in super::super) upsert: bool,
    /// The owner of what is inserted.
    pub(in super::super) owner: Option<String>,
}

/// What became of an update.
#[derive(Debug, Default)]
pub(in super::super) struct Changed {
    pub(in super::super) matched: u64,
    pub(in super::super) updated: u64,
    /// The id of the document that was inserted.
    pub(in super::super) upserted: Option<Bson>,
    /// The last document that was found, as it was and as it is.
    pub(in super::super) before: Option<Document>,
    pub(in super::super) after: Option<Document>,
}

/// Documents to be removed.
#[derive(Debug)]
pub(in super::super) struct Removal {
    pub(in super::super) selection: Selection,
    /// All that are found, not the first alone.
    pub(in super::super) multi: bool,
}

/// Inserts documents and returns their ids, in order.
pub(in super::super) fn insert(
    session: &mut Session<'_>,
    place: &Place,
    documents: Vec<Document>,
    owner: Option<&str>,
) -> Result<Vec<Bson>> {
    let collection = session.collection(place)?;
    let mut ids = Vec::with_capacity(documents.len());
    for document in documents {
        let inserted = insert_one(session, &collection, document, owner)?;
        ids.extend(inserted.get("_id").cloned());
    }
    Ok(ids)
}

fn insert_one(
    session: &mut Session<'_>,
    collection: &Collection,
    mut fields: Document,
    owner: Option<&str>,
) -> Result<Document> {
    if let Some(name) = fields.keys().find(|name| name.starts_with('$')) {
        return Err(DocumentError::invalid(format!(
            "the name of a document's field must not begin with `$`: `{name}`"
        )));
    }
    let id = match fields.remove("_id") {
        // As text: the JavaScript SDK turns ObjectIds that it reads into objects which none of its calls takes.
        None => ObjectId::new().to_hex().into(),
        Some(Bson::Array(_) | Bson::RegularExpression(_) | Bson::Undefined) => {
            return Err(DocumentError::invalid(
                "_id must not be an array or a regular expression",
            ));
        }
        Some(id) => id,
    };
    // In front, as MongoDB stores it.
    let mut document = Document::from_iter([("_id".to_owned(), id)]);
    document.extend(fields);
    if let Some(owner) = owner {
        document.insert(OWNER, owner);
    }
    check_size(&document)?;
    session.insert(collection, document.clone())?;
    Ok(document)
}

pub(in super::super) fn update(
    session: &mut Session<'_>,
    place: &Place,
    update: &Update,
) -> Result<Changed> {
    let collection = session.collection(place)?;
    let most = if update.multi { usize::MAX } else { 1 };
    let found = update.selection.take(session, &collection, most)?;
    let mut changed = Changed::default();
    for stored in found {
        changed.matched += 1;
        let document = update.change.apply(&stored.document)?;
        changed.before = Some(stored.document.clone());
        if let Some(document) = &document {
            check_size(document)?;
            session.replace(&collection, stored, document.clone())?;
            changed.updated += 1;
        }
        changed.after = document.or_else(|| changed.before.clone());
    }
    if changed.matched == 0 && update.upsert {
        let document = update.change.upserted(&update.selection.filter)?;
        let inserted = insert_one(session, &collection, document, update.owner.as_deref())?;
        changed.upserted = inserted.get("_id").cloned();
        changed.after = Some(inserted);
    }
    Ok(changed)
}

pub(in super::super) fn remove(
    session: &mut Session<'_>,
    place: &Place,
    removal: &Removal,
) -> Result<u64> {
    let collection = session.collection(place)?;
    let most = if removal.multi { usize::MAX } else { 1 };
    let found = removal.selection.take(session, &collection, most)?;
    let mut removed = 0;
    for stored in found {
        session.remove(&collection, stored)?;
        removed += 1;
    }
    Ok(removed)
}

fn check_size(document: &Document) -> Result<()> {
    if document.to_vec()?.len() > LARGEST {
        return Err(DocumentError::invalid("a document is larger than 16 MiB"));
    }
    Ok(())
}
