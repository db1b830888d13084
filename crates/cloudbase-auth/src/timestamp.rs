//! Points in time as the service writes them: RFC 3339.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cloudbase_core::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A point in time of the wall clock, read from and written as RFC 3339.
///
/// ```
/// use cloudbase_auth::Timestamp;
///
/// let at: Timestamp = "2026-02-03T04:05:06Z".parse()?;
/// assert_eq!(at.to_string(), "2026-02-03T04:05:06.000Z");
/// assert_eq!(at, "2026-02-03T12:05:06+08:00".parse()?);
/// # Ok::<(), cloudbase_auth::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(SystemTime);

const DAY: i64 = 86_400;
/// 0000-01-01 and 10000-01-01 in milliseconds since 1970.
const YEAR_0: i64 = -62_167_219_200_000;
const YEAR_10_000: i64 = 253_402_300_800_000;

impl Timestamp {
    /// The current time.
    pub fn now() -> Self {
        Self(crate::clock::wall())
    }

    /// The time as the standard library's type.
    pub fn as_system_time(self) -> SystemTime {
        self.0
    }

    /// Milliseconds since 1970; negative before.
    pub fn as_unix_millis(self) -> i64 {
        let millis = |span: Duration| i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        match self.0.duration_since(UNIX_EPOCH) {
            Ok(since) => millis(since),
            Err(before) => -millis(before.duration()),
        }
    }

    /// The time `millis` milliseconds after 1970, if RFC 3339 can write it (the years 0000 to 9999)
    /// and the clock of this machine can tell it.
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

    fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let number = |from: usize, to: usize| -> Option<i64> {
            let digits = bytes.get(from..to)?;
            if !digits.iter().all(u8::is_ascii_digit) {
                return None;
            }
            std::str::from_utf8(digits).ok()?.parse().ok()
        };
        let mark =
            |at: usize, allowed: &[u8]| bytes.get(at).is_some_and(|byte| allowed.contains(byte));
        if !(mark(4, b"-") && mark(7, b"-") && mark(10, b"Tt ") && mark(13, b":") && mark(16, b":"))
        {
            return None;
        }
        let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
        if !(1..=12).contains(&month)
            || !(1..=31).contains(&day)
            || hour > 23
            || minute > 59
            || second > 60
        {
            return None;
        }
        let mut at = 19;
        let mut millis = 0;
        if mark(at, b".") {
            let digits = bytes[at + 1..]
                .iter()
                .take_while(|byte| byte.is_ascii_digit())
                .count();
            if digits == 0 {
                return None;
            }
            let shown = number(at + 1, at + 1 + digits.min(3))?;
            millis = shown * 10_i64.pow(3 - u32::try_from(digits.min(3)).ok()?);
            at += 1 + digits;
        }
        let offset = match bytes.get(at)? {
            b'Z' | b'z' if bytes.len() == at + 1 => 0,
            sign @ (b'+' | b'-') if bytes.len() == at + 6 && mark(at + 3, b":") => {
                let span = number(at + 1, at + 3)? * 3600 + number(at + 4, at + 6)? * 60;
                if *sign == b'-' { -span } else { span }
            }
            _ => return None,
        };
        let seconds =
            days_from_civil(year, month, day) * DAY + hour * 3600 + minute * 60 + second - offset;
        Self::from_unix_millis(seconds * 1000 + millis)
    }
}

/// Days since 1970-01-01 of a date of the Gregorian calendar.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day of a count of days since 1970-01-01.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    (year + era * 400 + i64::from(month <= 2), month, day)
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

impl FromStr for Timestamp {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text)
            .ok_or_else(|| Error::argument("timestamp", "must be RFC 3339: `2026-02-03T04:05:06Z`"))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = self.as_unix_millis();
        let (seconds, millis) = (millis.div_euclid(1000), millis.rem_euclid(1000));
        let (days, of_day) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
        let (year, month, day) = civil_from_days(days);
        let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
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

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        for millis in [
            0,
            1,
            -1,
            951_782_400_000,
            1_709_164_800_123,
            4_102_444_800_999,
            -62_135_596_800_000,
        ] {
            let at = Timestamp::from_unix_millis(millis).unwrap();
            assert_eq!(
                at.to_string()
                    .parse::<Timestamp>()
                    .unwrap()
                    .as_unix_millis(),
                millis,
                "{at}"
            );
        }
        assert_eq!(
            Timestamp::from_unix_millis(951_782_400_000)
                .unwrap()
                .to_string(),
            "2000-02-29T00:00:00.000Z"
        );
    }

    #[test]
    fn forms_of_the_service_are_read() {
        let at = |text: &str| {
            text.parse::<Timestamp>()
                .map(Timestamp::as_unix_millis)
                .ok()
        };
        assert_eq!(at("1970-01-01T00:00:01Z"), Some(1000));
        assert_eq!(at("1970-01-01t08:00:00.5+08:00"), Some(500));
        assert_eq!(at("1970-01-01 00:00:00.123456789Z"), Some(123));
        for bad in [
            "",
            "1970-01-01",
            "1970-13-01T00:00:00Z",
            "1970-01-01T00:00:00",
            "x970-01-01T00:00:00Z",
            "1970-01-01T00:00:00.Z",
            "1970-01-01T00:00:00+0800",
        ] {
            assert_eq!(at(bad), None, "{bad}");
        }
    }
}
