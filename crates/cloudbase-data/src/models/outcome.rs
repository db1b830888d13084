//! What a write did to the records that it matched.

use cloudbase_core::Result;
use serde::Deserialize;

use super::detail::detail;

#[derive(Deserialize)]
pub(super) struct CountData {
    #[serde(default, with = "crate::lossless::integer::option")]
    pub(super) count: Option<u64>,
}

/// What a call on many records did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct BatchResult {
    /// How many records were changed or removed.
    #[serde(deserialize_with = "null_as_default")]
    pub count: u64,
    /// The ids of the records that were changed or removed.
    #[doc(alias = "legalIdList")]
    #[serde(rename = "legalIdList", deserialize_with = "detail")]
    pub legal_ids: Vec<String>,
    /// The ids of the records that were rejected.
    #[doc(alias = "illegalIdList")]
    #[serde(rename = "illegalIdList", deserialize_with = "detail")]
    pub illegal_ids: Vec<String>,
}

pub(super) fn null_as_default<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Deserialize<'de> + Default,
    D: serde::Deserializer<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}
