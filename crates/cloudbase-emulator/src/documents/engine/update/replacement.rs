//! A document that takes the place of another one.

use bson::Document;

use super::{
    super::{
        compare::identical,
        filter::Filter,
        projection::id_first,
        rejection::{Result, reject},
    },
    keep_id, upsert,
};

/// A document that takes the place of another one, which keeps its `_id`.
#[derive(Debug, Clone)]
pub(crate) struct Replacement {
    data: Document,
}

impl Replacement {
    /// Parses plain data; operators are invalid.
    pub(crate) fn parse(data: &Document) -> Result<Self> {
        if let Some(operator) = data.keys().find(|name| name.starts_with('$')) {
            reject!("{operator} is not allowed: the data replaces the whole document");
        }
        Ok(Self { data: data.clone() })
    }

    /// Replaces the document and returns whether it is another now.
    pub(crate) fn apply(&self, document: &mut Document) -> Result<bool> {
        let mut replaced = self.data.clone();
        if let (false, Some(id)) = (replaced.contains_key("_id"), document.get("_id")) {
            replaced.insert("_id", id.clone());
        }
        let replaced = id_first(replaced);
        keep_id(document, &replaced)?;
        let changed = !identical(document, &replaced);
        *document = replaced;
        Ok(changed)
    }

    /// The document that an upsert inserts if nothing is found. It has an `_id`: that of the filter or of the data, else a
    /// new one.
    pub(crate) fn upserted(&self, filter: &Filter) -> Result<Document> {
        let mut document = self.data.clone();
        if let Some(id) = upsert::id_of(filter)? {
            let mut with_id = Document::new();
            with_id.insert("_id", id.clone());
            if document.contains_key("_id") {
                keep_id(&with_id, &document)?;
            }
            document.insert("_id", id);
        }
        Ok(upsert::with_id(document))
    }
}
