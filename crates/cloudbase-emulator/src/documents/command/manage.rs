//! Commands on collections and indexes.

use bson::{Bson, Document, doc};

use super::{Arguments, Context};
use crate::documents::database::Database;
use crate::documents::error::{DocumentError, Result};
use crate::documents::operation::{self, Removal, Selection};
use crate::documents::permission::Reach;
use crate::documents::store::{IndexSpec, Place};

pub(super) fn create(
    database: &mut Database,
    context: &Context,
    mut arguments: Arguments,
) -> Result<Vec<Document>> {
    context.outside_transactions("create")?;
    let place = arguments.place(context)?;
    arguments.finish()?;
    database.store.create(&place)?;
    Ok(vec![done()])
}

pub(super) fn drop_collection(
    database: &mut Database,
    context: &Context,
    mut arguments: Arguments,
) -> Result<Vec<Document>> {
    context.outside_transactions("drop")?;
    let place = arguments.place(context)?;
    arguments.finish()?;
    // As a removal of all documents, so that open transactions go on seeing them.
    let all = Removal {
        selection: Selection::new(&Document::new(), Reach::All, context.now_ms)?,
        multi: true,
    };
    context.write(database, |session| operation::remove(session, &place, &all))?;
    database.store.drop_collection(&place)?;
    Ok(vec![done()])
}

pub(super) fn list_collections(
    database: &mut Database,
    context: &Context,
    mut arguments: Arguments,
) -> Result<Vec<Document>> {
    // Names are all that there is.
    arguments.flag("nameOnly")?;
    arguments.finish()?;
    let names = database.store.names(&context.scope).into_iter();
    Ok(names
        .map(|name| doc! {"name": name, "type": "collection"})
        .collect())
}

pub(super) fn create_indexes(
    database: &mut Database,
    context: &Context,
    mut arguments: Arguments,
) -> Result<Vec<Document>> {
    context.outside_transactions("createIndexes")?;
    let place = arguments.place(context)?;
    let mut specs = Vec::new();
    for mut index in arguments.statements("indexes")? {
        let key = index.object("key")?.unwrap_or_default();
        if let Some((field, kind)) = key.iter().find(|(_, kind)| !is_direction(kind)) {
            return Err(index.unsupported(&format!("an index of kind {kind} on {field}")));
        }
        // It is named after its fields.
        index.fields.remove("name");
        let is_unique = index.flag("unique")?.unwrap_or(false);
        let paths = key.keys().cloned().collect();
        index.finish()?;
        specs.push(IndexSpec::new(paths, is_unique).map_err(DocumentError::invalid)?);
    }
    arguments.finish()?;
    for spec in &specs {
        database.store.create_index(&place, spec)?;
    }
    Ok(vec![done()])
}

pub(super) fn list_indexes(
    database: &mut Database,
    context: &Context,
    mut arguments: Arguments,
) -> Result<Vec<Document>> {
    let place: Place = arguments.place(context)?;
    arguments.finish()?;
    let collection = database.store.collection(&place)?;
    let index = |index: &crate::documents::store::Index| {
        let key: Document = index
            .paths
            .iter()
            .map(|path| (path.clone(), 1.into()))
            .collect();
        doc! {"name": &index.name, "key": key, "unique": index.is_unique}
    };
    Ok(collection.indexes.iter().map(index).collect())
}

fn is_direction(kind: &Bson) -> bool {
    matches!(kind, Bson::Int32(1 | -1) | Bson::Int64(1 | -1))
        || matches!(kind, Bson::Double(direction) if direction.abs() == 1.0)
}

fn done() -> Document {
    doc! {"ok": 1.0}
}
