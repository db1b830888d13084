//! The `Prefer` request header.

use crate::data::error::DataError;

/// What the caller prefers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Prefer {
    /// `return=…`
    pub(crate) returning: Option<Return>,
    /// `count=…`
    pub(crate) count: Option<CountPreference>,
    /// `resolution=…`
    pub(crate) resolution: Option<Resolution>,
    /// `missing=…`
    pub(crate) missing: Option<Missing>,
}

/// What a write returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Return {
    /// No body.
    Minimal,
    /// The rows.
    Representation,
}

/// How rows are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CountPreference {
    /// Count them.
    Exact,
}

/// What an insert does with a row that is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resolution {
    /// Update it.
    Merge,
    /// Leave it.
    Ignore,
}

/// What a column gets that a row of many does not mention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// The column's default.
    Default,
    /// Null.
    Null,
}

impl Prefer {
    /// Reads the header, which may be repeated and may hold several preferences.
    pub(crate) fn parse<'a>(headers: impl Iterator<Item = &'a str>) -> Result<Self, DataError> {
        let mut prefer = Self::default();
        for one in headers.flat_map(|header| header.split(',')) {
            let (key, value) = one.split_once('=').unwrap_or((one, ""));
            match (key.trim(), value.trim()) {
                ("return", "minimal") => prefer.returning = Some(Return::Minimal),
                ("return", "representation") => prefer.returning = Some(Return::Representation),
                ("count", "exact") => prefer.count = Some(CountPreference::Exact),
                ("resolution", "merge-duplicates") => prefer.resolution = Some(Resolution::Merge),
                ("resolution", "ignore-duplicates") => prefer.resolution = Some(Resolution::Ignore),
                ("missing", "default") => prefer.missing = Some(Missing::Default),
                ("missing", "null") => prefer.missing = Some(Missing::Null),
                ("count", value @ ("planned" | "estimated")) => {
                    return Err(DataError::invalid_param(format!(
                        "Prefer: count={value} exists on PostgreSQL only; use count=exact"
                    )));
                }
                ("tx", "rollback") => {
                    return Err(DataError::invalid_param(
                        "Prefer: tx=rollback exists on PostgreSQL only",
                    ));
                }
                // Ignored, as RFC 7240 asks: a preference is no demand.
                _ => {}
            }
        }
        Ok(prefer)
    }

    /// The `Preference-Applied` response to a write.
    pub(crate) fn applied(&self) -> String {
        let mut applied = vec![match self.returning {
            Some(Return::Representation) => "return=representation",
            Some(Return::Minimal) | None => "return=minimal",
        }];
        match self.resolution {
            Some(Resolution::Merge) => applied.push("resolution=merge-duplicates"),
            Some(Resolution::Ignore) => applied.push("resolution=ignore-duplicates"),
            None => {}
        }
        if self.count.is_some() {
            applied.push("count=exact");
        }
        if self.missing == Some(Missing::Default) {
            applied.push("missing=default");
        }
        applied.join(", ")
    }
}
