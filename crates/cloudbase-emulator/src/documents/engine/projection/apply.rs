//! Shows fields, or leaves them out.

use bson::{Bson, Document};

use super::{
    super::rejection::Result,
    Mode,
    tree::{Entry, Leaf, Tree},
};

pub(super) fn document(document: Document, tree: &Tree, mode: Mode) -> Result<Document> {
    let mut shown = Document::new();
    for (name, value) in document {
        let value = match (tree.get(&name), mode) {
            (None, Mode::Inclusion) => None,
            (None, Mode::Exclusion) => Some(value),
            (Some(Entry::Below(below)), mode) => inner(value, below, mode)?,
            (Some(Entry::Leaf(shown)), _) => leaf(value, shown)?,
        };
        if let Some(value) = value {
            shown.insert(name, value);
        }
    }
    Ok(shown)
}

fn leaf(value: Bson, leaf: &Leaf) -> Result<Option<Bson>> {
    Ok(match (leaf, value) {
        (Leaf::Include, value) => Some(value),
        // What is computed is added afterwards.
        (Leaf::Exclude | Leaf::Computed(_), _) => None,
        (Leaf::Slice(slice), Bson::Array(elements)) => Some(Bson::Array(slice.apply(elements))),
        (Leaf::Slice(_), value) => Some(value),
        (Leaf::FirstMatch(filter), Bson::Array(elements)) => {
            let mut found = None;
            for element in elements {
                if filter.matches(&element)? {
                    found = Some(Bson::Array(vec![element]));
                    break;
                }
            }
            found
        }
        (Leaf::FirstMatch(_), _) => None,
    })
}

/// A value of which only fields below are named: an object, or an array whose elements are walked alike.
fn inner(value: Bson, tree: &Tree, mode: Mode) -> Result<Option<Bson>> {
    Ok(match value {
        Bson::Document(value) => Some(Bson::Document(document(value, tree, mode)?)),
        Bson::Array(elements) => {
            let mut shown = Vec::with_capacity(elements.len());
            for element in elements {
                shown.extend(inner(element, tree, mode)?);
            }
            Some(Bson::Array(shown))
        }
        scalar if mode == Mode::Exclusion => Some(scalar),
        _ => None,
    })
}
