//! The mark of the tables that the emulator made: what it drops in a reset must be known in a later run too.

use std::collections::BTreeSet;

use mysql_async::Conn;
use mysql_async::prelude::Queryable as _;

use super::translate;
use crate::data::error::DataError;

/// What every mark begins with, of whatever environment.
const START: &str = "[made by cloudbase-emulator for ";

/// What the comment of such a table ends with. It goes wherever the table goes, and with it.
pub(super) struct Mark(String);

/// Whether a table is known to be the emulator's.
pub(super) enum Known {
    ByMark,
    /// It cannot be marked, and is known in this run only.
    ByName,
    /// It is of another environment, or no table.
    No,
}

impl Mark {
    /// The mark of an environment: another one in the same database has tables of its own.
    pub(super) fn of(env_id: &str) -> Self {
        Self(format!("{START}{env_id}]"))
    }

    /// The tables of `database` that have it.
    pub(super) async fn tables(
        &self,
        connection: &mut Conn,
        database: &str,
    ) -> Result<BTreeSet<String>, DataError> {
        let marked = "SELECT table_name FROM information_schema.tables WHERE table_schema = ? \
                      AND table_type = 'BASE TABLE' AND RIGHT(table_comment, CHAR_LENGTH(?)) = ?";
        let names: Vec<String> = connection
            .exec(marked, (database, &self.0, &self.0))
            .await
            .map_err(translate)?;
        Ok(names.into_iter().collect())
    }

    /// Puts it on a table, after the comment that the table has. A table that has a mark keeps the one it has.
    pub(super) async fn put(&self, connection: &mut Conn, database: &str, table: &str) -> Known {
        match self.try_put(connection, database, table).await {
            Ok(true) => Known::ByMark,
            Ok(false) => Known::No,
            Err(error) => {
                tracing::warn!(
                    table,
                    %error,
                    "the table cannot be marked: a reset in a later run will not drop it"
                );
                Known::ByName
            }
        }
    }

    /// Whether the table has this mark now.
    async fn try_put(
        &self,
        connection: &mut Conn,
        database: &str,
        table: &str,
    ) -> Result<bool, mysql_async::Error> {
        // The server quotes as it reads.
        let comment = "SELECT RIGHT(table_comment, CHAR_LENGTH(?)) = ?, table_comment LIKE CONCAT('%', ?, '%]'), \
                       QUOTE(TRIM(CONCAT(table_comment, ' ', ?))) FROM information_schema.tables \
                       WHERE table_schema = ? AND table_name = ? AND table_type = 'BASE TABLE'";
        let mark = &self.0;
        let found: Option<(bool, bool, String)> = connection
            .exec_first(comment, (mark, mark, START, mark, database, table))
            .await?;
        let comment = match found {
            Some((false, false, comment)) => comment,
            Some((is_ours, ..)) => return Ok(is_ours),
            None => return Ok(false),
        };
        let (database, table) = (quoted(database), quoted(table));
        connection
            .query_drop(format!(
                "ALTER TABLE {database}.{table} COMMENT = {comment}"
            ))
            .await?;
        Ok(true)
    }
}

fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}
