//! What an update does to a document: operators, or another document in its place.

use bson::{Bson, DateTime, Document};

use crate::documents::ejson::regexes;
use crate::documents::engine::{self, Filter, Replacement};
use crate::documents::error::{DocumentError, Result};
use crate::documents::permission::OWNER;

/// A parsed change.
#[derive(Debug)]
pub(in super::super) enum Change {
    Update(engine::Update),
    Replacement(Replacement),
}

/// Operators whose operands are stored, so that `{"$regex"}` in them is a value. In `$pull` it is a condition.
const STORING: [&str; 6] = ["$addToSet", "$max", "$min", "$push", "$set", "$setOnInsert"];

impl Change {
    /// Operators or plain fields to be set, or a whole document if it replaces.
    pub(in super::super) fn parse(data: Document, replaces: bool, now_ms: i64) -> Result<Self> {
        let stored = |(name, value): (String, Bson)| {
            let value = if STORING.contains(&name.as_str()) || !name.starts_with('$') {
                regexes(value)
            } else {
                value
            };
            (name, value)
        };
        let data: Document = data.into_iter().map(stored).collect();
        Ok(if replaces {
            Self::Replacement(Replacement::parse(&data)?)
        } else {
            Self::Update(engine::Update::parse(&data, DateTime::from_millis(now_ms))?)
        })
    }

    /// The changed document; none if it is the same. Its owner stays.
    pub(super) fn apply(&self, document: &Document) -> Result<Option<Document>> {
        let mut changed = document.clone();
        let owner = document.get(OWNER);
        let is_changed = match self {
            Self::Update(update) => update.apply(&mut changed)?,
            Self::Replacement(replacement) => {
                replacement.apply(&mut changed)?;
                if let (Some(owner), None) = (owner, changed.get(OWNER)) {
                    changed.insert(OWNER, owner.clone());
                }
                !engine::identical(document, &changed)
            }
        };
        if changed.get(OWNER) != owner {
            return Err(DocumentError::invalid(format!("{OWNER} cannot be changed")));
        }
        Ok(is_changed.then_some(changed))
    }

    /// What is inserted where nothing is found.
    pub(super) fn upserted(&self, filter: &Filter) -> Result<Document> {
        Ok(match self {
            Self::Update(update) => update.upserted(filter)?,
            Self::Replacement(replacement) => replacement.upserted(filter)?,
        })
    }
}
