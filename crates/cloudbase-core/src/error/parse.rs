//! Values that are read from text, and fail with an [`Error`].

use std::str::FromStr;

use super::{Error, Result};
use crate::value::timestamp::{RULE, Timestamp};

impl FromStr for Timestamp {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text).ok_or_else(|| Error::argument("timestamp", RULE))
    }
}
