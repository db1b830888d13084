//! The document database: collections of BSON documents, queried and changed as MongoDB does it.

mod command;
mod database;
mod ejson;
mod engine;
mod error;
mod fuzz;
mod operation;
mod options;
mod permission;
mod rest;
mod store;

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use bytes::Bytes;

use self::database::Database;
use self::error::{DocumentError, Result};
use self::options::Seed;
use self::permission::Permissions;
use self::store::{Place, Store};
use crate::error::StartError;
use crate::files;
use crate::state::{AppState, Base};

#[doc(hidden)]
pub use self::fuzz::fuzz_documents;
pub(crate) use self::options::DocumentOptions;
pub use self::permission::CollectionPermission;

/// How long a transaction may be open, as MongoDB has it.
const TRANSACTION_LIFETIME_MS: i64 = 60_000;

/// The instance and the database that clients mean if they name none.
const DEFAULT_SCOPE: &str = "(default)/(default)";

/// The area's state.
pub(crate) struct DocumentsState {
    database: Arc<Mutex<Database>>,
    permissions: Permissions,
    seeds: Vec<Seed>,
    /// Collections that have a permission and perhaps nothing else.
    named: Vec<String>,
    clock: crate::clock::Clock,
}

/// The area's routes, with their full paths.
pub(crate) fn routes() -> Router<AppState> {
    rest::routes()
}

impl DocumentsState {
    /// Called once, before the first request.
    pub(crate) async fn start(options: DocumentOptions, base: &Base) -> Result<Self, StartError> {
        let path = base
            .part_dir("data")
            .map(|dir| dir.join("documents.sqlite3"));
        if let Some(path) = &path {
            files::touch(path).map_err(|error| {
                StartError::caused_by(format!("cannot use {}", path.display()), error)
            })?;
        }
        let store = Store::open(path.as_deref()).map_err(failed("opened"))?;
        let lifetime_ms = match options.transaction_lifetime {
            Some(lifetime) => i64::try_from(lifetime.as_millis()).unwrap_or(i64::MAX),
            None => TRANSACTION_LIFETIME_MS,
        };
        let seeds = options.seeds()?;
        let mut permissions = Permissions::default();
        let named = options.permissions.iter().map(|(name, _)| name.clone());
        let named = named.collect();
        let declared = seeds
            .iter()
            .map(|seed| seed.collections(base.clock.now_ms()));
        let declared = declared
            .collect::<Result<Vec<_>, _>>()?
            .into_iter()
            .flatten();
        let of_files = declared.filter_map(|declared| Some((declared.name, declared.permission?)));
        for (name, permission) in of_files.chain(options.permissions) {
            let set = permissions.set(name.clone(), permission);
            set.map_err(|rule| StartError::new(format!("collection `{name}`: {rule}")))?;
        }
        let state = Self {
            database: Arc::new(Mutex::new(Database::new(store, lifetime_ms))),
            permissions,
            seeds,
            named,
            clock: base.clock.clone(),
        };
        state.fill().await?;
        Ok(state)
    }

    /// Makes what the builder was given and is not there yet.
    async fn fill(&self) -> Result<(), StartError> {
        let now_ms = self.clock.now_ms();
        let mut collections = Vec::new();
        for seed in &self.seeds {
            collections.extend(seed.collections(now_ms)?);
        }
        let named = self.named.clone();
        let filled = self.run(move |database| {
            for name in named {
                let place = default_place(name);
                if !database.store.contains(&place) {
                    database.store.create(&place)?;
                }
            }
            let kept: Vec<_> = collections
                .iter()
                .map(|declared| {
                    database
                        .store
                        .contains(&default_place(declared.name.clone()))
                })
                .collect();
            for (declared, is_kept) in collections.into_iter().zip(kept) {
                operation::declare(database, declared, is_kept, now_ms)?;
            }
            Ok(())
        });
        filled.await.map_err(failed("filled"))
    }

    /// Runs a function on the database, on a thread that may wait.
    async fn run<T: Send + 'static>(
        &self,
        run: impl FnOnce(&mut Database) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let database = self.database.clone();
        let done = tokio::task::spawn_blocking(move || {
            run(&mut database.lock().unwrap_or_else(PoisonError::into_inner))
        });
        done.await
            .unwrap_or_else(|error| Err(DocumentError::failed(error.to_string())))
    }

    /// Back to the state right after the start: configuration stays, content goes.
    pub(crate) async fn reset(&self) -> Result<(), StartError> {
        let cleared = self.run(|database| {
            database.transactions.clear();
            database.store.clear()
        });
        cleared.await.map_err(failed("cleared"))?;
        self.fill().await
    }

    /// The whole content, for [`restore`](Self::restore).
    pub(crate) async fn snapshot(&self) -> Result<Bytes, StartError> {
        let taken = self.run(|database| database.store.snapshot());
        taken.await.map_err(failed("copied"))
    }

    /// Puts the content of a snapshot in place of the present one.
    pub(crate) async fn restore(&self, snapshot: Bytes) -> Result<(), StartError> {
        let restored = self.run(|database| {
            database.transactions.clear();
            database.store.restore(snapshot)
        });
        restored.await.map_err(failed("restored"))
    }

    /// Called at shutdown, after the last request: writes what is not in the database's own file yet.
    pub(crate) async fn close(&self) {
        if let Err(error) = self.run(|database| database.store.close()).await {
            tracing::warn!(
                error = error.message,
                "the document database could not be checkpointed"
            );
        }
    }
}

fn default_place(name: String) -> Place {
    Place {
        scope: DEFAULT_SCOPE.to_owned(),
        name,
    }
}

fn failed(what: &'static str) -> impl Fn(DocumentError) -> StartError {
    move |error| {
        StartError::caused_by(
            format!("the document database cannot be {what}"),
            error.message,
        )
    }
}
