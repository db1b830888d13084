//! Commands that read.

use bson::{Bson, Document, doc};

use super::{Arguments, Context};
use crate::documents::database::Database;
use crate::documents::engine::{Projection, Sort};
use crate::documents::error::Result;
use crate::documents::operation::{self, Aggregation, Find};
use crate::documents::permission::Reach;

pub(super) fn find(
    database: &mut Database,
    context: &Context,
    mut arguments: Arguments,
) -> Result<Vec<Document>> {
    let place = arguments.place(context)?;
    let given = |fields: Option<Document>| fields.filter(|fields| !fields.is_empty());
    let sort = given(arguments.object("sort")?);
    let projection = given(arguments.object("projection")?);
    let find = Find {
        selection: arguments.selection("filter", context)?,
        sort: sort
            .as_ref()
            .map(|sort| Sort::parse("sort", sort))
            .transpose()?,
        projection: projection.as_ref().map(Projection::parse).transpose()?,
        skip: arguments.number("skip")?.unwrap_or(0),
        limit: arguments.number("limit")?.filter(|limit| *limit > 0),
    };
    arguments.finish()?;
    context.read(database, |session| operation::find(session, &place, &find))
}

pub(super) fn aggregate(
    database: &mut Database,
    context: &Context,
    mut arguments: Arguments,
) -> Result<Vec<Document>> {
    let place = arguments.place(context)?;
    let stages = match arguments.fields.remove("pipeline") {
        Some(Bson::Array(stages)) => stages,
        _ => return Err(arguments.wrong("pipeline", "a list")),
    };
    arguments.finish()?;
    let aggregation = Aggregation {
        stages,
        reach: Reach::All,
        is_admin: true,
        is_paged: false,
        now_ms: context.now_ms,
    };
    context.read(database, |session| {
        operation::aggregate(session, &place, &aggregation)
    })
}

pub(super) fn count(
    database: &mut Database,
    context: &Context,
    mut arguments: Arguments,
) -> Result<Vec<Document>> {
    let place = arguments.place(context)?;
    let selection = arguments.selection("query", context)?;
    arguments.finish()?;
    let count = context.read(database, |session| {
        operation::count(session, &place, &selection)
    })?;
    Ok(vec![doc! {"n": super::write::number(count)}])
}

pub(super) fn distinct(
    database: &mut Database,
    context: &Context,
    mut arguments: Arguments,
) -> Result<Vec<Document>> {
    let place = arguments.place(context)?;
    let path = arguments.text("key")?;
    let selection = arguments.selection("query", context)?;
    arguments.finish()?;
    let values = context.read(database, |session| {
        operation::distinct(session, &place, &selection, &path)
    })?;
    Ok(vec![doc! {"values": values}])
}
