//! MySQL over REST, data models and data sources, on the embedded SQLite or a real MySQL.

mod catalog;
mod collation;
mod ddl;
mod decimal;
mod defaults;
mod engine;
mod error;
mod expression;
mod fetch;
mod grammar;
mod model;
mod options;
mod permission;
mod plan;
mod raw_sql;
mod rest;
mod script;
mod sql;
mod template;
mod temporal;
mod uuid;
mod value;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use bytes::Bytes;

use crate::error::StartError;
use crate::files;
use crate::state::{AppState, Base};

use self::engine::{Engine, MySqlEngine, SqliteEngine};
use self::model::Models;
use self::permission::Permissions;
use self::template::Template;

pub(crate) use self::options::DataOptions;
pub use self::options::SqlError;
pub use self::permission::TablePermission;
pub use self::template::TemplatePermission;

/// How long a statement of ours may take.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(5);

/// Parses a query string, for fuzzing: any input is accepted or rejected, none panics.
#[doc(hidden)]
pub fn fuzz_parse(query: &str) {
    let _ = grammar::parse_query(query);
}

/// The area's state.
pub(crate) struct DataState {
    engine: Arc<dyn Engine>,
    permissions: Arc<Permissions>,
    /// SQL by the name of its file.
    scripts: Vec<(String, String)>,
    models: Models,
    /// SQL templates by name.
    templates: BTreeMap<String, Template>,
}

/// The area's routes, with their full paths.
pub(crate) fn routes() -> Router<AppState> {
    rest::routes().merge(model::routes())
}

impl DataState {
    /// Called once, before the first request.
    pub(crate) async fn start(mut options: DataOptions, base: &Base) -> Result<Self, StartError> {
        let failed = |error| StartError::caused_by("the database cannot be opened", error);
        let limit = options.statement_timeout.unwrap_or(STATEMENT_TIMEOUT);
        let engine: Arc<dyn Engine> = match &options.mysql {
            Some(url) => Arc::new(
                MySqlEngine::open(url, base.keys.env_id(), limit)
                    .await
                    .map_err(failed)?,
            ),
            None => {
                let dir = base.part_dir("data");
                let path = dir.map(|dir| dir.join("mysql.sqlite3"));
                if let Some(path) = &path {
                    files::touch(path).map_err(|error| {
                        StartError::caused_by(format!("cannot use {}", path.display()), error)
                    })?;
                }
                let clock = base.clock.clone();
                let engine =
                    SqliteEngine::open(path.as_deref(), base.keys.env_id(), clock, limit).await;
                Arc::new(engine.map_err(failed)?)
            }
        };
        let scripts = options.scripts()?;
        let models = Models::parse(&options.model_texts()?).map_err(StartError::new)?;
        let mut permissions = options.permissions;
        let named: Vec<String> = permissions.tables().map(str::to_owned).collect();
        for model in models.iter() {
            if let Some(permission) = model.permission {
                permissions.set_default(model.table_name(false), permission);
            }
            // Trial data is under the permission of the published.
            permissions.copy(&model.table_name(false), model.table_name(true));
        }
        let templates = template::check(options.templates, options.template_permissions)?;
        let permissions = Arc::new(permissions);
        let state = Self {
            engine,
            permissions,
            scripts,
            models,
            templates,
        };
        state.fill().await?;
        let catalog = state.engine.catalog();
        if let Some(table) = named.iter().find(|table| catalog.get(table).is_none()) {
            return Err(StartError::new(format!(
                "table_permission: there is no table `{table}`; add it to the schema or correct the name"
            )));
        }
        Ok(state)
    }

    /// Runs what the builder was given.
    async fn fill(&self) -> Result<(), StartError> {
        // What one script makes is not kept from an earlier run to the next.
        let catalog = self.engine.catalog();
        let kept: BTreeSet<_> = catalog.tables().map(|table| table.name.clone()).collect();
        let kept = Arc::new(kept);
        for (name, script) in &self.scripts {
            let run = self.engine.run_script(script.clone(), kept.clone()).await;
            run.map_err(|error| {
                // One line for each statement that cannot be used.
                let reports = error.message.replace('\n', "\n  ");
                StartError::new(format!("{name}: the schema cannot be used:\n  {reports}"))
            })?;
        }
        for table in self.models.tables() {
            let name = table.name.clone();
            let made = self.engine.ensure_table(table).await;
            made.map_err(|error| {
                StartError::caused_by(
                    format!("table {name} of a data model cannot be made"),
                    error,
                )
            })?;
        }
        Ok(())
    }

    /// Back to the state right after the start: configuration stays, content goes.
    pub(crate) async fn reset(&self) -> Result<(), StartError> {
        let clear = self.engine.clear().await;
        clear.map_err(|error| StartError::caused_by("the database cannot be cleared", error))?;
        self.fill().await
    }

    /// The whole content, for [`restore`](Self::restore).
    pub(crate) async fn snapshot(&self) -> Result<Bytes, StartError> {
        let taken = self.engine.snapshot().await;
        taken.map_err(|error| StartError::caused_by("the database cannot be copied", error))
    }

    /// Puts the content of a snapshot in place of the present one.
    pub(crate) async fn restore(&self, snapshot: Bytes) -> Result<(), StartError> {
        let restored = self.engine.restore(snapshot).await;
        restored.map_err(|error| StartError::caused_by("the database cannot be restored", error))
    }

    /// Called at shutdown, after the last request: writes what is not on disk yet.
    pub(crate) async fn close(&self) {
        self.engine.close().await;
    }
}
