//! Points in time.

mod read;

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::de::{Deserialize, Deserializer};
use serde::ser::{Serialize, Serializer};

use self::read::Stated;
use super::date_time_parts::DateTimeParts;

/// A point in time of the wall clock, in all products. Read from and written as RFC 3339, in UTC with
/// milliseconds.
///
/// Converts from and into [`SystemTime`].
///
/// ```
/// use cloudbase_core::Timestamp;
///
/// let at: Timestamp = "2026-02-03T04:05:06Z".parse()?;
/// assert_eq!(at.to_string(), "2026-02-03T04:05:06.000Z");
/// assert_eq!(at, "2026-02-03T12:05:06+08:00".parse()?);
/// # Ok::<(), cloudbase_core::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(SystemTime);

/// What a text must be.
pub(crate) const RULE: &str = "must be RFC 3339: `2026-02-03T04:05:06Z`";

/// 0000-01-01 and 10000-01-01 in milliseconds since 1970.
const YEAR_0: i64 = -62_167_219_200_000;
const YEAR_10_000: i64 = 253_402_300_800_000;

impl Timestamp {
    /// Returns the current time of this machine's clock.
    pub fn now() -> Self {
        Self(SystemTime::now())
    }

    /// Returns the time as the standard library's type.
    pub fn as_system_time(self) -> SystemTime {
        self.0
    }

    /// Returns milliseconds since 1970; negative before.
    pub fn as_unix_millis(self) -> i64 {
        let millis = |span: Duration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        match self.0.duration_since(UNIX_EPOCH) {
            Ok(since) => millis(since),
            Err(before) => -millis(before.duration()),
        }
    }

    /// Returns the time `millis` milliseconds after 1970; `None` outside the years 0000 to 9999, or if
    /// the clock of this machine cannot represent it.
    pub fn from_unix_millis(millis: i64) -> Option<Self> {
        if !(YEAR_0..YEAR_10_000).contains(&millis) {
            return None;
        }
        let span = Duration::from_millis(millis.unsigned_abs());
        let time = if millis < 0 {
            UNIX_EPOCH.checked_sub(span)
        } else {
            UNIX_EPOCH.checked_add(span)
        };
        time.map(Self)
    }

    /// Reads an HTTP date, as `Last-Modified` and `Retry-After` have it.
    pub fn parse_http_date(text: &str) -> Option<Self> {
        httpdate::parse_http_date(text).ok().map(Self)
    }

    /// Reads RFC 3339, and what is near it: a blank for the `T`, no colon in the offset.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let parts = DateTimeParts::parse(text).filter(|parts| parts.offset.is_some())?;
        Self::from_unix_millis(parts.unix_millis()?)
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        Self(time)
    }
}

impl From<Timestamp> for SystemTime {
    fn from(timestamp: Timestamp) -> Self {
        timestamp.0
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = DateTimeParts::from_unix_millis(self.as_unix_millis());
        let DateTimeParts {
            year,
            month,
            day,
            hour,
            minute,
            second,
            nanosecond,
            ..
        } = at;
        let millis = nanosecond / 1_000_000;
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z"
        )
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The name under which a serializer with dates of its own, such as that of documents, finds one. Others write
/// the text.
pub const NAME: &str = "$cloudbase::Timestamp";

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(NAME, &format_args!("{self}"))
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Stated::Time)
    }
}

#[cfg(test)]
mod tests;
