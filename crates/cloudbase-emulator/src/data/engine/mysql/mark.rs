//! The mark of the tables that the emulator made: what it drops in a reset must be known in a later run too.

use std::collections::BTreeSet;

use mysql_async::Conn;
use mysql_async::prelude::Queryable as _;

use super::translate;
use crate::data::error::DataError;

/// What the comment of such a table ends with. It goes wherever the table goes, and with it.
pub(super) struct Mark(String);

impl Mark {
    /// The mark of an environment: another one in the same database has tables of its own.
    pub(super) fn of(env_id: &str) -> Self {
        Self(format!("[made by cloudbase-emulator for {env_id}]"))
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

    /// Puts it on a table, after the comment that the table has; false if the table cannot be marked. Such a table is known in
    /// this run only.
    pub(super) async fn put(&self, connection: &mut Conn, database: &str, table: &str) -> bool {
        let put = self.try_put(connection, database, table).await;
        if let Err(error) = &put {
            tracing::warn!(
                table,
                %error,
                "the table cannot be marked: a reset in a later run will not drop it"
            );
        }
        put.is_ok()
    }

    async fn try_put(
        &self,
        connection: &mut Conn,
        database: &str,
        table: &str,
    ) -> Result<(), mysql_async::Error> {
        // The server quotes as it reads.
        let comment = "SELECT QUOTE(TRIM(CONCAT(table_comment, ' ', ?))) FROM information_schema.tables \
                       WHERE table_schema = ? AND table_name = ? AND table_type = 'BASE TABLE' \
                       AND RIGHT(table_comment, CHAR_LENGTH(?)) <> ?";
        let comment: Option<String> = connection
            .exec_first(comment, (&self.0, database, table, &self.0, &self.0))
            .await?;
        let Some(comment) = comment else {
            return Ok(());
        };
        let (database, table) = (quoted(database), quoted(table));
        connection
            .query_drop(format!(
                "ALTER TABLE {database}.{table} COMMENT = {comment}"
            ))
            .await
    }
}

fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}
