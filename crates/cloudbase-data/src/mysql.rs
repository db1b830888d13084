//! MySQL tables over REST.
//!
//! [`MySql::from`] names a table; what follows reads like the other SDKs, with two differences:
//! rows are your own types, and conditions are values that cannot be misread.
//!
//! ```no_run
//! use cloudbase_core::Client;
//! use cloudbase_data::mysql::{MySql, any, desc, eq, like};
//!
//! #[derive(serde::Deserialize)]
//! struct Todo {
//!     id: i64,
//!     title: String,
//!     done: bool,
//! }
//!
//! # async fn run() -> cloudbase_core::Result<()> {
//! let client = Client::builder().env_id("my-env-1a2b3c").access_key("…").build()?;
//! let mysql = MySql::new(client);
//!
//! let todos: Vec<Todo> = mysql
//!     .from("todos")
//!     .select("id,title,done")
//!     .filter(any([eq("done", false), like("title", "%milk%")]))
//!     .order(desc("id"))
//!     .limit(20)
//!     .await?;
//!
//! let page = mysql.from("todos").eq("done", true).with_count().rows::<Todo>().await?;
//! println!("{} of {:?}", page.rows.len(), page.total);
//! # Ok(())
//! # }
//! ```
//!
//! # Repeating calls
//!
//! | Call | Retried after it was sent |
//! |---|---|
//! | select, count | yes |
//! | upsert | yes: the rows carry their key |
//! | delete | yes; not with `limit` or `returning` |
//! | insert, update | no |
//!
//! `.idempotent(true)` and `.idempotent(false)` on a write say otherwise. After a limit (429) only reads
//! are sent again.
//!
//! # Errors
//!
//! Of an [`Error`](cloudbase_core::Error), `is_not_found` means that the table (or instance) does
//! not exist, or that [`Select::single`] found no row; `is_permission_denied` that the table's rules do not let the caller do this, which the
//! service says with status 401 as well as 403 and no token refresh would cure; `is_conflict` that
//! a unique index rejected the row. [`Select::single`] fails with status 406 for none and for several rows: the
//! service says the same of both, and `is_not_found` is true where its message says that nothing was found.
//! Of [`Select::maybe_single`] the error is always that there are several.
//!
//! | code | status | predicate |
//! |---|---|---|
//! | [`INVALID_PARAM`](cloudbase_core::ErrorCode::INVALID_PARAM) | 400 |  |
//! | [`INVALID_REQUEST`](cloudbase_core::ErrorCode::INVALID_REQUEST) | 400 | `is_conflict` if a unique index rejects the row |
//! | [`INVALID_REQUEST`](cloudbase_core::ErrorCode::INVALID_REQUEST) | 406 | `is_not_found` if there is no row |
//! | [`BadApiRequest`](cloudbase_core::ErrorCode::BAD_API_REQUEST), [`DATABASE_INVALID_OPERRATOR`](cloudbase_core::ErrorCode::DATABASE_INVALID_OPERRATOR) | 400, 403 |  |
//! | [`PERMISSION_DENIED`](cloudbase_core::ErrorCode::PERMISSION_DENIED) | 401, 403 | `is_permission_denied` |
//! | [`RESOURCE_NOT_FOUND`](cloudbase_core::ErrorCode::RESOURCE_NOT_FOUND) | 404 | `is_not_found` |
//! | [`SYS_ERR`](cloudbase_core::ErrorCode::SYS_ERR), [`OPERATION_FAILED`](cloudbase_core::ErrorCode::OPERATION_FAILED), [`RESOURCE_UNAVAILABLE`](cloudbase_core::ErrorCode::RESOURCE_UNAVAILABLE) | 500, 503 | `is_transient` |
//!
//! Those of the gateway come before them: see the sections of [`ErrorCode`](cloudbase_core::ErrorCode).
//!
//! # What MySQL environments confirm
//!
//! The documents of the service and its SDKs do not agree on everything that can be written here, and
//! the emulator has all of it. Before you rely on something that is not confirmed, try it on your
//! environment; each can be left out, with a condition on the table itself or a call of its own.
//!
//! | Confirmed by the documents | Not confirmed on MySQL |
//! |---|---|
//! | `eq` `neq` `gt` `gte` `lt` `lte` `like` `in_` `is` `regexp`, `not` of these | [`ilike`](ilike()) |
//! | `all` and `any` of conditions | groups within groups; quotes and backslashes around values in `in_` and groups |
//! | relations by foreign key, aliases of relations, `inner` | conditions, order, limit and offset of a relation ([`Relation::filter`], [`Related`]); dotted columns (`"users.name"`) as conditions |
//! | columns by name | aliases of columns ([`Columns::column_as`]), names in quotes |
//! | `order`, `limit`, `offset`, `with_count` | [`Order::nulls_first`], [`Order::nulls_last`] |
//! | `insert`, `upsert`, `on_conflict`, `ignore_duplicates` | [`Insert::missing_as_default`] |

mod column;
mod columns;
mod count;
mod encode;
mod filter;
mod insert;
mod pages;
pub mod postgres;
mod query_options;
mod relation;
mod request;
mod returning;
mod row_filter;
mod select;
mod table;
mod table_ref;
mod update;
mod value;
mod write;

use cloudbase_core::Client;

pub use self::column::{Column, Operand, Textual};
pub use self::columns::Columns;
pub use self::count::Count;
pub use self::filter::{
    Filter, Is, all, any, eq, escape_like, gt, gte, ilike, in_, is, is_not_null, is_null, like, lt,
    lte, neq, not, regexp,
};
pub use self::insert::{Insert, Upsert};
pub use self::query_options::{Filters, QueryOptions};
pub use self::relation::{Related, Relation, relation};
use self::request::{Query, Target};
pub use self::returning::{Returning, ReturningMaybeSingle, ReturningSingle};
pub use self::select::{MaybeSingle, Page, Select, Single, WithCount};
pub use self::table::Table;
pub use self::table_ref::TableRef;
pub use self::update::{Delete, Update};
pub use self::value::Scalar;
pub use self::write::Written;
pub use crate::column_ref::ColumnRef;
pub use crate::order::{Order, asc, desc};

/// The MySQL databases of an environment. Cheap to clone.
///
/// Talks to the system database unless [`database`](Self::database) and
/// [`instance`](Self::instance) say otherwise.
#[derive(Clone, Debug)]
pub struct MySql {
    client: Client,
    instance: Option<String>,
    database: Option<String>,
}

impl MySql {
    /// The system database of the client's environment.
    pub fn new(client: Client) -> Self {
        Self {
            client,
            instance: None,
            database: None,
        }
    }

    /// Another database of the instance.
    #[doc(alias = "schema")]
    #[must_use]
    pub fn database(mut self, name: impl Into<String>) -> Self {
        self.database = Some(name.into());
        self
    }

    /// Another instance than the system's `default`; needs a [`database`](Self::database).
    #[must_use]
    pub fn instance(mut self, id: impl Into<String>) -> Self {
        self.instance = Some(id.into());
        self
    }

    /// The table called `table`.
    pub fn from(&self, table: impl Into<String>) -> TableRef {
        TableRef {
            query: Query::new(Target {
                client: self.client.clone(),
                instance: self.instance.clone(),
                database: self.database.clone(),
                table: table.into(),
            }),
        }
    }

    /// Reads rows into a struct that knows its table: exactly the columns of its fields.
    ///
    /// ```no_run
    /// # use cloudbase_data::mysql::{Column, MySql, Table};
    /// # #[derive(serde::Deserialize)] struct Todo { id: i64, done: bool }
    /// # impl Table for Todo { const TABLE: &'static str = "todos"; const COLUMN_NAMES: &'static [&'static str] = &["id", "done"]; }
    /// # impl Todo { const DONE: Column<bool> = Column::new("done"); }
    /// # async fn run(mysql: MySql) -> cloudbase_core::Result<()> {
    /// let open = mysql.select::<Todo>().filter(Todo::DONE.eq(false)).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn select<T: Table>(&self) -> Select<T> {
        self.from(T::TABLE).select(T::columns())
    }
}

#[cfg(test)]
mod tests;
