//! Time zones: offsets, and names with the rules that are bundled.

use jiff::{Timestamp, tz::TimeZone};

use super::rejection::{Result, reject};

#[derive(Debug, Clone)]
pub(super) enum Zone {
    /// Milliseconds east of UTC.
    Offset(i64),
    Named(TimeZone),
}

impl Zone {
    pub(super) const UTC: Self = Self::Offset(0);

    /// A name such as `Asia/Shanghai`, or `±hh:mm`, `±hhmm`, `±hh`.
    pub(super) fn parse(text: &str) -> Result<Self> {
        if let Some(offset) = parse_offset(text) {
            return Ok(Self::Offset(offset));
        }
        if matches!(text, "UTC" | "GMT" | "Z") {
            return Ok(Self::UTC);
        }
        match TimeZone::get(text) {
            Ok(zone) => Ok(Self::Named(zone)),
            Err(_) => {
                reject!("unknown time zone `{text}`; expected a name or an offset such as +08:00")
            }
        }
    }

    pub(super) fn is_utc(&self) -> bool {
        matches!(self, Self::Offset(0))
    }

    /// How far the zone is east of UTC at a point in time, in milliseconds.
    pub(super) fn offset(&self, millis: i64) -> i64 {
        match self {
            Self::Offset(offset) => *offset,
            Self::Named(zone) => {
                let (least, most) = (
                    Timestamp::MIN.as_millisecond(),
                    Timestamp::MAX.as_millisecond(),
                );
                let timestamp = Timestamp::from_millisecond(millis.clamp(least, most));
                timestamp.map_or(0, |timestamp| {
                    i64::from(zone.to_offset(timestamp).seconds()) * 1_000
                })
            }
        }
    }

    /// Local time at a point in time, as milliseconds since 1970 of local time. `None` if out of range.
    pub(super) fn to_local(&self, millis: i64) -> Option<i64> {
        millis.checked_add(self.offset(millis))
    }

    /// The point in time of a local time. One that a change of the clocks leaves out is moved past it, of one that it repeats
    /// the first is taken. `None` if out of range.
    pub(super) fn to_utc(&self, local: i64) -> Option<i64> {
        match self {
            Self::Offset(offset) => local.checked_sub(*offset),
            Self::Named(zone) => {
                let civil = TimeZone::UTC.to_datetime(Timestamp::from_millisecond(local).ok()?);
                zone.to_timestamp(civil).ok().map(Timestamp::as_millisecond)
            }
        }
    }
}

/// `±hh:mm`, `±hhmm` or `±hh` in milliseconds.
pub(super) fn parse_offset(text: &str) -> Option<i64> {
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let number = |text: &str| -> Option<i64> {
        let plain = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        plain.then(|| text.parse().ok()).flatten()
    };
    let hours = number(digits.get(..2)?)?;
    let minutes = match digits.get(2..)? {
        "" => 0,
        rest => number(rest.strip_prefix(':').unwrap_or(rest))?,
    };
    (hours <= 23 && minutes <= 59).then_some(sign * (hours * 60 + minutes) * 60_000)
}
