//! The query string of a data-source query, and the values that its parameters take.

use percent_encoding::percent_decode_str;

use crate::data::model::error::ModelError;

/// A query string, read.
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn read(raw: Option<&str>) -> Self {
        Self(pairs(raw.unwrap_or_default()).collect())
    }

    pub(super) fn first(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    pub(super) fn required(&self, name: &str) -> Result<&str, ModelError> {
        self.first(name).ok_or_else(|| ModelError::missing(name))
    }

    /// `true`, `1`, `false` or `0`.
    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, ModelError> {
        match self.first(name) {
            None => Ok(None),
            Some("true" | "1") => Ok(Some(true)),
            Some("false" | "0") => Ok(Some(false)),
            Some(_) => Err(ModelError::value(format!(
                "{name} takes true, false, 1 or 0"
            ))),
        }
    }

    /// An array: the key repeated, perhaps with brackets, or values between commas.
    pub(super) fn all(&self, name: &str) -> Vec<&str> {
        self.0
            .iter()
            .filter(|(key, _)| {
                key.strip_prefix(name)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('['))
            })
            .flat_map(|(_, value)| value.split(','))
            .filter(|value| !value.is_empty())
            .collect()
    }
}

/// The decoded pairs of a query string.
pub(in crate::data::model) fn pairs(query: &str) -> impl Iterator<Item = (String, String)> {
    let decode = |text: &str| {
        let text = text.replace('+', " ");
        percent_decode_str(&text).decode_utf8_lossy().into_owned()
    };
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(move |pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(key), decode(value))
        })
}
