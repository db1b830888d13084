//! How deeply values may be nested.

use bson::Bson;

use super::rejection::{Result, reject};

/// As in the database: what is nested more deeply cannot be stored.
pub(super) const MAX_DEPTH: usize = 180;

/// Rejects a value that is nested too deeply.
pub(super) fn check_depth(value: &Bson) -> Result<()> {
    if exceeds(value, MAX_DEPTH) {
        reject!("the result is nested more than {MAX_DEPTH} levels deep");
    }
    Ok(())
}

fn exceeds(value: &Bson, left: usize) -> bool {
    let below = |inner: &Bson| left == 0 || exceeds(inner, left - 1);
    match value {
        Bson::Document(document) => document.values().any(below),
        Bson::Array(elements) => elements.iter().any(below),
        _ => false,
    }
}
