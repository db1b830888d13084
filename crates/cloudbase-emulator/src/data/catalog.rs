//! What the database holds: tables, columns, keys and the relations between them.

use std::collections::BTreeMap;

use sea_query::{Alias, IntoTableRef as _, TableRef};
use serde::{Deserialize, Serialize};

use super::collation::Collation;
use super::error::DataError;

/// All tables of one database, by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Catalog {
    tables: BTreeMap<String, Table>,
}

/// A table.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Table {
    pub(crate) name: String,
    /// The database that the table is in, where a server has several. Statements name it, so that no
    /// connection's own default decides which table they reach.
    #[serde(skip)]
    pub(crate) database: Option<String>,
    pub(crate) columns: Vec<Column>,
    /// Columns of the primary key, in key order; empty without one.
    pub(crate) primary_key: Vec<String>,
    pub(crate) unique: Vec<Index>,
    pub(crate) indexes: Vec<Index>,
    pub(crate) foreign_keys: Vec<ForeignKey>,
    /// `CHECK` expressions, as written.
    pub(crate) checks: Vec<String>,
    /// What holds for text in columns that say nothing of it.
    #[serde(default)]
    pub(crate) text: TextOptions,
}

/// What is said of text: by a database, a table or a column.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct TextOptions {
    /// In lower case.
    pub(crate) charset: Option<String>,
    /// In lower case.
    pub(crate) collation: Option<String>,
    /// The `_bin` collation of the character set (`BINARY` after a type).
    pub(crate) bin: bool,
}

impl TextOptions {
    /// This, and what is around it where this says nothing.
    pub(crate) fn within(&self, around: &Self) -> Self {
        let mut text = self.clone();
        // A character set brings a collation of its own.
        if text.charset.is_none() && text.collation.is_none() {
            text.charset.clone_from(&around.charset);
            if !text.bin {
                text.collation.clone_from(&around.collation);
            }
        }
        text
    }
}

/// A table as statements name it, with its database where there is one.
pub(crate) fn source(database: Option<&str>, name: &str) -> TableRef {
    match database {
        Some(database) => (Alias::new(database), Alias::new(name)).into_table_ref(),
        None => Alias::new(name).into_table_ref(),
    }
}

/// A secondary key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Index {
    pub(crate) name: String,
    pub(crate) columns: Vec<String>,
}

/// A column.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) nullable: bool,
    pub(crate) default: Option<DefaultValue>,
    pub(crate) auto_increment: bool,
    /// Computed by the database; never written.
    pub(crate) generated: bool,
    /// `ON UPDATE CURRENT_TIMESTAMP`
    pub(crate) touch: bool,
    /// Compared byte by byte (`_bin` collations).
    pub(crate) binary: bool,
    /// How text is compared, which `binary` says in short.
    #[serde(default)]
    pub(crate) collation: Collation,
    /// Text in a character set of a server that does not hold all of Unicode.
    #[serde(default)]
    pub(crate) narrow: bool,
    /// FLOAT and DOUBLE without negative numbers (`UNSIGNED`).
    #[serde(default)]
    pub(crate) positive: bool,
    /// FLOAT and DOUBLE of so many digits, and so many of them behind the point: `(10,2)`.
    #[serde(default)]
    pub(crate) digits: Option<(u8, u8)>,
}

/// What a column gets when a row does not mention it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum DefaultValue {
    /// A constant, as text; `None` is NULL.
    Constant(Option<String>),
    /// `CURRENT_TIMESTAMP`
    Now,
    /// An expression, computed for each row.
    Computed(String),
    /// Something that only the database can compute.
    Expression,
}

/// The type of a column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Kind {
    Int {
        bits: u8,
        unsigned: bool,
    },
    Bit(u8),
    Decimal {
        precision: u32,
        scale: u32,
        unsigned: bool,
    },
    Float,
    Double,
    /// Length in characters; trailing blanks are not kept.
    Char(u32),
    /// Length in characters.
    VarChar(u32),
    /// Length in bytes.
    Text(u64),
    /// Length in bytes, padded with NUL.
    Binary(u32),
    /// Length in bytes.
    Blob(u64),
    Date,
    DateTime {
        fraction: u8,
    },
    Timestamp {
        fraction: u8,
    },
    Time {
        fraction: u8,
    },
    Year,
    Json,
    Enum(Vec<String>),
    /// Any of the members, joined by commas in their order.
    Set(Vec<String>),
    /// A type that is passed through as text.
    Other(String),
}

/// A foreign key.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ForeignKey {
    pub(crate) name: String,
    pub(crate) columns: Vec<String>,
    pub(crate) table: String,
    pub(crate) references: Vec<String>,
    pub(crate) on_delete: Action,
    pub(crate) on_update: Action,
}

/// What a foreign key does when the row it points at goes or changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Action {
    Restrict,
    Cascade,
    SetNull,
}

/// How two tables hang together, seen from the parent of an embed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Relation {
    /// The related table.
    pub(crate) table: String,
    /// Pairs of (column here, column there).
    pub(crate) on: Vec<(String, String)>,
    /// At most one related row, so it is shown as an object.
    pub(crate) to_one: bool,
}

impl Catalog {
    pub(crate) fn insert(&mut self, table: Table) {
        self.tables.insert(table.name.clone(), table);
    }

    pub(crate) fn remove(&mut self, name: &str) -> Option<Table> {
        self.tables.remove(name)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Table> {
        self.tables.get(name)
    }

    pub(crate) fn tables(&self) -> impl Iterator<Item = &Table> {
        self.tables.values()
    }

    /// The table, or the gateway's 404.
    pub(crate) fn table(&self, name: &str) -> Result<&Table, DataError> {
        self.get(name)
            .ok_or_else(|| DataError::not_found(format!("Table '{name}' doesn't exist")))
    }

    /// The relation that `select` means by `target` and perhaps `hint`, from real foreign keys only.
    ///
    /// `target` is a foreign-key column, a related table, or the name of a constraint; `hint` is a
    /// constraint or a column.
    pub(crate) fn relation(
        &self,
        from: &Table,
        target: &str,
        hint: Option<&str>,
    ) -> Result<Relation, DataError> {
        let mut found: Vec<Relation> = Vec::new();
        let named = |key: &ForeignKey, name: &str| {
            key.name == name || (key.columns.len() == 1 && key.columns[0] == name)
        };
        for key in &from.foreign_keys {
            let by_target = named(key, target) || key.table == target;
            if by_target && hint.is_none_or(|hint| named(key, hint) || key.table == hint) {
                found.push(Relation {
                    table: key.table.clone(),
                    on: pairs(&key.columns, &key.references),
                    to_one: true,
                });
            }
        }
        // A self relation by table name alone would be both ways at once; the column decides.
        for other in self.tables() {
            for key in other
                .foreign_keys
                .iter()
                .filter(|key| key.table == from.name)
            {
                let by_target =
                    other.name == target || (key.name == target && other.name != from.name);
                if by_target && hint.is_none_or(|hint| named(key, hint)) {
                    found.push(Relation {
                        table: other.name.clone(),
                        on: pairs(&key.references, &key.columns),
                        to_one: other.is_unique(&key.columns),
                    });
                }
            }
        }
        match found.len() {
            1 => Ok(found.remove(0)),
            0 => Err(DataError::invalid_request(format!(
                "no foreign key relates table '{}' to '{target}'{}; {}",
                from.name,
                hint.map(|hint| format!(" by '{hint}'")).unwrap_or_default(),
                self.relations_of(from)
            ))),
            _ => Err(DataError::invalid_request(format!(
                "more than one foreign key relates table '{}' to '{target}'; \
                 name the column or use {target}!constraint(…)",
                from.name
            ))),
        }
    }

    /// What of a table can be embedded, in words.
    fn relations_of(&self, from: &Table) -> String {
        let columns = from.foreign_keys.iter().map(|key| key.columns.join(","));
        let references =
            |table: &&Table| table.foreign_keys.iter().any(|key| key.table == from.name);
        let tables = self
            .tables()
            .filter(references)
            .map(|table| table.name.clone());
        let names: Vec<String> = columns.chain(tables).collect();
        match names.is_empty() {
            true => "no foreign key leads from or to it".to_owned(),
            false => format!("it is related by {}", names.join(", ")),
        }
    }
}

fn pairs(here: &[String], there: &[String]) -> Vec<(String, String)> {
    here.iter().cloned().zip(there.iter().cloned()).collect()
}

impl Table {
    /// The table as statements name it.
    pub(crate) fn source(&self) -> TableRef {
        source(self.database.as_deref(), &self.name)
    }

    /// The column, or MySQL's error. MySQL's column names ignore case.
    pub(crate) fn column(&self, name: &str, place: &str) -> Result<&Column, DataError> {
        self.find(name).ok_or_else(|| {
            DataError::invalid_request(format!(
                "Unknown column '{}' in '{place}'",
                name.chars().take(64).collect::<String>()
            ))
        })
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Column> {
        self.columns
            .iter()
            .find(|column| column.name == name)
            .or_else(|| {
                self.columns
                    .iter()
                    .find(|column| column.name.eq_ignore_ascii_case(name))
            })
    }

    /// Whether these columns hold at most one row for each value.
    pub(crate) fn is_unique(&self, columns: &[String]) -> bool {
        let covers = |key: &[String]| !key.is_empty() && key.iter().all(|c| columns.contains(c));
        covers(&self.primary_key) || self.unique.iter().any(|index| covers(&index.columns))
    }
}
