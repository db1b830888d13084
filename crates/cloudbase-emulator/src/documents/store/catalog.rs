//! Which collections there are, and their indexes.

use std::collections::HashMap;

use bson::Document;
use rusqlite::{Connection, params};

use super::key;
use crate::documents::engine::equal;
use crate::documents::error::{DocumentError, Result};

/// Where a collection is: `{instance}/{database}`, and its name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in super::super) struct Place {
    pub(in super::super) scope: String,
    pub(in super::super) name: String,
}

#[derive(Clone, Debug)]
pub(in super::super) struct Collection {
    pub(in super::super) id: i64,
    pub(in super::super) name: String,
    /// The one on `_id` first.
    pub(in super::super) indexes: Vec<Index>,
}

#[derive(Clone, Debug)]
pub(in super::super) struct Index {
    pub(in super::super) id: i64,
    pub(in super::super) name: String,
    pub(in super::super) paths: Vec<String>,
    pub(in super::super) is_unique: bool,
    /// Whether a document has, or had, more than one entry.
    pub(in super::super) is_multikey: bool,
}

/// An index that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct IndexSpec {
    pub(in super::super) paths: Vec<String>,
    pub(in super::super) is_unique: bool,
}

impl IndexSpec {
    /// An index on these fields; an error names the rule that they break.
    pub(in super::super) fn new(
        paths: Vec<String>,
        is_unique: bool,
    ) -> std::result::Result<Self, String> {
        /// As MongoDB has it.
        const MOST: usize = 31;
        let is_path = |path: &String| {
            let mut parts = path.split('.');
            !path.contains('\n') && parts.all(|part| !part.is_empty() && !part.starts_with('$'))
        };
        if paths.is_empty() || paths.len() > MOST || !paths.iter().all(is_path) {
            return Err(format!("an index is on 1 to {MOST} fields"));
        }
        Ok(Self { paths, is_unique })
    }

    /// Whether there is this index already.
    pub(super) fn is(&self, index: &Index) -> bool {
        self.paths == index.paths && self.is_unique == index.is_unique
    }

    fn name(&self) -> String {
        match self.paths.as_slice() {
            [id] if id == "_id" => "_id_".to_owned(),
            paths => format!("{}_1", paths.join("_1_")),
        }
    }
}

impl Index {
    pub(super) fn keys(&self, document: &Document) -> Result<Vec<Vec<u8>>> {
        key::of(document, &self.paths).map_err(DocumentError::failed)
    }

    /// Whether two documents may not both be in this unique index. Values decide, keys are coarser.
    pub(in super::super) fn clashes(&self, left: &Document, right: &Document) -> bool {
        self.paths.iter().all(|path| {
            let (left, right) = (key::values(left, path), key::values(right, path));
            left.iter()
                .any(|left| right.iter().any(|right| equal(left, right)))
        })
    }
}

pub(super) fn load(connection: &Connection) -> rusqlite::Result<HashMap<Place, Collection>> {
    let mut collections = HashMap::new();
    let mut statement = connection.prepare("SELECT id, scope, name FROM collections")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    for row in rows {
        let (id, scope, name): (i64, String, String) = row?;
        let collection = Collection {
            id,
            name: name.clone(),
            indexes: indexes(connection, id)?,
        };
        collections.insert(Place { scope, name }, collection);
    }
    Ok(collections)
}

fn indexes(connection: &Connection, collection: i64) -> rusqlite::Result<Vec<Index>> {
    let mut statement = connection.prepare_cached(
        "SELECT id, name, paths, is_unique, is_multikey FROM indexes WHERE collection = ? ORDER BY id",
    )?;
    let rows = statement.query_map([collection], |row| {
        Ok(Index {
            id: row.get(0)?,
            name: row.get(1)?,
            paths: split(&row.get::<_, String>(2)?),
            is_unique: row.get(3)?,
            is_multikey: row.get(4)?,
        })
    })?;
    rows.collect()
}

/// Paths contain no line ends: a field name with one cannot be indexed.
fn split(paths: &str) -> Vec<String> {
    paths.split('\n').map(str::to_owned).collect()
}

pub(super) fn create(connection: &Connection, place: &Place) -> Result<Collection> {
    connection.execute(
        "INSERT INTO collections (scope, name) VALUES (?, ?)",
        params![place.scope, place.name],
    )?;
    let id = connection.last_insert_rowid();
    let by_id = IndexSpec {
        paths: vec!["_id".to_owned()],
        is_unique: true,
    };
    Ok(Collection {
        id,
        name: place.name.clone(),
        indexes: vec![create_index(connection, id, &by_id)?],
    })
}

pub(super) fn create_index(
    connection: &Connection,
    collection: i64,
    spec: &IndexSpec,
) -> Result<Index> {
    connection.execute(
        "INSERT INTO indexes (collection, name, paths, is_unique) VALUES (?, ?, ?, ?)",
        params![
            collection,
            spec.name(),
            spec.paths.join("\n"),
            spec.is_unique
        ],
    )?;
    Ok(Index {
        id: connection.last_insert_rowid(),
        name: spec.name(),
        paths: spec.paths.clone(),
        is_unique: spec.is_unique,
        is_multikey: false,
    })
}

pub(super) fn remove(connection: &Connection, collection: &Collection) -> Result<()> {
    connection.execute("DELETE FROM indexes WHERE collection = ?", [collection.id])?;
    connection.execute("DELETE FROM collections WHERE id = ?", [collection.id])?;
    Ok(())
}
