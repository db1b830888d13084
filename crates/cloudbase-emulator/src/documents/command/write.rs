//! Commands that write.

use bson::{Bson, Document, doc};

use super::{Arguments, Context};
use crate::documents::database::Database;
use crate::documents::ejson::regexes;
use crate::documents::error::{DocumentError, Result};
use crate::documents::operation::{self, Change, Removal, Update};

pub(super) fn insert(
    database: &mut Database,
    context: &Context,
    mut arguments: Arguments,
) -> Result<Vec<Document>> {
    let place = arguments.place(context)?;
    let document = |statement: Arguments| match regexes(statement.fields.into()) {
        Bson::Document(document) => Ok(document),
        _ => Err(DocumentError::invalid("a document is a regular expression")),
    };
    let documents = arguments.statements("documents")?.into_iter();
    let documents = documents.map(document).collect::<Result<_>>()?;
    arguments.finish()?;
    let ids = context.write(database, |session| {
        operation::insert(session, &place, documents, None)
    })?;
    Ok(vec![doc! {"n": number(ids.len() as u64)}])
}

pub(super) fn update(
    database: &mut Database,
    context: &Context,
    mut arguments: Arguments,
) -> Result<Vec<Document>> {
    let place = arguments.place(context)?;
    let mut updates = Vec::new();
    for mut statement in arguments.statements("updates")? {
        let Some(change) = statement.object("u")? else {
            return Err(statement.wrong("u", "an object"));
        };
        updates.push(Update {
            selection: statement.selection("q", context)?,
            change: change_of(change, context.now_ms)?,
            multi: statement.flag("multi")?.unwrap_or(false),
            upsert: statement.flag("upsert")?.unwrap_or(false),
            owner: None,
        });
        statement.finish()?;
    }
    arguments.finish()?;
    let (mut found, mut modified, mut upserted) = (0, 0, Vec::new());
    context.write(database, |session| {
        for (index, update) in updates.iter().enumerate() {
            let changed = operation::update(session, &place, update)?;
            found += changed.matched;
            modified += changed.updated;
            if let Some(id) = changed.upserted {
                found += 1;
                upserted.push(doc! {"index": number(index as u64), "_id": id});
            }
        }
        Ok(())
    })?;
    let mut result = doc! {"n": number(found), "nModified": number(modified)};
    if !upserted.is_empty() {
        result.insert("upserted", upserted);
    }
    Ok(vec![result])
}

pub(super) fn delete(
    database: &mut Database,
    context: &Context,
    mut arguments: Arguments,
) -> Result<Vec<Document>> {
    let place = arguments.place(context)?;
    let mut removals = Vec::new();
    for mut statement in arguments.statements("deletes")? {
        let multi = match statement.number("limit")? {
            Some(0) => true,
            Some(1) => false,
            _ => return Err(statement.wrong("limit", "0 for all, or 1")),
        };
        let selection = statement.selection("q", context)?;
        removals.push(Removal { selection, multi });
        statement.finish()?;
    }
    arguments.finish()?;
    let removed = context.write(database, |session| {
        let mut removed = 0;
        for removal in &removals {
            removed += operation::remove(session, &place, removal)?;
        }
        Ok(removed)
    })?;
    Ok(vec![doc! {"n": number(removed)}])
}

/// Changes or removes the first document that is found, and returns it.
pub(super) fn find_and_modify(
    database: &mut Database,
    context: &Context,
    mut arguments: Arguments,
) -> Result<Vec<Document>> {
    let place = arguments.place(context)?;
    let change = arguments.object("update")?;
    let removes = arguments.flag("remove")?.unwrap_or(false);
    let selection = arguments.selection("query", context)?;
    let returns_new = arguments.flag("new")?.unwrap_or(false);
    let upsert = arguments.flag("upsert")?.unwrap_or(false);
    let Some(change) = change.filter(|_| !removes) else {
        arguments.finish()?;
        return Err(DocumentError::unsupported(
            "the emulator supports findAndModify with `update` alone; use delete to remove",
        ));
    };
    arguments.finish()?;
    let update = Update {
        selection,
        change: change_of(change, context.now_ms)?,
        multi: false,
        upsert,
        owner: None,
    };
    let changed = context.write(database, |session| {
        operation::update(session, &place, &update)
    })?;
    let mut about = doc! {
        "n": number(changed.matched + u64::from(changed.upserted.is_some())),
        "updatedExisting": changed.matched > 0,
    };
    if let Some(id) = changed.upserted {
        about.insert("upserted", id);
    }
    let value = if returns_new {
        changed.after
    } else {
        changed.before
    };
    Ok(vec![doc! {"lastErrorObject": about, "value": value}])
}

/// A change as MongoDB takes it: operators, or the document that takes the place of the one that is there.
fn change_of(change: Document, now_ms: i64) -> Result<Change> {
    let has_operators = change
        .keys()
        .next()
        .is_some_and(|name| name.starts_with('$'));
    Change::parse(change, !has_operators, now_ms)
}

/// A count, as MongoDB returns it.
pub(super) fn number(count: u64) -> Bson {
    match i32::try_from(count) {
        Ok(count) => count.into(),
        Err(_) => i64::try_from(count).unwrap_or(i64::MAX).into(),
    }
}
