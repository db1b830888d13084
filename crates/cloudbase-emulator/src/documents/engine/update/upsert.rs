//! The document that an upsert begins with.

use bson::{Bson, Document, oid::ObjectId};

use super::{
    super::{
        compare::equal,
        filter::Filter,
        projection::id_first,
        rejection::{Result, reject},
    },
    paths::{Change, Padding, Walk},
};

/// The fields that the filter demands to be equal to a value, dotted names as objects.
pub(super) fn start(filter: &Filter) -> Result<Document> {
    let equalities = filter.equalities();
    let mut document = Document::new();
    let mut padding = Padding::default();
    for (index, (path, value)) in equalities.iter().enumerate() {
        for (earlier, other) in equalities.iter().take(index) {
            let same = path == earlier && equal(value, other);
            if !same && (path.starts_with(earlier) || earlier.starts_with(path)) {
                reject!(
                    "the filter demands two values of `{}`, so that no document can be inserted",
                    path.join(".")
                );
            }
        }
        let mut walk = Walk {
            lenient: false,
            padding: &mut padding,
            decide: &mut |_| Ok(Change::Set((*value).clone())),
        };
        walk.change(&mut document, path)?;
    }
    Ok(id_first(document))
}

/// The `_id` that the filter demands.
pub(super) fn id_of(filter: &Filter) -> Result<Option<Bson>> {
    start(filter).map(|mut document| document.remove("_id"))
}

/// The document with an `_id`, which is first.
pub(super) fn with_id(mut document: Document) -> Document {
    if !document.contains_key("_id") {
        document.insert("_id", ObjectId::new());
    }
    id_first(document)
}
