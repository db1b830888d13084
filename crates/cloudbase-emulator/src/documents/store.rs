//! Documents in SQLite: BSON by insertion number, and the entries of their indexes.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use bson::Document;
use bytes::Bytes;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::error::{DocumentError, Result};
use crate::sqlite;

mod catalog;
mod key;
mod plan;

pub(super) use catalog::{Collection, Index, IndexSpec, Place};
pub(super) use key::values;
pub(super) use plan::Access;

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS collections (
  id INTEGER PRIMARY KEY AUTOINCREMENT, scope TEXT NOT NULL, name TEXT NOT NULL, UNIQUE (scope, name));
CREATE TABLE IF NOT EXISTS indexes (
  id INTEGER PRIMARY KEY, collection INTEGER NOT NULL, name TEXT NOT NULL, paths TEXT NOT NULL, is_unique INTEGER NOT NULL,
  is_multikey INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS documents (seq INTEGER PRIMARY KEY AUTOINCREMENT, collection INTEGER NOT NULL, body BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS documents_of ON documents (collection, seq);
CREATE TABLE IF NOT EXISTS entries (
  index_id INTEGER NOT NULL, key BLOB NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY (index_id, key, seq)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS entries_of ON entries (seq);
";

/// A document and its number: documents are in the order in which they were inserted.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) seq: i64,
    pub(super) document: Document,
}

/// What is committed.
pub(super) struct Store {
    connection: Connection,
    collections: HashMap<Place, Collection>,
    next_seq: i64,
    /// How many documents were read from SQLite, so that tests see what an index saves.
    examined: AtomicU64,
}

impl Store {
    /// Opens the database, in memory if there is no path.
    pub(super) fn open(path: Option<&Path>) -> Result<Self> {
        let connection = match path {
            Some(path) => Connection::open(path)?,
            None => Connection::open_in_memory()?,
        };
        connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")?;
        connection.execute_batch(TABLES)?;
        connection.set_prepared_statement_cache_capacity(32);
        let mut store = Self {
            connection,
            collections: HashMap::new(),
            next_seq: 0,
            examined: AtomicU64::new(0),
        };
        store.load()?;
        Ok(store)
    }

    fn load(&mut self) -> Result<()> {
        self.collections = catalog::load(&self.connection)?;
        let last = self
            .connection
            .query_row(
                "SELECT seq FROM sqlite_sequence WHERE name = 'documents'",
                [],
                |row| row.get::<_, i64>(0),
            )
            .optional()?;
        self.next_seq = self.next_seq.max(last.unwrap_or(0) + 1);
        Ok(())
    }

    pub(super) fn collection(&self, place: &Place) -> Result<Collection> {
        let found = self.collections.get(place).cloned();
        found.ok_or_else(|| DocumentError::no_collection(&place.name))
    }

    pub(super) fn contains(&self, place: &Place) -> bool {
        self.collections.contains_key(place)
    }

    /// The names of a database's collections, sorted.
    pub(super) fn names(&self, scope: &str) -> Vec<&str> {
        let here = self.collections.keys().filter(|place| place.scope == scope);
        let mut names: Vec<_> = here.map(|place| place.name.as_str()).collect();
        names.sort_unstable();
        names
    }

    pub(super) fn create(&mut self, place: &Place) -> Result<Collection> {
        if self.contains(place) {
            return Err(DocumentError::collection_exists(&place.name));
        }
        let collection = self.atomically(|store| catalog::create(&store.connection, place))?;
        self.collections.insert(place.clone(), collection.clone());
        Ok(collection)
    }

    /// Removes a collection that has no documents any more.
    pub(super) fn drop_collection(&mut self, place: &Place) -> Result<()> {
        let collection = self.collection(place)?;
        self.atomically(|store| catalog::remove(&store.connection, &collection))?;
        self.collections.remove(place);
        Ok(())
    }

    /// Makes an index and its entries, unless there is the same one.
    pub(super) fn create_index(&mut self, place: &Place, spec: &IndexSpec) -> Result<()> {
        let collection = self.collection(place)?;
        if collection.indexes.iter().any(|index| spec.is(index)) {
            return Ok(());
        }
        self.atomically(|store| {
            let index = catalog::create_index(&store.connection, collection.id, spec)?;
            let indexes = [index];
            let of_one = Collection {
                indexes: indexes.to_vec(),
                ..collection.clone()
            };
            let mut all = Vec::new();
            store.scan(&of_one, &Access::Scan, &mut |stored| {
                all.push(stored);
                ControlFlow::Continue(())
            })?;
            for stored in all {
                if let Some(index) =
                    store.rival(&of_one, &stored.document, &|seq| seq == stored.seq)?
                {
                    return Err(DocumentError::duplicate(&collection.name, &index.name));
                }
                store.add_entries(&of_one, stored.seq, &stored.document)?;
            }
            Ok(())
        })?;
        self.load()
    }

    /// Runs a function whose writes are kept all or not at all.
    fn atomically<T>(&mut self, run: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.begin()?;
        let outcome = run(self);
        self.end(outcome)
    }

    /// From here to [`end`](Self::end) writes are kept all or not at all.
    pub(super) fn begin(&mut self) -> Result<()> {
        Ok(self.connection.execute_batch("BEGIN IMMEDIATE")?)
    }

    pub(super) fn end<T>(&mut self, outcome: Result<T>) -> Result<T> {
        let outcome = outcome.and_then(|value| {
            self.connection.execute_batch("COMMIT")?;
            Ok(value)
        });
        if outcome.is_err() {
            // Fails where the failed statement ended the transaction itself.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        outcome
    }

    /// All collections by their number.
    pub(super) fn by_id(&self) -> HashMap<i64, Collection> {
        let all = self.collections.values().cloned();
        all.map(|collection| (collection.id, collection)).collect()
    }

    /// The number of the next document.
    pub(super) fn take_seq(&mut self) -> i64 {
        let seq = self.next_seq;
        self.next_seq += 1;
        seq
    }

    /// Shows documents in their order until `show` breaks off.
    pub(super) fn scan(
        &self,
        collection: &Collection,
        access: &Access,
        show: &mut dyn FnMut(Stored) -> ControlFlow<()>,
    ) -> Result<()> {
        match access {
            Access::Scan => {
                let mut statement = self.connection.prepare_cached(
                    "SELECT seq, body FROM documents WHERE collection = ? ORDER BY seq",
                )?;
                let mut rows = statement.query([collection.id])?;
                while let Some(row) = rows.next()? {
                    let stored = self.read(row)?;
                    if show(stored).is_break() {
                        break;
                    }
                }
            }
            Access::Keys { index, ranges } => {
                let mut seqs = Vec::new();
                for range in ranges {
                    seqs.extend(self.seqs(*index, &range.from, &range.to)?);
                }
                seqs.sort_unstable();
                seqs.dedup();
                for seq in seqs {
                    if let Some(stored) = self.get(seq)?
                        && show(stored).is_break()
                    {
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    fn seqs(&self, index: i64, from: &[u8], to: &[u8]) -> Result<Vec<i64>> {
        let mut statement = self.connection.prepare_cached(
            "SELECT seq FROM entries WHERE index_id = ? AND key >= ? AND key < ?",
        )?;
        let rows = statement.query_map(params![index, from, to], |row| row.get(0))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    pub(super) fn get(&self, seq: i64) -> Result<Option<Stored>> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT seq, body FROM documents WHERE seq = ?")?;
        let mut rows = statement.query([seq])?;
        match rows.next()? {
            Some(row) => self.read(row).map(Some),
            None => Ok(None),
        }
    }

    fn read(&self, row: &rusqlite::Row<'_>) -> Result<Stored> {
        self.examined.fetch_add(1, Ordering::Relaxed);
        let body = row.get_ref(1)?.as_blob().unwrap_or_default();
        Ok(Stored {
            seq: row.get(0)?,
            document: Document::from_reader(body)?,
        })
    }

    /// The unique index in which a document clashes with another, those aside that are not to be looked at.
    pub(super) fn rival(
        &self,
        collection: &Collection,
        document: &Document,
        ignore: &dyn Fn(i64) -> bool,
    ) -> Result<Option<Index>> {
        for index in collection.indexes.iter().filter(|index| index.is_unique) {
            for key in index.keys(document)? {
                for seq in self.seqs(index.id, &key, &key::end_of(key.clone()))? {
                    if !ignore(seq)
                        && let Some(other) = self.get(seq)?
                        && index.clashes(document, &other.document)
                    {
                        return Ok(Some(index.clone()));
                    }
                }
            }
        }
        Ok(None)
    }

    /// Writes a document under its number, in place of the one that is there.
    pub(super) fn put(
        &mut self,
        collection: &Collection,
        seq: i64,
        document: &Document,
    ) -> Result<()> {
        let body = document.to_vec()?;
        let mut statement = self.connection.prepare_cached(
            "INSERT INTO documents (seq, collection, body) VALUES (?, ?, ?) \
             ON CONFLICT (seq) DO UPDATE SET body = excluded.body",
        )?;
        statement.execute(params![seq, collection.id, body])?;
        drop(statement);
        self.remove_entries(seq)?;
        self.add_entries(collection, seq, document)
    }

    pub(super) fn delete(&mut self, seq: i64) -> Result<()> {
        self.remove_entries(seq)?;
        let mut statement = self
            .connection
            .prepare_cached("DELETE FROM documents WHERE seq = ?")?;
        statement.execute([seq])?;
        Ok(())
    }

    fn remove_entries(&self, seq: i64) -> Result<()> {
        let mut statement = self
            .connection
            .prepare_cached("DELETE FROM entries WHERE seq = ?")?;
        statement.execute([seq])?;
        Ok(())
    }

    fn add_entries(
        &mut self,
        collection: &Collection,
        seq: i64,
        document: &Document,
    ) -> Result<()> {
        for index in &collection.indexes {
            let keys = index.keys(document)?;
            if keys.len() > 1 && !index.is_multikey {
                self.mark_multikey(collection, index.id)?;
            }
            let mut statement = self.connection.prepare_cached(
                "INSERT OR IGNORE INTO entries (index_id, key, seq) VALUES (?, ?, ?)",
            )?;
            for key in keys {
                statement.execute(params![index.id, key, seq])?;
            }
        }
        Ok(())
    }

    /// From now on two bounds may be met by two elements of one array. It stays so if the write is rolled back: a
    /// narrower reading is lost, and nothing else.
    fn mark_multikey(&mut self, collection: &Collection, id: i64) -> Result<()> {
        self.connection
            .execute("UPDATE indexes SET is_multikey = 1 WHERE id = ?", [id])?;
        let collections = self.collections.values_mut();
        let indexes = collections
            .filter(|other| other.id == collection.id)
            .flat_map(|other| &mut other.indexes);
        for index in indexes.filter(|index| index.id == id) {
            index.is_multikey = true;
        }
        Ok(())
    }

    /// Removes everything.
    pub(super) fn clear(&mut self) -> Result<()> {
        self.atomically(|store| {
            Ok(store.connection.execute_batch(
                "DELETE FROM collections; DELETE FROM indexes; DELETE FROM documents; DELETE FROM entries;",
            )?)
        })?;
        self.load()
    }

    /// A copy of everything, for [`restore`](Self::restore).
    pub(super) fn snapshot(&self) -> Result<Bytes> {
        Ok(sqlite::serialize(&self.connection)?)
    }

    pub(super) fn restore(&mut self, snapshot: Bytes) -> Result<()> {
        sqlite::restore(&mut self.connection, snapshot)?;
        self.load()
    }

    /// Writes what is not in the database's own file yet.
    pub(super) fn close(&self) -> Result<()> {
        Ok(self
            .connection
            .execute_batch("PRAGMA wal_checkpoint(TRUNCATE)")?)
    }

    #[cfg(test)]
    pub(super) fn examined(&self) -> u64 {
        self.examined.load(Ordering::Relaxed)
    }
}
