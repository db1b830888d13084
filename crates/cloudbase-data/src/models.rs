//! Data models: records with a schema, over a table or a collection.
//!
//! [`Models::model`] names a model; records are your own types, or [`Row`](crate::Row) where you
//! have no type. [`Models::data_sources`] reads what models there are.
//!
//! ```no_run
//! use cloudbase_core::Client;
//! use cloudbase_data::models::desc;
//! use cloudbase_data::models::{Models, field};
//!
//! #[derive(serde::Deserialize)]
//! struct Todo {
//!     #[serde(rename = "_id")]
//!     id: String,
//!     title: String,
//! }
//!
//! # async fn run() -> cloudbase_core::Result<()> {
//! let client = Client::builder().env_id("my-env-1a2b3c").access_key("…").build()?;
//! let todos = Models::new(client).model("todo");
//!
//! let id = todos.create(&serde_json::json!({ "title": "milk", "done": false })).await?;
//! let page = todos
//!     .list()
//!     .filter(field("done").eq(false).and(field("title").search("milk")))
//!     .order(desc("createdAt"))
//!     .page(1, 20)
//!     .with_total()
//!     .records::<Todo>()
//!     .await?;
//! println!("{} of {:?}", page.records.len(), page.total);
//! todos.delete_by_id(id).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Repeating calls
//!
//! Reads, `upsert`, `delete_by_id` and `delete_many` are retried after transient failures even if
//! they were sent, and reads also after a limit was hit. `create`, `update`, `delete` (which takes *one* of those that match) and SQL are
//! not, unless you say `.idempotent(true)`.
//!
//! # Errors
//!
//! The service reports failures of models with status 200 and a `code`; they are errors here like any
//! other. `is_not_found` means that the model (not the record) does not exist,
//! `is_permission_denied` that the role lacks the permission.
//!
//! | code | status | predicate |
//! |---|---|---|
//! | [`DATASOURCE_NOT_EXIST`](cloudbase_core::ErrorCode::DATASOURCE_NOT_EXIST), [`TABLE_NOT_EXIST`](cloudbase_core::ErrorCode::TABLE_NOT_EXIST), [`NO_SUCH_VERSION`](cloudbase_core::ErrorCode::NO_SUCH_VERSION), [`RESOURCE_NOT_FOUND`](cloudbase_core::ErrorCode::RESOURCE_NOT_FOUND) | 200 | `is_not_found` |
//! | [`DATA_SOURCE_OP_AUTH_FAILURE`](cloudbase_core::ErrorCode::DATA_SOURCE_OP_AUTH_FAILURE), [`AUTH_FAILURE`](cloudbase_core::ErrorCode::AUTH_FAILURE), [`UNAUTHORIZED_OPERATION`](cloudbase_core::ErrorCode::UNAUTHORIZED_OPERATION), [`OPERATION_DENIED`](cloudbase_core::ErrorCode::OPERATION_DENIED) | 200 | `is_permission_denied` |
//! | [`AUTH_FAILURE_TOKEN_FAILURE`](cloudbase_core::ErrorCode::AUTH_FAILURE_TOKEN_FAILURE) | 200 | `is_unauthenticated` |
//! | [`REQUEST_LIMIT_EXCEEDED`](cloudbase_core::ErrorCode::REQUEST_LIMIT_EXCEEDED), [`FLEXDB_READ_LIMIT`](cloudbase_core::ErrorCode::FLEXDB_READ_LIMIT), [`FLEXDB_WRITE_LIMIT`](cloudbase_core::ErrorCode::FLEXDB_WRITE_LIMIT) | 200 | `is_throttled`, `is_transient` |
//! | [`OPERATION_TIMEOUT`](cloudbase_core::ErrorCode::OPERATION_TIMEOUT), [`RESOURCE_UNAVAILABLE`](cloudbase_core::ErrorCode::RESOURCE_UNAVAILABLE), [`FLEXDB_REQUEST_TIMEOUT`](cloudbase_core::ErrorCode::FLEXDB_REQUEST_TIMEOUT) | 200 | `is_transient` |
//! | [`RESOURCE_IN_USE`](cloudbase_core::ErrorCode::RESOURCE_IN_USE) | 200 | `is_conflict` |
//! | [`FAILED_OPERATION`](cloudbase_core::ErrorCode::FAILED_OPERATION) | 200 | `is_conflict` if a unique index rejects the record |
//! | [`INVALID_PARAMETER`](cloudbase_core::ErrorCode::INVALID_PARAMETER), [`INVALID_PARAMETER_VALUE`](cloudbase_core::ErrorCode::INVALID_PARAMETER_VALUE), [`MISSING_PARAMETER`](cloudbase_core::ErrorCode::MISSING_PARAMETER), [`UNKNOWN_PARAMETER`](cloudbase_core::ErrorCode::UNKNOWN_PARAMETER), [`UNSUPPORTED_OPERATION`](cloudbase_core::ErrorCode::UNSUPPORTED_OPERATION), [`FAILED_AGGREGATE`](cloudbase_core::ErrorCode::FAILED_AGGREGATE), [`LIMIT_EXCEEDED`](cloudbase_core::ErrorCode::LIMIT_EXCEEDED) | 200 |  |
//!
//! All of them are in the sections of [`ErrorCode`](cloudbase_core::ErrorCode).

mod command;
mod create;
mod data_source;
mod data_source_info;
mod detail;
mod fields;
mod filter;
mod list;
mod list_simple;
mod outcome;
mod page;
mod read;
mod remove;
mod request;
mod schema;
mod selection;
mod sql_value;
mod template;
mod update;
mod upsert;

use cloudbase_core::Client;
use serde::Serialize;

pub use self::command::{MysqlCommand, SqlResult};
pub use self::create::{Create, CreateMany};
pub use self::data_source::{
    AggregateList, BasicDataSources, BasicList, DataSourceKey, DataSourceQuery, DataSources,
    QueryFilter,
};
pub use self::data_source_info::{
    AppUsage, AuthInfo, BasicDataSource, DataSource, DataSourceList, DataSourceRelation,
    DataSourceTable, RelationField, TableNames,
};
pub use self::fields::Fields;
pub use self::filter::{Field, Filter, field};
pub use self::list::List;
pub use self::list_simple::ListSimple;
pub use self::outcome::BatchResult;
pub use self::page::RecordPage;
pub use self::read::Get;
pub use self::remove::{Delete, DeleteById, DeleteMany};
use self::request::{Target, object_of, objects_of};
pub use self::schema::JsonSchema;
pub use self::sql_value::SqlValue;
pub use self::template::SqlTemplate;
pub use self::update::{Update, UpdateMany};
pub use self::upsert::{Upsert, Upserted};
pub use crate::order::{Order, asc, desc};

cloudbase_core::open_enum! {
    /// Which data of an environment is meant.
    pub enum EnvType {
        /// The published data; the default.
        Prod = "prod",
        /// The trial data.
        Pre = "pre",
    }
}

/// The data models of an environment. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Models {
    client: Client,
    env_type: EnvType,
}

impl Models {
    /// The published data of the client's environment.
    pub fn new(client: Client) -> Self {
        Self {
            client,
            env_type: EnvType::Prod,
        }
    }

    /// Chooses between published and trial data. Default: [`EnvType::Prod`].
    ///
    /// The JS SDK knows it for every call but those by record id, which the service may reject for
    /// trial data. SQL commands and data sources are always those of the published environment.
    #[doc(alias = "envType")]
    #[must_use]
    pub fn env_type(mut self, env_type: EnvType) -> Self {
        self.env_type = env_type;
        self
    }

    /// The model called `name`.
    pub fn model(&self, name: impl Into<String>) -> Model {
        Model {
            target: Target {
                client: self.client.clone(),
                env_type: self.env_type.clone(),
                model: name.into(),
            },
        }
    }

    /// Runs SQL on the environment's MySQL database; only with an API key or a management token.
    /// Parameters stand in the text as `{{ name }}`.
    ///
    /// A program that ships such a key gives everything away: for servers only.
    ///
    /// ```no_run
    /// # async fn run(models: cloudbase_data::Models) -> cloudbase_core::Result<()> {
    /// let result = models
    ///     .mysql_command("SELECT * FROM `book` WHERE id = {{ id }}")
    ///     .parameter("id", 3)
    ///     .await?;
    /// # let _: cloudbase_data::models::SqlResult = result;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "mysqlCommand")]
    #[doc(alias = "runSQL")]
    #[doc(alias = "runSQLRaw")]
    pub fn mysql_command(&self, sql: impl Into<String>) -> MysqlCommand {
        MysqlCommand::new(self.client.clone(), sql.into())
    }

    /// Runs a stored SQL template; users may, if the template permits it.
    #[doc(alias = "runSQLTemplate")]
    pub fn sql_template<T>(&self, name: impl Into<String>) -> SqlTemplate<T> {
        SqlTemplate::new(self.client.clone(), self.env_type.clone(), name.into())
    }

    /// What models and other data sources there are, with their schemas.
    pub fn data_sources(&self) -> DataSources {
        DataSources::new(self.client.clone())
    }
}

/// One data model. Cheap to clone; each method starts a call.
#[derive(Clone, Debug)]
pub struct Model {
    target: Target,
}

impl Model {
    /// Reads the record with this id; awaited, it gives an `Option`.
    #[doc(alias = "getById")]
    pub fn get_by_id(&self, id: impl Into<String>) -> Get {
        Get::by_id(self.target.clone(), id.into())
    }

    /// Reads one record that matches a filter; awaited, it gives an `Option`.
    pub fn get(&self) -> Get {
        Get::by_filter(self.target.clone())
    }

    /// Reads records that match a filter.
    pub fn list(&self) -> List {
        List::new(self.target.clone())
    }

    /// Reads records without filter or order.
    #[doc(alias = "listSimple")]
    pub fn list_simple(&self) -> ListSimple {
        ListSimple::new(self.target.clone())
    }

    /// Adds a record (a struct or map); awaited, it gives the new id.
    pub fn create<T: Serialize + ?Sized>(&self, record: &T) -> Create {
        Create::new(self.target.clone(), object_of("record", record))
    }

    /// Adds a list of records; awaited, it gives the new ids, none for an empty list. Cannot set relations.
    #[doc(alias = "createMany")]
    pub fn create_many<T: Serialize + ?Sized>(&self, records: &T) -> CreateMany {
        CreateMany::new(self.target.clone(), objects_of("records", records))
    }

    /// Changes these fields of one record that matches the filter to follow; awaited, it gives how
    /// many were changed: 1, or 0 if none matched.
    pub fn update<T: Serialize + ?Sized>(&self, changes: &T) -> Update {
        Update::new(self.target.clone(), object_of("changes", changes))
    }

    /// Changes these fields of all records that match the filter to follow. Cannot set relations.
    #[doc(alias = "updateMany")]
    pub fn update_many<T: Serialize + ?Sized>(&self, changes: &T) -> UpdateMany {
        UpdateMany::new(self.target.clone(), object_of("changes", changes))
    }

    /// Changes the record that matches the filter to follow, or creates it. Cannot set relations.
    pub fn upsert(&self) -> Upsert {
        Upsert::new(self.target.clone())
    }

    /// Removes the record with this id; awaited, it gives how many were removed: 1 or 0.
    #[doc(alias = "deleteById")]
    pub fn delete_by_id(&self, id: impl Into<String>) -> DeleteById {
        DeleteById::new(self.target.clone(), id.into())
    }

    /// Removes *one* record that matches the filter to follow; awaited, it gives 1 or 0.
    #[doc(alias = "deleteRecord")]
    pub fn delete(&self) -> Delete {
        Delete::new(self.target.clone())
    }

    /// Removes all records that match the filter to follow.
    #[doc(alias = "deleteMany")]
    pub fn delete_many(&self) -> DeleteMany {
        DeleteMany::new(self.target.clone())
    }
}

#[cfg(test)]
mod tests;
