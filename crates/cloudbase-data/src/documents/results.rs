//! What writes report.

use serde::Deserialize;

use super::request::id_text;
use super::value::Value;

/// What an update did.
#[doc(alias = "DbUpdateResult")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Updated {
    /// How many documents met the condition.
    pub matched: u64,
    /// How many of them were changed; fewer than [`matched`](Self::matched) if values were the same already.
    pub updated: u64,
    /// The id of the document that was added, if one was.
    #[doc(alias = "upsertId")]
    #[doc(alias = "upsertedId")]
    pub upserted_id: Option<String>,
}

/// How many documents were removed.
#[doc(alias = "DbRemoveResult")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Removed {
    /// How many documents are gone. Unknown if the call was repeated and found nothing the second time:
    /// the first may have removed it.
    pub deleted: Option<u64>,
}

/// The body of the response to an update.
#[derive(Deserialize)]
pub(super) struct UpdatedBody {
    updated: u64,
    matched: Option<u64>,
    #[serde(alias = "upserted_id")]
    upsert_id: Option<Value>,
}

impl From<UpdatedBody> for Updated {
    fn from(body: UpdatedBody) -> Self {
        let id = body.upsert_id.filter(|id| !id.is_null()).map(id_text);
        Self {
            matched: body.matched.unwrap_or(body.updated),
            updated: body.updated,
            upserted_id: id.filter(|id| !id.is_empty()),
        }
    }
}

/// The body of the response to a removal.
#[derive(Deserialize)]
pub(super) struct RemovedBody {
    deleted: u64,
}

impl From<RemovedBody> for Removed {
    fn from(body: RemovedBody) -> Self {
        Self {
            deleted: Some(body.deleted),
        }
    }
}
