//! MySQL over REST and the data models.

use std::path::PathBuf;

use axum::Router;
use bytes::Bytes;

use crate::error::StartError;
use crate::state::{AppState, Base};

/// What the builder's methods of this area collected.
#[derive(Debug, Default)]
pub(crate) struct DataOptions {
    schema_sql: Vec<String>,
    schema_files: Vec<PathBuf>,
    mysql: Option<String>,
    models_dir: Option<PathBuf>,
}

/// The area's state.
pub(crate) struct DataState {}

/// The area's routes, with their full paths.
pub(crate) fn routes() -> Router<AppState> {
    Router::new()
}

impl DataState {
    /// Called once, before the first request.
    pub(crate) async fn start(_options: DataOptions, _base: &Base) -> Result<Self, StartError> {
        Ok(Self {})
    }

    /// Back to the state right after the start: configuration stays, content goes.
    pub(crate) async fn reset(&self) -> Result<(), StartError> {
        Ok(())
    }

    /// The whole content, for [`restore`](Self::restore).
    pub(crate) async fn snapshot(&self) -> Result<Bytes, StartError> {
        Ok(Bytes::new())
    }

    /// Puts the content of a snapshot in place of the present one.
    pub(crate) async fn restore(&self, _snapshot: Bytes) -> Result<(), StartError> {
        Ok(())
    }

    /// Called at shutdown, after the last request: writes what is not on disk yet.
    pub(crate) async fn close(&self) {}
}

impl crate::EmulatorBuilder {
    /// Runs SQL statements (`CREATE TABLE`, `INSERT`, …) at the start and after each reset.
    pub fn schema_sql(mut self, sql: impl Into<String>) -> Self {
        self.data.schema_sql.push(sql.into());
        self
    }

    /// Like [`schema_sql`](Self::schema_sql), from a file.
    pub fn schema_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.data.schema_files.push(path.into());
        self
    }

    /// Uses a real MySQL or MariaDB (`mysql://user:password@host/database`) instead of the embedded SQLite.
    pub fn mysql(mut self, url: impl Into<String>) -> Self {
        self.data.mysql = Some(url.into());
        self
    }

    /// Loads data models from the JSON schema files of a folder.
    pub fn models_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.data.models_dir = Some(path.into());
        self
    }
}
