//! Adding rows: inserts and upserts.

use bytes::Bytes;
use cloudbase_core::http::Method;
use cloudbase_core::{CallOptions, Idempotency, Result};

use super::request::Query;
use super::write::{Write, write_request};

/// Adds one row or many; awaited, it gives a [`Written`](super::Written).
///
/// Not safe to repeat: it is sent again only if nothing of it was sent, or if you say
/// [`idempotent(true)`](Self::idempotent).
///
/// ```no_run
/// # #[derive(serde::Serialize)] struct New { title: String }
/// # #[derive(serde::Deserialize)] struct Todo { id: i64 }
/// # async fn run(mysql: cloudbase_data::MySql, new: New, many: Vec<New>) -> cloudbase_core::Result<()> {
/// let todo: Todo = mysql.from("todos").insert(&new).returning("*").single().await?;
/// let written = mysql.from("todos").insert(&many).await?;
/// assert_eq!(written.affected, Some(many.len() as u64));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "does nothing until it is sent or awaited"]
pub struct Insert {
    query: Query,
    rows: Option<Bytes>,
    missing_default: bool,
    options: CallOptions,
}

write_request!(Insert);

impl Insert {
    pub(crate) fn new(mut query: Query, rows: Result<Bytes>) -> Self {
        let rows = query.accept(rows);
        Self {
            query,
            rows,
            missing_default: false,
            options: CallOptions::default(),
        }
    }

    /// Of many rows, those that leave a column out get its default instead of null. Not confirmed on
    /// MySQL: give each row all columns where it matters.
    #[doc(alias = "defaultToNull")]
    pub fn missing_as_default(mut self) -> Self {
        self.missing_default = true;
        self
    }

    fn into_parts(self) -> (Query, Write, CallOptions) {
        let write = Write {
            name: "mysql.insert",
            method: Method::POST,
            body: self.rows,
            needs_filter: false,
            idempotency: Idempotency::Unsafe,
            resolution: None,
            missing_default: self.missing_default,
            on_conflict: Vec::new(),
        };
        (self.query, write, self.options)
    }
}

/// Adds rows, or changes those that are there already; awaited, it gives a
/// [`Written`](super::Written).
///
/// A row is there already if another has the same primary key or the same values in a unique index,
/// so each row must carry such a key. With it twice is the same as once, and the call is retried
/// after transient failures; for rows whose key the database makes up say
/// [`idempotent(false)`](Self::idempotent).
///
/// ```no_run
/// # #[derive(serde::Serialize)] struct Todo { id: i64, title: String }
/// # async fn run(mysql: cloudbase_data::MySql, todo: Todo) -> cloudbase_core::Result<()> {
/// mysql.from("todos").upsert(&todo).on_conflict(["id"]).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "does nothing until it is sent or awaited"]
pub struct Upsert {
    query: Query,
    rows: Option<Bytes>,
    ignore: bool,
    missing_default: bool,
    on_conflict: Vec<String>,
    options: CallOptions,
}

write_request!(Upsert);

impl Upsert {
    pub(crate) fn new(mut query: Query, rows: Result<Bytes>) -> Self {
        let rows = query.accept(rows);
        Self {
            query,
            rows,
            ignore: false,
            missing_default: false,
            on_conflict: Vec::new(),
            options: CallOptions::default(),
        }
    }

    /// The columns of the unique index that decides. MySQL looks at every unique index anyway.
    #[doc(alias = "onConflict")]
    pub fn on_conflict<C: Into<String>>(mut self, columns: impl IntoIterator<Item = C>) -> Self {
        self.on_conflict = columns.into_iter().map(Into::into).collect();
        self
    }

    /// Leaves rows that are there already as they are. Default: changes them.
    pub fn ignore_duplicates(mut self) -> Self {
        self.ignore = true;
        self
    }

    /// Of many rows, those that leave a column out get its default instead of null. Not confirmed on
    /// MySQL: give each row all columns where it matters.
    #[doc(alias = "defaultToNull")]
    pub fn missing_as_default(mut self) -> Self {
        self.missing_default = true;
        self
    }

    fn into_parts(self) -> (Query, Write, CallOptions) {
        let write = Write {
            name: "mysql.upsert",
            method: Method::POST,
            body: self.rows,
            needs_filter: false,
            idempotency: Idempotency::Idempotent,
            resolution: Some(if self.ignore {
                "resolution=ignore-duplicates"
            } else {
                "resolution=merge-duplicates"
            }),
            missing_default: self.missing_default,
            on_conflict: self.on_conflict,
        };
        (self.query, write, self.options)
    }
}
