//! Changing and removing rows.

use bytes::Bytes;
use cloudbase_core::http::Method;
use cloudbase_core::{CallOptions, Idempotency, Result};

use super::request::{Query, filter_methods, order_methods};
use super::write::{Write, write_request};

/// Changes the rows that match; awaited, it gives a [`Written`](super::Written).
///
/// At least one condition on the table's own columns is needed: the service rejects a change of a
/// whole table, and so does this builder before anything is sent. Conditions on relations choose no
/// rows and are rejected too; what is [returned](Self::returning) of a relation is narrowed down by
/// [`Relation::filter`](super::Relation::filter).
///
/// Not retried once it was sent: between two attempts others may have changed the rows, and a
/// condition on a column that is itself changed (`state = 'new'` → `'taken'`) would then match no row, as
/// if another had won. Say [`idempotent(true)`](Self::idempotent) where neither matters.
///
/// ```no_run
/// # async fn run(mysql: cloudbase_data::MySql) -> cloudbase_core::Result<()> {
/// let patch = serde_json::json!({ "done": true });
/// let written = mysql.from("todos").update(&patch).eq("id", 7).await?;
/// assert_eq!(written.affected, Some(1));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "does nothing until it is sent or awaited"]
pub struct Update {
    query: Query,
    changes: Option<Bytes>,
    options: CallOptions,
}

filter_methods!(Update);
order_methods!(Update);
write_request!(Update);

impl Update {
    pub(crate) fn new(mut query: Query, changes: Result<Bytes>) -> Self {
        let changes = query.accept(changes);
        Self {
            query,
            changes,
            options: CallOptions::default(),
        }
    }

    fn into_parts(self) -> (Query, Write, CallOptions) {
        let write = Write {
            name: "mysql.update",
            method: Method::PATCH,
            body: self.changes,
            needs_filter: true,
            idempotency: Idempotency::Unsafe,
            resolution: None,
            missing_default: false,
            on_conflict: Vec::new(),
        };
        (self.query, write, self.options)
    }
}

/// Removes the rows that match; awaited, it gives a [`Written`](super::Written).
///
/// At least one condition on the table's own columns is needed: the service rejects the removal of
/// all rows, and so does this builder before anything is sent. Conditions on relations choose no
/// rows and are rejected too.
///
/// Removing the same rows twice is the same as once, so the call is retried after transient
/// failures, except with a [`limit`](Self::limit) (which would remove further rows) and with
/// `returning`. Where the number of removed rows decides something, say
/// [`idempotent(false)`](Self::idempotent): a second attempt finds none.
///
/// ```no_run
/// # async fn run(mysql: cloudbase_data::MySql) -> cloudbase_core::Result<()> {
/// mysql.from("todos").delete().in_("id", [7, 9]).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "does nothing until it is sent or awaited"]
pub struct Delete {
    query: Query,
    options: CallOptions,
}

filter_methods!(Delete);
order_methods!(Delete);
write_request!(Delete);

impl Delete {
    pub(crate) fn new(query: Query) -> Self {
        Self {
            query,
            options: CallOptions::default(),
        }
    }

    fn into_parts(self) -> (Query, Write, CallOptions) {
        let write = Write {
            name: "mysql.delete",
            method: Method::DELETE,
            body: None,
            needs_filter: true,
            idempotency: match self.query.limit {
                Some(_) => Idempotency::Unsafe,
                None => Idempotency::Idempotent,
            },
            resolution: None,
            missing_default: false,
            on_conflict: Vec::new(),
        };
        (self.query, write, self.options)
    }
}
