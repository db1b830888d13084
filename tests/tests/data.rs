//! The data crate against the emulator: tables, models, data sources.

#![allow(clippy::unwrap_used, reason = "a failure is a failed test")]

#[path = "data/choosing.rs"]
mod choosing;
#[path = "data/derive.rs"]
mod derive;
#[path = "data/differences.rs"]
mod differences;
#[path = "data/filter_fixtures.rs"]
mod filter_fixtures;
#[path = "data/fixtures.rs"]
mod fixtures;
#[path = "data/injection.rs"]
mod injection;
#[path = "data/models.rs"]
mod models;
#[path = "data/mysql.rs"]
mod mysql;
#[path = "data/mysql_selects.rs"]
mod mysql_selects;
#[path = "data/official.rs"]
mod official;
#[path = "data/pages.rs"]
mod pages;
#[path = "data/rejections.rs"]
mod rejections;
#[path = "data/repeating.rs"]
mod repeating;
#[path = "data/rows_and_names.rs"]
mod rows_and_names;
#[path = "data/support.rs"]
mod support;
