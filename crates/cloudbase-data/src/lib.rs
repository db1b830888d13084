//! MySQL tables, documents, data models and data sources of a CloudBase environment.
//!
//! Three doors, each behind a feature of its name: [`MySql`] for tables over REST, [`Documents`] for the
//! document database, and [`Models`] for data models and the metadata of data sources. Rows and records
//! are your own types (`serde`), or [`Row`] where you have no type; [`Decimal`], [`DateTime`] and
//! [`lossless`] keep what JSON numbers
//! would lose. Of a row, a `bool` takes MySQL's `1` and `0`, and numbers may come as strings.

#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(any(feature = "mysql", feature = "models"))]
mod column_ref;
#[cfg(feature = "documents")]
pub mod documents;
#[cfg(any(feature = "mysql", feature = "models", feature = "documents"))]
mod invalid;
mod lenient;
pub mod lossless;
#[cfg(feature = "models")]
pub mod models;
#[cfg(feature = "mysql")]
pub mod mysql;
mod nested;
#[cfg(any(feature = "mysql", feature = "models"))]
mod order;
#[cfg(any(feature = "mysql", feature = "models"))]
mod reach;
#[cfg(any(feature = "mysql", feature = "models", feature = "documents"))]
mod records;
mod row;
#[cfg(any(feature = "mysql", feature = "models"))]
#[cfg(any(feature = "mysql", feature = "models"))]
pub use crate::column_ref::ColumnRef;
#[cfg(feature = "documents")]
pub use crate::documents::Documents;
pub use crate::lossless::{DateTime, Decimal};
#[cfg(feature = "models")]
pub use crate::models::Models;
#[cfg(feature = "mysql")]
pub use crate::mysql::MySql;
pub use crate::row::Row;
#[cfg(all(feature = "derive", feature = "documents"))]
pub use cloudbase_derive::Fields;
#[cfg(all(feature = "derive", feature = "mysql"))]
pub use cloudbase_derive::Table;
/// What the umbrella crate exports as `Fields`.
#[cfg(all(feature = "derive", feature = "documents"))]
#[doc(hidden)]
pub use cloudbase_derive::UmbrellaFields;
/// What the umbrella crate exports as `Table`.
#[cfg(all(feature = "derive", feature = "mysql"))]
#[doc(hidden)]
pub use cloudbase_derive::UmbrellaTable;

/// The code of the README, compiled.
#[cfg(all(doctest, feature = "mysql"))]
#[doc = include_str!("../README.md")]
struct Readme;

/// The code of the README of the derive macros, compiled.
#[cfg(all(doctest, feature = "derive", feature = "mysql"))]
#[doc = include_str!("../../cloudbase-derive/README.md")]
struct DeriveReadme;
