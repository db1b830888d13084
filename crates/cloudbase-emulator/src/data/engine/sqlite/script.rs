//! Carrying out a schema on SQLite, and remembering the MySQL types that it spoke of.

mod check;

use std::collections::BTreeSet;

use rusqlite::{Connection, params};
use sea_query::{Alias, Query, SqliteQueryBuilder};

use self::check::{check, check_keys};
use super::alter::Altered;
use super::counter;
use super::errors::translate;
use super::insert::insert as insert_rows;
use crate::data::catalog::{Catalog, Column, DefaultValue, Table};
use crate::data::collation::Collation;
use crate::data::ddl::{
    Change, Script, Step, counted, create_index, create_table, drop_table, invalid_default,
};
use crate::data::defaults::zero_date;
use crate::data::engine::Dialect;
use crate::data::error::DataError;
use crate::data::expression::SqlSession;
use crate::data::temporal;

/// Where the catalog is kept, as JSON: SQLite's own types know less.
const CATALOG: &str = "__cloudbase_catalog";

/// Reads the catalog.
pub(super) fn load(connection: &Connection) -> Result<Catalog, DataError> {
    connection
        .execute_batch(&format!(
            "CREATE TABLE IF NOT EXISTS {CATALOG} (name TEXT PRIMARY KEY, definition TEXT NOT NULL) STRICT"
        ))
        .map_err(|error| translate(&error))?;
    counter::prepare(connection)?;
    let mut catalog = Catalog::default();
    let mut statement = connection
        .prepare(&format!("SELECT definition FROM {CATALOG}"))
        .map_err(|error| translate(&error))?;
    let texts = statement
        .query_map([], |row| row.get::<_, String>(0))
        .map_err(|error| translate(&error))?;
    for text in texts {
        let text = text.map_err(|error| translate(&error))?;
        let mut table: Table = serde_json::from_str(&text).map_err(|error| {
            DataError::internal(format!("the kept catalog cannot be read: {error}"))
        })?;
        for column in &mut table.columns {
            // Kept before collations were.
            if column.binary && !column.collation.is_binary() {
                column.collation = Collation::Bin;
            }
        }
        catalog.insert(table);
    }
    Ok(catalog)
}

/// Carries out the steps, all or none. The tables in `kept` are left alone with their rows, so that
/// a schema can be run again over a kept database.
pub(super) fn run(
    connection: &mut Connection,
    catalog: &mut Catalog,
    script: Script,
    kept: &BTreeSet<String>,
    now_ms: i64,
) -> Result<(), DataError> {
    // Tables are rebuilt and filled in any order; keys are checked at the end.
    let relaxed = "PRAGMA foreign_keys = OFF; PRAGMA legacy_alter_table = ON;";
    connection
        .execute_batch(relaxed)
        .map_err(|error| translate(&error))?;
    let result = in_transaction(connection, catalog, script, kept, now_ms);
    let strict = "PRAGMA foreign_keys = ON; PRAGMA legacy_alter_table = OFF;";
    connection
        .execute_batch(strict)
        .map_err(|error| translate(&error))?;
    result
}

fn in_transaction(
    connection: &mut Connection,
    catalog: &mut Catalog,
    script: Script,
    kept: &BTreeSet<String>,
    now_ms: i64,
) -> Result<(), DataError> {
    let transaction = connection
        .transaction()
        .map_err(|error| translate(&error))?;
    let mut run = Run {
        connection: &transaction,
        catalog,
        kept,
        session: SqlSession::new(now_ms),
    };
    run.script(script)?;
    check_keys(&transaction)?;
    transaction.commit().map_err(|error| translate(&error))
}

struct Run<'a> {
    connection: &'a Connection,
    catalog: &'a mut Catalog,
    /// Tables of an earlier run.
    kept: &'a BTreeSet<String>,
    session: SqlSession,
}

impl Run<'_> {
    /// Runs every statement, so that all that cannot be used is reported together. Nothing of it stays then.
    fn script(&mut self, script: Script) -> Result<(), DataError> {
        let mut errors = Vec::new();
        // What is wrong with these was reported once.
        let mut missing = BTreeSet::new();
        for statement in script {
            let (place, steps) = statement.take();
            let outcome = steps.and_then(|steps| self.steps(steps, &missing));
            if let Err(error) = outcome {
                missing.extend(place.created_table());
                errors.push((place.report(&error), error));
            }
        }
        if errors.len() < 2 {
            return match errors.pop() {
                Some((report, mut error)) => {
                    error.message = report;
                    Err(error)
                }
                None => Ok(()),
            };
        }
        let reports: Vec<_> = errors.into_iter().map(|(report, _)| report).collect();
        Err(DataError::invalid_request(reports.join("\n")))
    }

    fn steps(&mut self, steps: Vec<Step>, missing: &BTreeSet<String>) -> Result<(), DataError> {
        for step in steps {
            if !step.table().is_some_and(|table| missing.contains(table)) {
                self.step(step)?;
            }
        }
        Ok(())
    }

    fn step(&mut self, step: Step) -> Result<(), DataError> {
        match step {
            Step::Create { table, .. } if self.kept.contains(&table.name) => Ok(()),
            Step::Create {
                table,
                next_id,
                if_not_exists,
            } => {
                if self.catalog.get(&table.name).is_some() {
                    return if if_not_exists {
                        Ok(())
                    } else {
                        Err(rejected(format!("Table '{}' already exists", table.name)))
                    };
                }
                check(&table)?;
                self.check_defaults(&table.columns)?;
                self.create(&table, &table.name)?;
                self.indexes(&table)?;
                if let Some(next_id) = next_id {
                    counter::set_next_id(self.connection, &table, next_id)?;
                }
                self.remember(table)
            }
            Step::Drop { names, if_exists } => {
                for name in names {
                    // Dumps drop each table before they make it.
                    if self.kept.contains(&name) {
                        continue;
                    }
                    if !self.forget(&name)? && !if_exists {
                        return Err(rejected(format!("Unknown table '{name}'")));
                    }
                }
                Ok(())
            }
            Step::CreateLike {
                name,
                like,
                if_not_exists,
            } => {
                let mut table = self.catalog.table(&like)?.clone();
                table.name = name;
                table.foreign_keys.clear();
                self.step(Step::Create {
                    table,
                    next_id: None,
                    if_not_exists,
                })
            }
            Step::Alter { table, changes } => self.alter(&table, changes),
            Step::Empty { table, restart } => {
                if self.kept.contains(&table) {
                    return Ok(());
                }
                let table = self.catalog.table(&table)?;
                let mut delete = Query::delete();
                delete.from_table(table.source());
                self.batch(&delete.to_string(SqliteQueryBuilder))?;
                match restart {
                    true => counter::set_next_id(self.connection, table, 1),
                    false => Ok(()),
                }
            }
            Step::Insert(insert) if self.kept.contains(&insert.table) => Ok(()),
            Step::Insert(insert) => {
                let table = self.catalog.table(&insert.table)?;
                insert_rows(self.connection, table, &insert, &mut self.session)
            }
            Step::Set(assignments) => self.session.set(&assignments),
        }
    }

    /// Rejects zero dates where the SQL mode does.
    fn check_defaults(&self, columns: &[Column]) -> Result<(), DataError> {
        for column in columns {
            if let Some(DefaultValue::Constant(Some(text))) = &column.default
                && temporal::zero(&column.kind, text).is_some()
                && zero_date(&self.session.mode, column, text).is_none()
            {
                return Err(invalid_default(column));
            }
        }
        Ok(())
    }

    /// SQLite alters little of a table: a new one takes the place of the old.
    fn alter(&mut self, name: &str, changes: Vec<Change>) -> Result<(), DataError> {
        if changes.is_empty() || self.kept.contains(name) {
            return Ok(());
        }
        let mut altered = Altered::new(self.catalog.table(name)?);
        for change in changes {
            altered.change(change)?;
        }
        altered.table.finish()?;
        let table = &altered.table;
        check(table)?;
        self.check_defaults(&table.columns)?;
        if table.name != *name && self.kept.contains(&table.name) {
            // An earlier run gave it this name.
            let to = table.name.clone();
            self.forget(name)?;
            return self.rename_references(name, &to);
        }
        if table.name != *name && self.catalog.get(&table.name).is_some() {
            return Err(rejected(format!("Table '{}' already exists", table.name)));
        }
        let renamed = (table.name != *name).then(|| table.name.clone());
        self.replace(name, altered)?;
        match renamed {
            Some(to) => self.rename_references(name, &to),
            None => Ok(()),
        }
    }

    /// Foreign keys of other tables follow a table to its new name.
    fn rename_references(&mut self, from: &str, to: &str) -> Result<(), DataError> {
        let mut others: Vec<Altered> = self.catalog.tables().map(Altered::new).collect();
        others.retain_mut(|other| other.rename_references(from, to));
        for other in others {
            let name = other.table.name.clone();
            self.replace(&name, other)?;
        }
        Ok(())
    }

    /// Puts a table in the place of the one that it was made of.
    fn replace(&mut self, name: &str, altered: Altered) -> Result<(), DataError> {
        let table = &altered.table;
        let next_id = altered.next_id.or(counter::next_id(self.connection, name)?);
        let temporary = format!("__cloudbase_new_{name}");
        self.create(table, &temporary)?;
        altered.copy(self.connection, name, &temporary, self.session.now_ms())?;
        self.forget(name)?;
        let mut rename = sea_query::Table::rename();
        rename.table(Alias::new(&temporary), Alias::new(&table.name));
        self.batch(&rename.to_string(SqliteQueryBuilder))?;
        self.indexes(table)?;
        if let Some(next_id) = next_id {
            counter::set_next_id(self.connection, table, next_id)?;
        }
        self.remember(altered.table)
    }

    /// Removes a table; false if it does not exist.
    fn forget(&mut self, name: &str) -> Result<bool, DataError> {
        if self.catalog.remove(name).is_none() {
            return Ok(false);
        }
        self.batch(&drop_table(None, name, Dialect::Sqlite))?;
        counter::detach(self.connection, name)?;
        self.connection
            .execute(&format!("DELETE FROM {CATALOG} WHERE name = ?"), [name])
            .map_err(|error| translate(&error))?;
        Ok(true)
    }

    fn create(&self, table: &Table, name: &str) -> Result<(), DataError> {
        self.batch(&create_table(table, name, Dialect::Sqlite))
    }

    fn indexes(&self, table: &Table) -> Result<(), DataError> {
        for index in &table.unique {
            self.batch(&create_index(table, index, true))?;
        }
        for index in &table.indexes {
            self.batch(&create_index(table, index, false))?;
        }
        // InnoDB gives each foreign key an index, and joins need it.
        for key in &table.foreign_keys {
            let index = crate::data::catalog::Index {
                name: format!("{}.fk", key.name),
                columns: key.columns.clone(),
            };
            self.batch(&create_index(table, &index, false))?;
        }
        if counted(table).is_some() && !table.primary_key.is_empty() {
            let index = crate::data::catalog::Index {
                name: "PRIMARY".to_owned(),
                columns: table.primary_key.clone(),
            };
            self.batch(&create_index(table, &index, true))?;
        }
        counter::attach(self.connection, table)
    }

    fn remember(&mut self, table: Table) -> Result<(), DataError> {
        let text = serde_json::to_string(&table)
            .map_err(|error| DataError::internal(format!("catalog: {error}")))?;
        self.connection
            .execute(
                &format!("INSERT OR REPLACE INTO {CATALOG} VALUES (?, ?)"),
                params![table.name, text],
            )
            .map_err(|error| translate(&error))?;
        self.catalog.insert(table);
        Ok(())
    }

    fn batch(&self, sql: &str) -> Result<(), DataError> {
        self.connection
            .execute_batch(sql)
            .map_err(|error| translate(&error))
    }
}

pub(super) fn rejected(message: String) -> DataError {
    DataError::invalid_request(format!("schema: {message}"))
}
