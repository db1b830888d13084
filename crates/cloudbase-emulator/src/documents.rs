//! The document database.

mod engine;
