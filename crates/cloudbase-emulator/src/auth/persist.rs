//! Users and sessions on disk: one row for each, in a SQLite database.
//!
//! A change writes its own rows and no others, so it costs the same however many users there are. Changes that come while a
//! transaction is under way share the next one.

use std::fmt::Display;
use std::path::Path;
use std::str::FromStr;

use rusqlite::{Connection, OptionalExtension as _};

use super::store::Store;
use super::table::{Row, Table};
use crate::error::StartError;
use crate::files;

mod writer;

pub(super) use writer::Writer;

/// Written into the database, so that another program's is not taken for ours: "CBEA".
const APPLICATION_ID: i32 = 0x4342_4541;

/// Grows when the form of the rows does.
const FORMAT: i32 = 1;

/// The name of the counter's row, which is of no table.
const NEXT_SESSION: &str = "next_session";

/// What happened to a store, ready to be written.
pub(super) struct Changes {
    /// Nothing that was there before counts.
    is_whole: bool,
    rows: Vec<Change>,
}

/// One row: its table, its key, and its JSON unless it is gone.
struct Change {
    table: &'static str,
    key: String,
    row: Option<Vec<u8>>,
}

/// Opens the database and reads the store of an earlier run.
pub(super) fn open(path: &Path) -> Result<(Connection, Store), StartError> {
    let failed =
        |error: String| StartError::caused_by(format!("cannot use {}", path.display()), error);
    files::touch(path).map_err(|error| failed(error.to_string()))?;
    let connection = Connection::open(path).map_err(|error| failed(error.to_string()))?;
    prepare(&connection).map_err(failed)?;
    let store = load(&connection).map_err(failed)?;
    Ok((connection, store))
}

fn prepare(connection: &Connection) -> Result<(), String> {
    let pragma = |name: &str| -> Result<i32, String> {
        connection
            .pragma_query_value(None, name, |row| row.get(0))
            .map_err(|error| error.to_string())
    };
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0))
        .map_err(|error| error.to_string())?;
    let form = (pragma("application_id")?, pragma("user_version")?);
    if tables > 0 && form != (APPLICATION_ID, FORMAT) {
        return Err(format!(
            "it is not in the form that this version of the emulator writes (form {FORMAT}); start with a new data folder"
        ));
    }
    // FULL: what was committed is still there after a power loss.
    let set = format!(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF;
         BEGIN IMMEDIATE;
         PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {FORMAT};
         CREATE TABLE IF NOT EXISTS rows (
             name TEXT NOT NULL, key TEXT NOT NULL, json BLOB NOT NULL, PRIMARY KEY (name, key)
         ) WITHOUT ROWID;
         COMMIT;"
    );
    connection
        .execute_batch(&set)
        .map_err(|error| error.to_string())
}

fn load(connection: &Connection) -> Result<Store, String> {
    let mut store = Store::default();
    load_table(connection, "users", &mut store.users)?;
    load_table(connection, "sessions", &mut store.sessions)?;
    load_table(connection, "access", &mut store.access)?;
    load_table(connection, "spent", &mut store.spent)?;
    load_table(connection, "revoked", &mut store.revoked)?;
    load_table(connection, "verifications", &mut store.verifications)?;
    load_table(connection, "grants", &mut store.grants)?;
    load_table(connection, "challenges", &mut store.challenges)?;
    load_table(connection, "failures", &mut store.failures)?;
    load_table(connection, "sends", &mut store.sends)?;
    let next: Option<Vec<u8>> = connection
        .query_row(
            "SELECT json FROM rows WHERE name = ?1",
            [NEXT_SESSION],
            |row| row.get(0),
        )
        .optional()
        .map_err(|error| error.to_string())?;
    if let Some(next) = next {
        store.next_session = serde_json::from_slice(&next).map_err(|error| error.to_string())?;
    }
    store.is_kept = true;
    Ok(store)
}

fn load_table<K, V>(
    connection: &Connection,
    name: &str,
    table: &mut Table<K, V>,
) -> Result<(), String>
where
    K: Ord + Clone + FromStr,
    V: Row,
{
    let text = |error: rusqlite::Error| error.to_string();
    let mut statement = connection
        .prepare("SELECT key, json FROM rows WHERE name = ?1")
        .map_err(text)?;
    let mut rows = statement.query([name]).map_err(text)?;
    while let Some(row) = rows.next().map_err(text)? {
        let key: String = row.get(0).map_err(text)?;
        let json = row.get_ref(1).map_err(text)?;
        let value = serde_json::from_slice(json.as_bytes().map_err(|error| error.to_string())?)
            .map_err(|error| format!("{name} `{key}`: {error}"))?;
        let key = key
            .parse()
            .map_err(|_| format!("{name}: `{key}` is not a key"))?;
        table.insert(key, value);
    }
    table.take_changes().for_each(drop);
    Ok(())
}

/// Takes what changed since the last time out of a store.
pub(super) fn take_changes(store: &mut Store) -> Changes {
    let is_whole = !store.is_kept;
    store.is_kept = true;
    let mut rows = Vec::new();
    collect("users", &mut store.users, &mut rows);
    let sessions = rows.len();
    collect("sessions", &mut store.sessions, &mut rows);
    // Only what touches a session moves the counter.
    if is_whole || rows.len() > sessions {
        rows.push(Change::new(
            NEXT_SESSION,
            String::new(),
            Some(&store.next_session),
        ));
    }
    collect("access", &mut store.access, &mut rows);
    collect("spent", &mut store.spent, &mut rows);
    collect("revoked", &mut store.revoked, &mut rows);
    collect("verifications", &mut store.verifications, &mut rows);
    collect("grants", &mut store.grants, &mut rows);
    collect("challenges", &mut store.challenges, &mut rows);
    collect("failures", &mut store.failures, &mut rows);
    collect("sends", &mut store.sends, &mut rows);
    Changes { is_whole, rows }
}

fn collect<K, V>(name: &'static str, table: &mut Table<K, V>, rows: &mut Vec<Change>)
where
    K: Ord + Clone + Display,
    V: Row,
{
    let changes = table.take_changes();
    rows.extend(changes.map(|(key, row)| Change::new(name, key.to_string(), row)));
}

impl Change {
    fn new(table: &'static str, key: String, row: Option<&impl serde::Serialize>) -> Self {
        // Rows are plain data with text keys, which always have a JSON form.
        let row = row.map(|row| serde_json::to_vec(row).unwrap_or_default());
        Self { table, key, row }
    }
}

impl Changes {
    /// How many rows a write of this touches.
    #[cfg(test)]
    pub(super) fn rows(&self) -> usize {
        self.rows.len()
    }
}

#[cfg(test)]
mod tests {
    use super::super::store::{Session, User};
    use super::*;

    fn sign_up(store: &mut Store, number: u32) -> Changes {
        let id = format!("user-{number}");
        let user = User {
            id: id.clone(),
            email: Some(format!("{id}@example.org")),
            ..User::default()
        };
        store.users.insert(id.clone(), user);
        let session = Session {
            user_id: id,
            device_id: None,
            provider: "email".to_owned(),
            refresh_token: Some(format!("token-{number}")),
            refresh_expires_at: 0,
            issued: 0,
        };
        store.sessions.insert(u64::from(number), session);
        store.next_session = u64::from(number) + 1;
        take_changes(store)
    }

    #[test]
    fn a_change_writes_its_own_rows_however_many_there_are() {
        let mut store = Store {
            is_kept: true,
            ..Store::default()
        };
        let rows: Vec<_> = (0..5000)
            .map(|number| sign_up(&mut store, number).rows())
            .collect();
        assert!(rows.iter().all(|rows| *rows == 3), "user, session, counter");
        assert_eq!(take_changes(&mut store).rows(), 0);
    }

    #[test]
    fn what_cannot_be_written_is_reported_and_comes_with_the_next() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("auth.sqlite3");
        let (connection, mut store) = open(&path).unwrap();
        let writer = Writer::start(connection).unwrap();
        writer.send(take_changes(&mut store));
        writer.wait().unwrap();
        let other = Connection::open(&path).unwrap();
        other
            .execute_batch("ALTER TABLE rows RENAME TO away")
            .unwrap();
        writer.send(sign_up(&mut store, 1));
        writer.wait().unwrap_err();
        other
            .execute_batch("ALTER TABLE away RENAME TO rows")
            .unwrap();
        writer.send(sign_up(&mut store, 2));
        writer.wait().unwrap();
        writer.close();
        let (_, store) = open(&path).unwrap();
        assert_eq!(store.users.values().count(), 2);
        assert_eq!(store.next_session, 3);
        assert!(store.session_by_refresh_token("token-1").is_some());
    }

    #[test]
    fn a_store_that_was_replaced_leaves_nothing_of_the_old() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("auth.sqlite3");
        let (connection, mut store) = open(&path).unwrap();
        let writer = Writer::start(connection).unwrap();
        writer.send(sign_up(&mut store, 1));
        let mut store = Store::default();
        writer.send(sign_up(&mut store, 2));
        writer.send(sign_up(&mut store, 3));
        drop(writer);
        let (_, store) = open(&path).unwrap();
        let mut ids: Vec<_> = store.users.values().map(|user| user.id.as_str()).collect();
        ids.sort_unstable();
        assert_eq!(ids, ["user-2", "user-3"]);
    }
}
