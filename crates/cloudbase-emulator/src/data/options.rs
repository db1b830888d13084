//! What a test or a command line says about the data side.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::engine::Statement;
use super::permission::{Permissions, TablePermission};
use super::script::decode;
use super::template::TemplatePermission;
use super::value::{Cell, Given, write_json, write_string};
use crate::error::StartError;
use crate::{Emulator, EmulatorBuilder};

/// What the builder's methods of this area collected.
#[derive(Debug, Default)]
pub(crate) struct DataOptions {
    pub(super) schemas: Vec<Schema>,
    pub(super) mysql: Option<Url>,
    pub(super) models_dir: Option<PathBuf>,
    pub(super) models: Vec<String>,
    pub(super) templates: Vec<(String, String)>,
    pub(super) template_permissions: Vec<(String, TemplatePermission)>,
    pub(super) permissions: Permissions,
    pub(super) statement_timeout: Option<Duration>,
}

/// Where SQL comes from.
#[derive(Debug)]
pub(super) enum Schema {
    Text(String),
    File(PathBuf),
}

/// A URL with a password in it.
#[derive(Default)]
pub(super) struct Url(String);

impl std::ops::Deref for Url {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Url(…)")
    }
}

impl DataOptions {
    /// All schemas, files read, each with the name that errors call it by.
    pub(super) fn scripts(&self) -> Result<Vec<(String, String)>, StartError> {
        self.schemas
            .iter()
            .map(|schema| match schema {
                Schema::Text(text) => Ok(("schema_sql".to_owned(), text.clone())),
                Schema::File(path) => {
                    let name = path.display().to_string();
                    let file = std::fs::read(path).map_err(|error| {
                        StartError::caused_by(format!("cannot read {name}"), error)
                    })?;
                    let text = decode(file)
                        .map_err(|problem| StartError::new(format!("{name}: {problem}")))?;
                    Ok((name, text))
                }
            })
            .collect()
    }
}

impl DataOptions {
    /// The texts of all models, each with the name that it has if it names itself nothing. The
    /// folder's SQL files are added to the templates.
    pub(super) fn model_texts(&mut self) -> Result<Vec<(String, String)>, StartError> {
        let mut texts = Vec::new();
        if let Some(dir) = &self.models_dir {
            for path in files(dir)? {
                let extension = path.extension().and_then(|extension| extension.to_str());
                if !matches!(extension, Some("json" | "sql")) {
                    continue;
                }
                let text = std::fs::read_to_string(&path).map_err(|error| {
                    StartError::caused_by(format!("cannot read {}", path.display()), error)
                })?;
                let stem = path
                    .file_stem()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned();
                if extension == Some("sql") {
                    self.templates.push((stem, text));
                } else {
                    texts.push((stem, text));
                }
            }
        }
        for (place, text) in self.models.iter().enumerate() {
            texts.push((format!("number {}", place + 1), text.clone()));
        }
        Ok(texts)
    }
}

/// The files of a folder, by name.
fn files(dir: &Path) -> Result<Vec<PathBuf>, StartError> {
    let failed = |error| StartError::caused_by(format!("cannot read {}", dir.display()), error);
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(failed)? {
        paths.push(entry.map_err(failed)?.path());
    }
    paths.sort();
    Ok(paths)
}

impl EmulatorBuilder {
    /// Runs SQL statements (`CREATE TABLE`, `INSERT`, …) in MySQL's dialect at the start and after
    /// each reset. Tables kept from an earlier run in a data directory are left as they are, with their rows:
    /// also `DROP TABLE` and renames leave them. A reset removes them.
    pub fn schema_sql(mut self, sql: impl Into<String>) -> Self {
        self.data.schemas.push(Schema::Text(sql.into()));
        self
    }

    /// Like [`schema_sql`](Self::schema_sql), from a file.
    pub fn schema_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.data.schemas.push(Schema::File(path.into()));
        self
    }

    /// Uses a real MySQL or MariaDB (`mysql://user:password@host/database`) instead of the embedded SQLite.
    ///
    /// A reset drops the tables that the emulator made for its environment, by a schema, a model or raw SQL, in earlier runs too: their
    /// comments end with a mark. Those of other programs stay, whenever and under whatever name they were made. It waits for a table that a transaction holds as long as for a statement.
    pub fn mysql(mut self, url: impl Into<String>) -> Self {
        self.data.mysql = Some(Url(url.into()));
        self
    }

    /// Limits how long a statement of a MySQL REST or data-model call may take, waiting for locks
    /// included; the response to one that takes longer is a 504. Default: 5 seconds.
    ///
    /// Raw SQL brings its own limit.
    pub fn statement_timeout(mut self, timeout: Duration) -> Self {
        self.data.statement_timeout = Some(timeout);
        self
    }

    /// Says who may read and write a table through MySQL REST.
    ///
    /// Without it, a table with an `_openid` column belongs to the owners of its rows
    /// ([`TablePermission::OwnerOnly`]) and any other is [`TablePermission::Open`]. A table that is not there once the schema was
    /// run is an error at the start.
    pub fn table_permission(
        mut self,
        table: impl Into<String>,
        permission: TablePermission,
    ) -> Self {
        self.data.permissions.set(table.into(), permission);
        self
    }

    /// Loads data models from the JSON schema files of a folder, and SQL templates from its `.sql` files.
    ///
    /// A file that does not name its model gives it the file's own name.
    pub fn models_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.data.models_dir = Some(path.into());
        self
    }

    /// Adds a data model from JSON: `{"name", "title"?, "permission"?, "schema"}`, where `schema` is
    /// the model's JSON schema; a record as the data-source queries return it will do as well.
    ///
    /// A relation is a property with `format` `many-one`, `one-one`, `one-many` or `many-many` and
    /// `"x-parent": {"parentDataSourceName": "…"}`. `permission` is `PRIVATE` (the default), `READONLY`,
    /// `ADMINWRITE`, `ADMINONLY` or `OPEN`.
    pub fn model(mut self, schema: impl fmt::Display) -> Self {
        self.data.models.push(schema.to_string());
        self
    }

    /// Stores a SQL template, which data-model clients run by its name: one `SELECT`, `INSERT INTO`, `REPLACE INTO`, `UPDATE` or
    /// `DELETE`. Any other statement is an error at the start.
    pub fn sql_template(mut self, name: impl Into<String>, sql: impl Into<String>) -> Self {
        self.data.templates.push((name.into(), sql.into()));
        self
    }

    /// Says who may run a SQL template. Default: [`TemplatePermission::SignedIn`]. A name that no template has is an error at the
    /// start.
    pub fn template_permission(
        mut self,
        name: impl Into<String>,
        permission: TemplatePermission,
    ) -> Self {
        self.data
            .template_permissions
            .push((name.into(), permission));
        self
    }
}

/// A database's rejection of a statement that a test ran.
#[derive(Debug, Clone)]
pub struct SqlError(String);

impl fmt::Display for SqlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for SqlError {}

impl Emulator {
    /// Runs one SQL statement with bound values (`?`) on the database itself, past all permissions,
    /// and returns its rows as JSON objects. For tests: what the database holds, whatever the
    /// interfaces say.
    ///
    /// # Errors
    ///
    /// If the database rejects the statement.
    pub async fn sql(
        &self,
        sql: &str,
        values: &[serde_json::Value],
    ) -> Result<Vec<serde_json::Map<String, serde_json::Value>>, SqlError> {
        let values = values.iter().map(bind).collect();
        let statement = Statement {
            sql: sql.to_owned(),
            values,
        };
        let _steady = self.state().content.read().await;
        let failed = |error: super::error::DataError| SqlError(error.message);
        let mut session = self
            .state()
            .data
            .engine
            .raw_session()
            .await
            .map_err(failed)?;
        let rows = session.query(statement).await;
        session.close().await;
        let rows = rows.map_err(failed)?;
        let mut objects = Vec::with_capacity(rows.rows.len());
        for row in &rows.rows {
            let mut out = vec![b'{'];
            for (number, (column, cell)) in rows.columns.iter().zip(row).enumerate() {
                if number > 0 {
                    out.push(b',');
                }
                write_string(&mut out, &column.name);
                out.push(b':');
                write_json(&mut out, column.kind.as_ref(), cell);
            }
            out.push(b'}');
            objects
                .push(serde_json::from_slice(&out).map_err(|error| SqlError(error.to_string()))?);
        }
        Ok(objects)
    }
}

fn bind(value: &serde_json::Value) -> Cell {
    match Given::from_value(value) {
        Given::Null => Cell::Null,
        Given::Bool(value) => Cell::Int(value.into()),
        Given::Number(text) => match (text.parse(), text.parse(), text.parse()) {
            (Ok(value), _, _) => Cell::Int(value),
            (_, Ok(value), _) => Cell::UInt(value),
            (_, _, Ok(value)) => Cell::Real(value),
            _ => Cell::Text(text),
        },
        Given::String(text) | Given::Composite(text) => Cell::Text(text),
        Given::Bytes(bytes) => Cell::Bytes(bytes),
    }
}
