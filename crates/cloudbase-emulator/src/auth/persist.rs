//! Users and sessions on disk: one row for each, in a SQLite database.
//!
//! A change writes its own rows and no others, so it costs the same however many users there are. Changes that come while a
//! transaction is under way share the next one.

use std::fmt::Display;
use std::path::Path;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;

use rusqlite::{Connection, OptionalExtension as _, params};
use tokio::sync::oneshot;

use super::store::Store;
use super::table::{Row, Table};
use crate::error::StartError;
use crate::files;

/// Written into the database, so that another program's is not taken for ours: "CBEA".
const APPLICATION_ID: i32 = 0x4342_4541;

/// Grows when the form of the rows does.
const FORMAT: i32 = 1;

/// A transaction takes no more changes than this.
const GATHERED: usize = 1024;

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

/// Writes changes in the order in which they came, on a thread of its own.
pub(super) struct Writer {
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    sent: AtomicU64,
    written: Arc<AtomicU64>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

enum Job {
    Write(Changes),
    /// Called once everything before it is on disk, or why it is not.
    Reached(Box<dyn FnOnce(Result<(), String>) + Send>),
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

impl Writer {
    pub(super) fn start(connection: Connection) -> Result<Self, StartError> {
        let (jobs, queue) = mpsc::channel();
        let written = Arc::new(AtomicU64::new(0));
        let thread = std::thread::Builder::new()
            .name("cloudbase-users".to_owned())
            .spawn({
                let written = written.clone();
                move || write_all(connection, &queue, &written)
            })
            .map_err(|error| StartError::caused_by("no thread to keep users with", error))?;
        Ok(Self {
            jobs: Mutex::new(Some(jobs)),
            sent: AtomicU64::new(0),
            written,
            thread: Mutex::new(Some(thread)),
        })
    }

    /// Queues changes. Called with the store locked, so that they come in their order.
    pub(super) fn send(&self, changes: Changes) {
        if changes.is_whole || !changes.rows.is_empty() {
            self.sent.fetch_add(1, Ordering::SeqCst);
            self.job(Job::Write(changes));
        }
    }

    /// Returns once everything that was sent is on disk.
    pub(super) async fn reached(&self) -> Result<(), String> {
        if self.is_done() {
            return Ok(());
        }
        let (report, reported) = oneshot::channel();
        self.job(Job::Reached(Box::new(move |outcome| {
            let _ = report.send(outcome);
        })));
        reported.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Like [`reached`](Self::reached), where nothing can be awaited. The thread needs no runtime.
    pub(super) fn wait(&self) -> Result<(), String> {
        if self.is_done() {
            return Ok(());
        }
        let (report, reported) = mpsc::sync_channel(1);
        self.job(Job::Reached(Box::new(move |outcome| {
            let _ = report.send(outcome);
        })));
        reported.recv().unwrap_or_else(|_| Err(closed()))
    }

    /// Writes what was sent, and nothing after it.
    pub(super) fn close(&self) {
        drop(lock(&self.jobs).take());
        if let Some(thread) = lock(&self.thread).take() {
            let _ = thread.join();
        }
    }

    fn is_done(&self) -> bool {
        self.written.load(Ordering::SeqCst) == self.sent.load(Ordering::SeqCst)
    }

    fn job(&self, job: Job) {
        if let Some(jobs) = &*lock(&self.jobs) {
            // Fails only after the thread ended, which whoever waits finds out.
            let _ = jobs.send(job);
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.close();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn closed() -> String {
    "the emulator was shut down".to_owned()
}

/// The thread: gathers what is queued, writes it in one transaction, reports.
fn write_all(mut connection: Connection, queue: &mpsc::Receiver<Job>, written: &AtomicU64) {
    // What could not be written is tried again with what comes next.
    let mut changes = Vec::new();
    while let Ok(first) = queue.recv() {
        let mut waiting = Vec::new();
        let mut next = Some(first);
        while let Some(job) = next {
            match job {
                Job::Write(more) => changes.push(more),
                Job::Reached(report) => waiting.push(report),
            }
            next = (changes.len() < GATHERED)
                .then(|| queue.try_recv().ok())
                .flatten();
        }
        let outcome = write(&mut connection, &changes).map_err(|error| error.to_string());
        match &outcome {
            Ok(()) => {
                written.fetch_add(changes.len() as u64, Ordering::SeqCst);
                changes.clear();
            }
            Err(error) => tracing::error!(error, "cannot keep users and sessions"),
        }
        for report in waiting {
            report(outcome.clone());
        }
    }
    if let Err(error) = write(&mut connection, &changes) {
        tracing::error!(%error, "users and sessions are lost");
    }
}

fn write(connection: &mut Connection, changes: &[Changes]) -> rusqlite::Result<()> {
    if changes.is_empty() {
        return Ok(());
    }
    // What was there before the last whole store does not matter.
    let start = changes.iter().rposition(|changes| changes.is_whole);
    let transaction = connection.transaction()?;
    if start.is_some() {
        transaction.execute("DELETE FROM rows", [])?;
    }
    {
        let mut put = transaction
            .prepare_cached("INSERT OR REPLACE INTO rows (name, key, json) VALUES (?1, ?2, ?3)")?;
        let mut remove =
            transaction.prepare_cached("DELETE FROM rows WHERE name = ?1 AND key = ?2")?;
        for change in changes[start.unwrap_or(0)..]
            .iter()
            .flat_map(|changes| &changes.rows)
        {
            match &change.row {
                Some(json) => put.execute(params![change.table, change.key, json])?,
                None => remove.execute(params![change.table, change.key])?,
            };
        }
    }
    transaction.commit()
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
