//! The document database.
//!
//! [`Documents::collection`] names a collection; documents are your own types (`serde`), or [`Document`]
//! where you have no type. Conditions and changes are values of different types, joined by `&`, `|`, `!` and by
//! `+`, so that neither can stand in the other's place.
//!
//! ```no_run
//! use cloudbase_core::{Client, Timestamp};
//! use cloudbase_data::documents::{Documents, desc, eq, gt, inc, set};
//!
//! #[derive(serde::Deserialize, serde::Serialize)]
//! struct Todo {
//!     title: String,
//!     due: Timestamp,
//!     done: bool,
//! }
//!
//! # async fn run() -> cloudbase_core::Result<()> {
//! let client = Client::builder().env_id("my-env-1a2b3c").access_key("…").build()?;
//! let todos = Documents::new(client).collection("todos");
//! let now = Timestamp::now();
//!
//! let id = todos.add(&Todo { title: "milk".into(), due: now, done: false }).await?.id;
//! let open: Vec<Todo> = todos
//!     .filter(eq("done", false) & gt("due", now))
//!     .order_by(desc("due"))
//!     .limit(20)
//!     .await?;
//! todos.doc(&id).update(set("done", true) + inc("edits", 1)).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Types
//!
//! Values keep the types that they have in the database, both ways.
//!
//! | Rust | database |
//! |---|---|
//! | `i8`, `i16`, `i32`, `u8`, `u16` | integer of 32 bits |
//! | `i64` | integer of 64 bits |
//! | `u32`, `u64` | the smaller of both that it fits; above is an error |
//! | `f32`, `f64` | double, also if it is whole |
//! | `String`, `bool`, `Vec`, structs and maps | text, bool, list, document |
//! | `Option` | `None` is null; leave a field out with `#[serde(skip_serializing_if = "Option::is_none")]` |
//! | [`Timestamp`](cloudbase_core::Timestamp), [`DateTime`] | date |
//! | bytes (`serde_bytes`), [`Binary`] | binary |
//! | [`ObjectId`], [`Decimal128`], [`Regex`], [`BsonTimestamp`], [`MinKey`], [`MaxKey`] | of that name |
//! | [`GeoPoint`] and the other shapes | GeoJSON |
//!
//! A number is read into every type that its value fits: an integer that a float would round is an error.
//! Dates are not read as text, nor decimals as doubles. An ObjectId is read into a `String` too, but not below
//! `#[serde(flatten)]`, `#[serde(tag = "…")]` or `#[serde(untagged)]`, which read a value before they know its
//! type; use [`ObjectId`] there.
//!
//! Whole numbers in a `serde_json::Value` have the smallest type that they fit; negative ones have 64 bits in
//! [`add`](Collection::add) and [`set`](DocumentRef::set), as serde_json gives them. `json!` makes text of a
//! [`Timestamp`](cloudbase_core::Timestamp); use a [`DateTime`] in it.
//!
//! # Transactions
//!
//! [`Documents::transaction`] runs a closure in one, and begins again on a conflict.
//!
//! # Repeating calls
//!
//! Reads, [`set`](DocumentRef::set) and [`remove`](DocumentRef::remove) of one document are retried after
//! transient failures even if they were sent. Other writes are not, unless you say `.idempotent(true)`.
//!
//! # Errors
//!
//! | code | status | predicate |
//! |---|---|---|
//! | [`INVALID_PARAM`](cloudbase_core::ErrorCode::INVALID_PARAM) | 400 | |
//! | [`DATABASE_PERMISSION_DENIED`](cloudbase_core::ErrorCode::DATABASE_PERMISSION_DENIED) | 401 | `is_permission_denied` |
//! | [`DATABASE_INVALID_OPERRATOR`](cloudbase_core::ErrorCode::DATABASE_INVALID_OPERRATOR) | 403 | |
//! | [`DATABASE_COLLECTION_NOT_EXIST`](cloudbase_core::ErrorCode::DATABASE_COLLECTION_NOT_EXIST), [`DOCUMENT_NOT_FOUND`](cloudbase_core::ErrorCode::DOCUMENT_NOT_FOUND) | 404 | `is_not_found` |
//! | [`DATABASE_COLLECTION_ALREADY_EXIST`](cloudbase_core::ErrorCode::DATABASE_COLLECTION_ALREADY_EXIST), [`DATABASE_DUPLICATE_WRITE`](cloudbase_core::ErrorCode::DATABASE_DUPLICATE_WRITE) | 409 | `is_conflict` |
//! | [`EXCEED_REQUEST_LIMIT`](cloudbase_core::ErrorCode::EXCEED_REQUEST_LIMIT), [`EXCEED_CONCURRENT_REQUEST_LIMIT`](cloudbase_core::ErrorCode::EXCEED_CONCURRENT_REQUEST_LIMIT) | 422 | `is_throttled` |
//! | [`DATABASE_REQUEST_FAILED`](cloudbase_core::ErrorCode::DATABASE_REQUEST_FAILED) | 500 | `is_conflict` if a unique index rejects the document, else `is_transient` |
//! | [`SYS_ERR`](cloudbase_core::ErrorCode::SYS_ERR), [`DATABASE_TIMEOUT`](cloudbase_core::ErrorCode::DATABASE_TIMEOUT) | 500, 504 | `is_transient` |
//! | [`DATABASE_TRANSACTION_CONFLICT`](cloudbase_core::ErrorCode::DATABASE_TRANSACTION_CONFLICT) | 503 | `is_conflict` |
//! | [`DATABASE_TRANSACTION_FAIL`](cloudbase_core::ErrorCode::DATABASE_TRANSACTION_FAIL) | 503 | |
//!
//! A document that does not exist is no error: [`get`](DocumentRef::get) gives `None`. An environment
//! without a document database is an error of kind [`Config`](cloudbase_core::ErrorKind::Config).

mod add;
pub mod aggregate;
mod collection;
mod count;
mod create_collection;
mod document_ref;
mod ejson;
mod field;
mod filter;
mod find;
mod geo;
mod order;
mod pages;
mod projection;
mod request;
mod results;
mod run_commands;
mod server_date;
mod transaction;
mod update;
mod value;
mod write;

use cloudbase_core::Client;

pub use self::add::{Add, AddMany, Added, AddedMany};
pub use self::aggregate::{Aggregate, avg, sum};
pub use self::collection::{Collection, Query};
pub use self::count::Count;
pub use self::create_collection::CreateCollection;
pub use self::document_ref::{
    DocumentId, DocumentRef, GetDocument, RemoveDocument, SetDocument, UpdateDocument,
};
pub use self::field::{Field, FieldPath, Operand, element};
pub use self::filter::{
    Filter, GeoNear, all, and, elem_match, eq, exists, expr, geo_intersects, geo_near, geo_within,
    gt, gte, in_, json_schema, lt, lte, modulo, neq, nin, nor, not, or, regexp, size,
};
pub use self::find::{Find, FindOne};
pub use self::geo::{
    GeoArea, GeoLineString, GeoMultiLineString, GeoMultiPoint, GeoMultiPolygon, GeoPoint,
    GeoPolygon, GeoShape,
};
pub use self::order::{Order, asc, desc};
pub use self::projection::{Projection, exclude};
use self::request::{CollectionTarget, Target};
pub use self::results::{Removed, Updated};
pub use self::run_commands::{CommandResults, RunCommands};
pub use self::server_date::{ServerDate, server_date};
pub use self::transaction::{EndTransaction, StartTransaction, Transaction};
pub use self::update::{
    Push, Update, add_all_to_set, add_to_set, bit_and, bit_or, bit_xor, current_date, inc, max,
    merge, min, mul, pop, pull, pull_all, pull_where, push, push_all, remove, rename, set,
    set_on_insert, shift, unshift, unshift_all,
};
pub use self::value::{
    Binary, BsonTimestamp, DateTime, Decimal128, Document, MaxKey, MinKey, ObjectId, Regex, Value,
};
pub use self::write::{RemoveMany, UpdateMany};

/// The document database of an environment. Cheap to clone.
///
/// Talks to the default database unless [`instance`](Self::instance) and [`database`](Self::database) say
/// otherwise.
#[doc(alias = "CloudBaseDatabase")]
#[derive(Clone, Debug)]
pub struct Documents {
    target: Target,
}

impl Documents {
    /// The default database of the client's environment.
    pub fn new(client: Client) -> Self {
        Self {
            target: Target {
                client,
                instance: None,
                database: None,
                transaction: None,
            },
        }
    }

    /// Another instance than the default one.
    #[must_use]
    pub fn instance(mut self, id: impl Into<String>) -> Self {
        self.target.instance = Some(id.into());
        self
    }

    /// Another database than the default one.
    #[must_use]
    pub fn database(mut self, name: impl Into<String>) -> Self {
        self.target.database = Some(name.into());
        self
    }

    /// The collection called `name`.
    pub fn collection(&self, name: impl Into<String>) -> Collection {
        Collection {
            target: CollectionTarget {
                target: self.target.clone(),
                name: name.into(),
            },
        }
    }

    /// Creates a collection; only with an API key or as an administrator. One that exists is an error that
    /// [is a conflict](cloudbase_core::Error::is_conflict).
    #[doc(alias = "createCollection")]
    pub fn create_collection(&self, name: impl Into<String>) -> CreateCollection {
        CreateCollection::new(self.target.clone(), name.into())
    }

    /// Runs commands of the database in order, each with its name as the first field; only with an API key.
    ///
    /// A program that ships such a key gives everything away: for servers only. The fields of `json!` are
    /// sorted by their names, so give a struct or a [`Document`], whose fields keep their order.
    ///
    /// ```no_run
    /// # use cloudbase_data::documents::{Document, Documents};
    /// # async fn run(documents: Documents) -> cloudbase_core::Result<()> {
    /// let find: Document = r#"{"find":"users","filter":{"age":{"$gte":18}},"limit":5}"#.parse()?;
    /// let results = documents.run_commands([find]).await?;
    /// let users: Vec<Document> = results.documents(0)?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "runCommands")]
    pub fn run_commands<C: serde::Serialize>(
        &self,
        commands: impl IntoIterator<Item = C>,
    ) -> RunCommands {
        RunCommands::new(self.target.clone(), commands)
    }
}

#[cfg(test)]
mod tests;
