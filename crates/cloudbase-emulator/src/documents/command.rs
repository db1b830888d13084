//! Commands of MongoDB: one document each, whose first field names the command.

mod manage;
mod read;
mod write;

use bson::{Bson, Document};

use super::database::{Database, Session};
use super::error::{DocumentError, Result};
use super::operation::{self, Selection};
use super::permission::{Actor, Reach};
use super::store::Place;

/// What says how something is done, and changes no result here.
const HARMLESS: [&str; 11] = [
    "$db",
    "allowDiskUse",
    "batchSize",
    "comment",
    "cursor",
    "hint",
    "lsid",
    "maxTimeMS",
    "readConcern",
    "singleBatch",
    "writeConcern",
];

/// Where commands are run, and by whom.
pub(super) struct Context {
    pub(super) scope: String,
    pub(super) transaction: Option<String>,
    pub(super) actor: Actor,
    pub(super) now_ms: i64,
}

/// Runs a command and returns the documents that it finds, or one that says what it did.
pub(super) fn run(
    database: &mut Database,
    context: &Context,
    command: Document,
) -> Result<Vec<Document>> {
    let Some(name) = command.keys().next().cloned() else {
        return Err(DocumentError::invalid(
            "a command has a first field that names it",
        ));
    };
    let arguments = Arguments {
        command: name.clone(),
        fields: command,
    };
    match name.as_str() {
        "find" => read::find(database, context, arguments),
        "aggregate" => read::aggregate(database, context, arguments),
        "count" => read::count(database, context, arguments),
        "distinct" => read::distinct(database, context, arguments),
        "insert" => write::insert(database, context, arguments),
        "update" => write::update(database, context, arguments),
        "delete" => write::delete(database, context, arguments),
        "findAndModify" | "findandmodify" => write::find_and_modify(database, context, arguments),
        "create" => manage::create(database, context, arguments),
        "drop" => manage::drop_collection(database, context, arguments),
        "listCollections" => manage::list_collections(database, context, arguments),
        "createIndexes" => manage::create_indexes(database, context, arguments),
        "listIndexes" => manage::list_indexes(database, context, arguments),
        "ping" => Ok(vec![Document::from_iter([("ok".to_owned(), 1.0.into())])]),
        _ => Err(DocumentError::unsupported(format!(
            "the emulator does not support the command `{name}`"
        ))),
    }
}

impl Context {
    fn read<T>(
        &self,
        database: &mut Database,
        run: impl FnOnce(&mut Session<'_>) -> Result<T>,
    ) -> Result<T> {
        let transaction = self.transaction.as_deref().map(|id| (id, &self.actor));
        database.read(transaction, self.now_ms, run)
    }

    fn write<T>(
        &self,
        database: &mut Database,
        run: impl FnOnce(&mut Session<'_>) -> Result<T>,
    ) -> Result<T> {
        let transaction = self.transaction.as_deref().map(|id| (id, &self.actor));
        database.write(transaction, self.now_ms, run)
    }

    fn outside_transactions(&self, command: &str) -> Result<()> {
        if self.transaction.is_none() {
            return Ok(());
        }
        Err(DocumentError::unsupported(format!(
            "the emulator does not support the command `{command}` in a transaction"
        )))
    }
}

/// The fields of a command, or of a part of one, taken one by one: what is left over at the end is not supported.
struct Arguments {
    command: String,
    fields: Document,
}

impl Arguments {
    /// The collection that the first field names.
    fn place(&mut self, context: &Context) -> Result<Place> {
        let command = self.command.clone();
        match self.fields.remove(&command) {
            Some(Bson::String(name)) => {
                operation::check_name(&name)?;
                Ok(Place {
                    scope: context.scope.clone(),
                    name,
                })
            }
            _ => Err(self.wrong(&command, "the name of a collection")),
        }
    }

    fn object(&mut self, name: &str) -> Result<Option<Document>> {
        match self.fields.remove(name) {
            None | Some(Bson::Null) => Ok(None),
            Some(Bson::Document(document)) => Ok(Some(document)),
            Some(_) => Err(self.wrong(name, "an object")),
        }
    }

    /// A filter; without one, all documents.
    fn selection(&mut self, name: &str, context: &Context) -> Result<Selection> {
        let filter = self.object(name)?.unwrap_or_default();
        Selection::new(&filter, Reach::All, context.now_ms)
    }

    fn list(&mut self, name: &str) -> Result<Vec<Bson>> {
        match self.fields.remove(name) {
            Some(Bson::Array(items)) if !items.is_empty() => Ok(items),
            _ => Err(self.wrong(name, "a list that is not empty")),
        }
    }

    /// The statements of a write.
    fn statements(&mut self, name: &str) -> Result<Vec<Arguments>> {
        let items = self.list(name)?;
        let statement = |item| match item {
            Bson::Document(fields) => Ok(Arguments {
                command: self.command.clone(),
                fields,
            }),
            _ => Err(self.wrong(name, "a list of objects")),
        };
        items.into_iter().map(statement).collect()
    }

    fn text(&mut self, name: &str) -> Result<String> {
        match self.fields.remove(name) {
            Some(Bson::String(text)) if !text.is_empty() => Ok(text),
            _ => Err(self.wrong(name, "text")),
        }
    }

    fn flag(&mut self, name: &str) -> Result<Option<bool>> {
        match self.fields.remove(name) {
            None => Ok(None),
            Some(Bson::Boolean(flag)) => Ok(Some(flag)),
            Some(_) => Err(self.wrong(name, "true or false")),
        }
    }

    #[allow(clippy::cast_possible_truncation, reason = "compared afterwards")]
    fn number(&mut self, name: &str) -> Result<Option<usize>> {
        let number = match self.fields.remove(name) {
            None => return Ok(None),
            Some(Bson::Int32(number)) => i64::from(number),
            Some(Bson::Int64(number)) => number,
            Some(Bson::Double(number)) if number.trunc() == number => number as i64,
            Some(_) => -1,
        };
        let number = usize::try_from(number);
        number
            .map(Some)
            .map_err(|_| self.wrong(name, "a whole number from 0 on"))
    }

    /// Rejects what nobody took.
    fn finish(mut self) -> Result<()> {
        // Statements are always run in order, and the first error ends them.
        if self.flag("ordered")? == Some(false) {
            return Err(self.unsupported("ordered: false"));
        }
        let mut left = self.fields.keys();
        match left.find(|name| !HARMLESS.contains(&name.as_str()) && **name != self.command) {
            None => Ok(()),
            Some(name) => Err(self.unsupported(name)),
        }
    }

    fn unsupported(&self, what: &str) -> DocumentError {
        let command = &self.command;
        DocumentError::unsupported(format!(
            "the emulator does not support `{what}` of the command `{command}`"
        ))
    }

    fn wrong(&self, name: &str, expected: &str) -> DocumentError {
        let command = &self.command;
        DocumentError::invalid(format!("command {command}: {name} must be {expected}"))
    }
}
