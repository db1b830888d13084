//! The data side of the emulator over HTTP: one suite for the embedded SQLite and, where
//! `CLOUDBASE_TEST_MYSQL_URL` is set, for a real MySQL or MariaDB.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

#[path = "data_suite/conformance.rs"]
mod conformance;
#[path = "data_suite/embedded.rs"]
mod embedded;
#[path = "data_suite/injection.rs"]
mod injection;
#[path = "data_suite/meaning.rs"]
mod meaning;
#[path = "data_suite/model_commands.rs"]
mod model_commands;
#[path = "data_suite/model_permissions.rs"]
mod model_permissions;
#[path = "data_suite/model_queries.rs"]
mod model_queries;
#[path = "data_suite/models.rs"]
mod models;
#[path = "data_suite/numbering.rs"]
mod numbering;
#[path = "data_suite/ownership.rs"]
mod ownership;
#[path = "data_suite/permissions.rs"]
mod permissions;
#[path = "data_suite/reading.rs"]
mod reading;
#[path = "data_suite/replacing.rs"]
mod replacing;
#[path = "data_suite/resets.rs"]
mod resets;
#[path = "data_suite/scripts.rs"]
mod scripts;
#[path = "data_suite/seeds.rs"]
mod seeds;
#[path = "data_suite/sessions.rs"]
mod sessions;
#[path = "data_suite/sources.rs"]
mod sources;
#[path = "data_suite/support.rs"]
mod support;
#[path = "data_suite/types.rs"]
mod types;
#[path = "data_suite/writing.rs"]
mod writing;
