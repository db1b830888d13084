//! Copies of whole SQLite databases.

use bytes::Bytes;
use rusqlite::backup::Backup;
use rusqlite::{Connection, MAIN_DB, Result};

/// The content of a database, for [`restore`].
pub(crate) fn serialize(connection: &Connection) -> Result<Bytes> {
    let mut copy = Connection::open_in_memory()?;
    copy_database(connection, &mut copy)?;
    let data = copy.serialize(MAIN_DB)?;
    Ok(Bytes::copy_from_slice(&data))
}

/// Puts a serialized content in place of the present one.
pub(crate) fn restore(connection: &mut Connection, snapshot: Bytes) -> Result<()> {
    let snapshot = without_wal(snapshot);
    let mut source = Connection::open_in_memory()?;
    source.deserialize_read_exact(MAIN_DB, &snapshot[..], snapshot.len(), false)?;
    connection.flush_prepared_statement_cache();
    copy_database(&source, connection)
}

/// The same database with the journal mode of old. A copy of one in write-ahead mode, as a database
/// in a file is, says so in its header, and a database in memory cannot be opened in that mode. The
/// database that it is copied into keeps its own.
fn without_wal(snapshot: Bytes) -> Bytes {
    /// The versions of the file format, for writing and reading.
    const VERSIONS: std::ops::Range<usize> = 18..20;
    let mut database = Vec::from(snapshot);
    if let Some(versions) = database.get_mut(VERSIONS) {
        versions.fill(1);
    }
    database.into()
}

fn copy_database(from: &Connection, to: &mut Connection) -> Result<()> {
    Backup::new(from, to)?.step(-1).map(drop)
}
