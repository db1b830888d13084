//! Changing a table: SQLite alters little of one, so a new table takes the place of the old.

use rusqlite::{Connection, params_from_iter};
use sea_query::{Alias, Expr, Query, SqliteQueryBuilder};

use super::errors::translate;
use super::script::rejected;
use crate::data::catalog::{DefaultValue, Table};
use crate::data::ddl::{self, Change, Definition, Key, Place, computed};
use crate::data::engine::Dialect;
use crate::data::error::DataError;

mod values;

use values::{convert, initial};

/// A table as it is to be, and where its columns come from.
pub(super) struct Altered {
    pub(super) table: Table,
    /// For each column the old one whose values it keeps.
    origins: Vec<Option<Origin>>,
    /// The next number to give out, if that was set.
    pub(super) next_id: Option<u64>,
}

struct Origin {
    name: String,
    /// The type is another now.
    is_converted: bool,
}

impl Altered {
    pub(super) fn new(table: &Table) -> Self {
        let origins = table.columns.iter().map(|column| {
            Some(Origin {
                name: column.name.clone(),
                is_converted: false,
            })
        });
        Self {
            origins: origins.collect(),
            table: table.clone(),
            next_id: None,
        }
    }

    /// Carries out one change.
    pub(super) fn change(&mut self, change: Change) -> Result<(), DataError> {
        let table = &mut self.table;
        match change {
            Change::Add {
                definition,
                place,
                if_not_exists,
            } => {
                if table.find(&definition.column.name).is_some() {
                    if if_not_exists {
                        return Ok(());
                    }
                    return Err(rejected(format!(
                        "Duplicate column name '{}'",
                        definition.column.name
                    )));
                }
                let at = self.place(&place)?.unwrap_or(self.table.columns.len());
                self.origins.insert(at, None);
                self.table.define(definition, at)?;
            }
            Change::Redefine {
                old,
                definition,
                place,
            } => self.redefine(&old, definition, &place)?,
            Change::DropColumn { name, if_exists } => match self.position(&name) {
                Ok(at) => self.drop_column(at)?,
                Err(_) if if_exists => {}
                Err(error) => return Err(error),
            },
            Change::RenameColumn { from, to } => {
                let at = self.position(&from)?;
                self.rename_column(at, to)?;
            }
            Change::Default { column, default } => {
                let at = self.position(&column)?;
                let column = &mut self.table.columns[at];
                column.default = default
                    .map(|value| ddl::default(column, &value))
                    .transpose()?;
            }
            Change::AddKey(Key::Primary(_)) if !table.primary_key.is_empty() => {
                return Err(rejected("Multiple primary key defined".to_owned()));
            }
            Change::AddKey(key) => table.add_key(key),
            Change::DropPrimaryKey => {
                if table.primary_key.is_empty() {
                    return Err(no_key("PRIMARY"));
                }
                table.primary_key.clear();
            }
            Change::DropIndex(name) if name.eq_ignore_ascii_case("PRIMARY") => {
                table.primary_key.clear()
            }
            Change::DropIndex(name) => {
                if !self.drop_index(&name) {
                    return Err(no_key(&name));
                }
            }
            Change::DropForeignKey(name) => {
                if !self.drop_foreign_key(&name) {
                    return Err(no_key(&name));
                }
            }
            Change::DropConstraint(name) => {
                if !self.drop_foreign_key(&name) && !self.drop_index(&name) {
                    return Err(DataError::not_on_sqlite(format!(
                        "DROP CONSTRAINT `{name}` of a check"
                    )));
                }
            }
            Change::RenameIndex { from, to } => {
                let mut keys = table.unique.iter_mut().chain(&mut table.indexes);
                let key = keys.find(|key| key.name.eq_ignore_ascii_case(&from));
                key.ok_or_else(|| no_key(&from))?.name = to;
            }
            Change::Rename(name) => {
                let from = std::mem::replace(&mut table.name, name.clone());
                self.rename_references(&from, &name);
            }
            Change::AutoIncrement(next) => self.next_id = Some(next),
            Change::Text { text, convert } => {
                table.text = text.within(&table.text);
                if convert {
                    let text = table.text.clone();
                    for column in &mut table.columns {
                        column.set_text(&text)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Foreign keys to one table become such to another; false if there are none.
    pub(super) fn rename_references(&mut self, from: &str, to: &str) -> bool {
        let keys = self.table.foreign_keys.iter_mut();
        let renamed = keys
            .filter(|key| key.table == from)
            .map(|key| to.clone_into(&mut key.table));
        renamed.count() > 0
    }

    fn position(&self, name: &str) -> Result<usize, DataError> {
        let mut columns = self.table.columns.iter();
        columns
            .position(|column| column.name.eq_ignore_ascii_case(name))
            .ok_or_else(|| rejected(format!("Unknown column '{name}' in '{}'", self.table.name)))
    }

    fn place(&self, place: &Place) -> Result<Option<usize>, DataError> {
        Ok(match place {
            Place::Stays => None,
            Place::First => Some(0),
            Place::After(name) => Some(self.position(name)? + 1),
        })
    }

    fn redefine(
        &mut self,
        old: &str,
        definition: Definition,
        place: &Place,
    ) -> Result<(), DataError> {
        let at = self.position(old)?;
        self.rename_column(at, definition.column.name.clone())?;
        let origin = self.origins.remove(at);
        let before = self.table.columns.remove(at);
        let to = self.place(place)?.unwrap_or(at);
        self.origins.insert(to, origin);
        self.table.define(definition, to)?;
        if before.kind != self.table.columns[to].kind {
            self.origins[to] = self.origins[to].take().map(|origin| Origin {
                is_converted: true,
                ..origin
            });
        }
        Ok(())
    }

    fn rename_column(&mut self, at: usize, to: String) -> Result<(), DataError> {
        let from = std::mem::replace(&mut self.table.columns[at].name, to.clone());
        let is_taken = self
            .table
            .columns
            .iter()
            .filter(|column| column.name.eq_ignore_ascii_case(&to))
            .count()
            > 1;
        if is_taken {
            return Err(rejected(format!("Duplicate column name '{to}'")));
        }
        if from == to {
            return Ok(());
        }
        if !self.table.checks.is_empty() {
            return Err(DataError::not_on_sqlite(format!(
                "renaming column '{from}' of a table with a CHECK"
            )));
        }
        let table = &mut self.table;
        let keys = table.unique.iter_mut().chain(&mut table.indexes);
        let names = keys
            .flat_map(|key| &mut key.columns)
            .chain(
                table
                    .foreign_keys
                    .iter_mut()
                    .flat_map(|key| &mut key.columns),
            )
            .chain(&mut table.primary_key);
        for name in names.filter(|name| name.eq_ignore_ascii_case(&from)) {
            name.clone_from(&to);
        }
        Ok(())
    }

    /// A column goes from the keys that it is part of; a key over nothing else goes too.
    fn drop_column(&mut self, at: usize) -> Result<(), DataError> {
        self.origins.remove(at);
        let table = &mut self.table;
        let name = table.columns.remove(at).name;
        if table.columns.is_empty() {
            return Err(rejected(
                "You can't delete all columns with ALTER TABLE; use DROP TABLE instead".to_owned(),
            ));
        }
        if table.foreign_keys.iter().any(|key| {
            key.columns
                .iter()
                .any(|column| column.eq_ignore_ascii_case(&name))
        }) {
            return Err(rejected(format!(
                "Cannot drop column '{name}': needed in a foreign key constraint"
            )));
        }
        if !table.checks.is_empty() {
            return Err(DataError::not_on_sqlite(format!(
                "dropping column '{name}' of a table with a CHECK"
            )));
        }
        let keep = |columns: &mut Vec<String>| {
            columns.retain(|column| !column.eq_ignore_ascii_case(&name));
            !columns.is_empty()
        };
        table.unique.retain_mut(|key| keep(&mut key.columns));
        table.indexes.retain_mut(|key| keep(&mut key.columns));
        keep(&mut table.primary_key);
        Ok(())
    }

    fn drop_index(&mut self, name: &str) -> bool {
        let table = &mut self.table;
        let before = table.unique.len() + table.indexes.len();
        table
            .unique
            .retain(|key| !key.name.eq_ignore_ascii_case(name));
        table
            .indexes
            .retain(|key| !key.name.eq_ignore_ascii_case(name));
        table.unique.len() + table.indexes.len() < before
    }

    fn drop_foreign_key(&mut self, name: &str) -> bool {
        let keys = &mut self.table.foreign_keys;
        let before = keys.len();
        keys.retain(|key| !key.name.eq_ignore_ascii_case(name));
        keys.len() < before
    }

    /// Fills the new table, called `to`, from the old, called `from`.
    pub(super) fn copy(
        &self,
        connection: &Connection,
        from: &str,
        to: &str,
        now_ms: i64,
    ) -> Result<(), DataError> {
        let mut insert = Query::insert();
        let mut rows = Query::select();
        insert.into_table(Alias::new(to));
        rows.from(Alias::new(from));
        let mut columns = Vec::new();
        for (column, origin) in self.table.columns.iter().zip(&self.origins) {
            match origin {
                Some(origin) => rows.column(Alias::new(&origin.name)),
                // The new table numbers its rows itself.
                None if column.auto_increment => continue,
                None if matches!(column.default, Some(DefaultValue::Computed(_))) => {
                    rows.expr(Expr::cust(computed(column)))
                }
                None => rows.expr(Expr::val(sea_query::Value::from(initial(column, now_ms)?))),
            };
            let is_converted = origin.as_ref().is_some_and(|origin| origin.is_converted);
            columns.push((column, is_converted));
        }
        insert.columns(columns.iter().map(|(column, _)| Alias::new(&column.name)));
        if columns.iter().any(|(_, is_converted)| *is_converted) {
            let values = columns.iter().map(|_| Expr::val(0));
            insert
                .values(values)
                .map_err(|error| DataError::internal(error.to_string()))?;
            let (insert, _) = insert.build(SqliteQueryBuilder);
            return convert(
                connection,
                &columns,
                &insert,
                &Dialect::Sqlite.build(&rows),
                now_ms,
            );
        }
        insert
            .select_from(rows)
            .map_err(|error| DataError::internal(error.to_string()))?;
        let statement = Dialect::Sqlite.build(&insert);
        connection
            .execute(&statement.sql, params_from_iter(&statement.values))
            .map(drop)
            .map_err(|error| translate(&error))
    }
}

fn no_key(name: &str) -> DataError {
    rejected(format!("Can't DROP '{name}'; check that column/key exists"))
}
