//! The golden vectors, tables for the rules that they leave out, and properties.

mod equality;
mod expressions;
mod filters;
mod geography;
mod paths;
mod properties;
mod stages;
mod updates;
mod vectors;

use bson::{Bson, DateTime, Document};

/// 2026-03-05T07:08:09.123Z.
const NOW: DateTime = DateTime::from_millis(1_772_694_489_123);

/// A value from extended JSON, relaxed or canonical.
fn value(json: serde_json::Value) -> Bson {
    Bson::try_from(json).expect("extended JSON")
}

fn document(json: serde_json::Value) -> Document {
    match value(json) {
        Bson::Document(document) => document,
        other => panic!("{other} is not a document"),
    }
}
