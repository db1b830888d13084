//! Dates and times as the service writes them: text of a `DATETIME`, ISO 8601, or milliseconds.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use serde::de;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::ParseValueError;

/// A date, or a date with a time, kept as it came.
///
/// Read from `2024-01-02`, `2024-01-02 03:04:05.678` (a MySQL column), `2024-01-02T03:04:05Z`, or a
/// number of milliseconds since 1970 (the system fields of data models), and written again in the
/// same form. Carries no calendar arithmetic: take [`unix_millis`](Self::unix_millis),
/// [`parts`](Self::parts) or the text to the date crate of your choice.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DateTime(Wire);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Wire {
    Millis(i64),
    /// Checked when it was made.
    Text(Box<str>),
}

/// The parts of a [`DateTime`], not converted to any time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct DateTimeParts {
    /// 0 to 9999 in text.
    pub year: i32,
    /// 1 to 12; 0 in MySQL's zero date.
    pub month: u8,
    /// 1 to 31; 0 in MySQL's zero date.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 60.
    pub second: u8,
    /// 0 to 999,999,999.
    pub nanosecond: u32,
    /// Minutes east of UTC, if the text says so.
    pub offset: Option<i16>,
}

impl DateTime {
    /// The moment so many milliseconds after the beginning of 1970 in UTC; written as a number.
    pub const fn from_unix_millis(millis: i64) -> Self {
        Self(Wire::Millis(millis))
    }

    /// Milliseconds since the beginning of 1970, where a text without offset is taken for UTC.
    /// `None` for MySQL's zero dates, which are no moment.
    pub fn unix_millis(&self) -> Option<i64> {
        match &self.0 {
            Wire::Millis(millis) => Some(*millis),
            Wire::Text(text) => parse(text)?.unix_millis(),
        }
    }

    /// The moment, as [`unix_millis`](Self::unix_millis).
    pub fn to_system_time(&self) -> Option<SystemTime> {
        let millis = self.unix_millis()?;
        let distance = Duration::from_millis(millis.unsigned_abs());
        if millis < 0 {
            SystemTime::UNIX_EPOCH.checked_sub(distance)
        } else {
            SystemTime::UNIX_EPOCH.checked_add(distance)
        }
    }

    /// Year, month, day and so on; of a number, in UTC.
    pub fn parts(&self) -> DateTimeParts {
        match &self.0 {
            Wire::Millis(millis) => DateTimeParts::from_unix_millis(*millis),
            Wire::Text(text) => parse(text).unwrap_or(DateTimeParts::from_unix_millis(0)),
        }
    }
}

impl FromStr for DateTime {
    type Err = ParseValueError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if parse(text).is_some() {
            return Ok(Self(Wire::Text(text.into())));
        }
        Err(ParseValueError {
            wanted: "a date such as `2024-01-02 03:04:05`",
        })
    }
}

/// Whole milliseconds; earlier moments than the year -292 million do not occur.
impl From<SystemTime> for DateTime {
    fn from(moment: SystemTime) -> Self {
        let millis = match moment.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
            Err(before) => {
                let millis = before.duration().as_millis();
                i64::try_from(millis).map_or(i64::MIN, |millis| -millis)
            }
        };
        Self::from_unix_millis(millis)
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Wire::Millis(millis) => write!(f, "{millis}"),
            Wire::Text(text) => f.write_str(text),
        }
    }
}

impl Serialize for DateTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Wire::Millis(millis) => serializer.serialize_i64(*millis),
            Wire::Text(text) => serializer.serialize_str(text),
        }
    }
}

impl<'de> Deserialize<'de> for DateTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyForm)
    }
}

struct AnyForm;

impl de::Visitor<'_> for AnyForm {
    type Value = DateTime;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a date or a number of milliseconds")
    }

    fn visit_i64<E>(self, value: i64) -> Result<DateTime, E> {
        Ok(DateTime::from_unix_millis(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<DateTime, E> {
        i64::try_from(value)
            .map(DateTime::from_unix_millis)
            .map_err(E::custom)
    }

    fn visit_f64<E>(self, value: f64) -> Result<DateTime, E> {
        Ok(DateTime::from_unix_millis(value as i64))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<DateTime, E> {
        // Milliseconds that someone turned into text are longer than any year.
        if text.len() >= 9 && text.bytes().all(|b| b.is_ascii_digit()) {
            return text
                .parse()
                .map(DateTime::from_unix_millis)
                .map_err(E::custom);
        }
        text.parse().map_err(E::custom)
    }
}

const DAY: i64 = 86_400_000;

impl DateTimeParts {
    fn from_unix_millis(millis: i64) -> Self {
        let (days, rest) = (millis.div_euclid(DAY), millis.rem_euclid(DAY));
        // Days of the civil calendar, counted in eras of 400 years that begin in March.
        let shifted = days + 719_468;
        let era = shifted.div_euclid(146_097);
        let day_of_era = shifted.rem_euclid(146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        let part = |unit: i64, size: i64| (rest / unit % size) as u8;
        Self {
            year: year as i32,
            month: month as u8,
            day: day as u8,
            hour: part(3_600_000, 24),
            minute: part(60_000, 60),
            second: part(1_000, 60),
            nanosecond: (rest % 1_000) as u32 * 1_000_000,
            offset: Some(0),
        }
    }

    fn unix_millis(&self) -> Option<i64> {
        if self.month == 0 || self.day == 0 {
            return None;
        }
        let (month, day) = (i64::from(self.month), i64::from(self.day));
        let year = i64::from(self.year) - i64::from(month <= 2);
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        let days = era * 146_097 + day_of_era - 719_468;
        let minutes = i64::from(self.hour) * 60 + i64::from(self.minute)
            - i64::from(self.offset.unwrap_or(0));
        Some(
            days * DAY
                + minutes * 60_000
                + i64::from(self.second) * 1_000
                + i64::from(self.nanosecond / 1_000_000),
        )
    }
}

/// `YYYY-MM-DD`, then perhaps a time after a blank or `T`, then perhaps an offset.
fn parse(text: &str) -> Option<DateTimeParts> {
    let (date, rest) = text.trim().split_at_checked(10)?;
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let mut parts = DateTimeParts {
        year: year as i32,
        month: in_range(month, 0, 12)?,
        day: in_range(day, 0, 31)?,
        hour: 0,
        minute: 0,
        second: 0,
        nanosecond: 0,
        offset: None,
    };
    let Some(time) = rest.strip_prefix(['T', 't', ' ']) else {
        return rest.is_empty().then_some(parts);
    };
    let at = time.find(['Z', 'z', '+', '-', ' ']).unwrap_or(time.len());
    let (clock, offset) = time.split_at(at);
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let [hour, minute, second] = match clock.len() {
        5 => {
            let [hour, minute] = numbers(clock, ':', [2, 2])?;
            [hour, minute, 0]
        }
        _ => numbers(clock, ':', [2, 2, 2])?,
    };
    parts.hour = in_range(hour, 0, 23)?;
    parts.minute = in_range(minute, 0, 59)?;
    parts.second = in_range(second, 0, 60)?;
    if fraction.len() > 9 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    parts.nanosecond = format!("{fraction:0<9}").parse().ok()?;
    parts.offset = parse_offset(offset.trim_start())?;
    Some(parts)
}

fn parse_offset(text: &str) -> Option<Option<i16>> {
    let (sign, digits) = match text.as_bytes().first() {
        None => return Some(None),
        Some(b'Z' | b'z') => return (text.len() == 1).then_some(Some(0)),
        Some(b'+') => (1, &text[1..]),
        Some(b'-') => (-1, &text[1..]),
        Some(_) => return None,
    };
    let [hours, minutes] = match digits.len() {
        2 => [numbers(digits, ':', [2])?[0], 0],
        4 => numbers(
            digits
                .split_at_checked(2)
                .map(|(h, m)| format!("{h}:{m}"))?
                .as_str(),
            ':',
            [2, 2],
        )?,
        _ => numbers(digits, ':', [2, 2])?,
    };
    let minutes = i16::from(in_range(hours, 0, 23)?) * 60 + i16::from(in_range(minutes, 0, 59)?);
    Some(Some(sign * minutes))
}

/// Numbers of fixed width between separators.
fn numbers<const N: usize>(text: &str, separator: char, widths: [usize; N]) -> Option<[u32; N]> {
    let mut found = [0; N];
    let mut parts = text.split(separator);
    for (slot, width) in found.iter_mut().zip(widths) {
        let part = parts.next()?;
        if part.len() != width || !part.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        *slot = part.parse().ok()?;
    }
    parts.next().is_none().then_some(found)
}

fn in_range(value: u32, low: u32, high: u32) -> Option<u8> {
    (low..=high).contains(&value).then_some(value as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> DateTime {
        serde_json::from_str(json).unwrap_or_else(|error| panic!("{json}: {error}"))
    }

    #[test]
    fn every_form_names_the_same_moment_and_is_written_as_it_came() {
        for json in [
            "1704164645678",
            "\"2024-01-02 03:04:05.678\"",
            "\"2024-01-02T03:04:05.678Z\"",
            "\"2024-01-02T11:04:05.678000+08:00\"",
            "\"2024-01-01 22:04:05.678-0500\"",
        ] {
            assert_eq!(read(json).unix_millis(), Some(1_704_164_645_678), "{json}");
            assert_eq!(serde_json::to_string(&read(json)).unwrap(), json);
        }
        assert_eq!(
            read("\"1704164645678\"").unix_millis(),
            Some(1_704_164_645_678)
        );
        assert_eq!(read("\"1969-12-31\"").unix_millis(), Some(-DAY));
        assert_eq!(read("\"2024-02-29 23:59\"").parts().minute, 59);
    }

    #[test]
    fn parts_and_moments_agree_over_the_calendar() {
        for day in (-800_000..3_000_000).step_by(97) {
            let millis = day * DAY + 45_296_789;
            let parts = DateTimeParts::from_unix_millis(millis);
            assert_eq!(parts.unix_millis(), Some(millis), "{parts:?}");
            assert!((1..=12).contains(&parts.month) && (1..=31).contains(&parts.day));
        }
        let parts = DateTime::from_unix_millis(951_782_400_000).parts();
        assert_eq!((parts.year, parts.month, parts.day), (2000, 2, 29));
    }

    #[test]
    fn zero_dates_are_read_but_are_no_moment() {
        let zero = read("\"0000-00-00 00:00:00\"");
        assert_eq!(zero.unix_millis(), None);
        assert_eq!(zero.to_system_time(), None);
        assert_eq!(zero.parts().year, 0);
    }

    #[test]
    fn nonsense_is_refused() {
        for json in [
            "\"\"",
            "\"today\"",
            "\"2024-1-2\"",
            "\"2024-13-01\"",
            "\"2024-01-02 25:00:00\"",
            "\"2024-01-02T03:04:05+99:00\"",
            "\"2024-01-02x\"",
            "true",
            "null",
            "{}",
            "\"2024-01-0é\"",
        ] {
            assert!(serde_json::from_str::<DateTime>(json).is_err(), "{json}");
        }
    }

    #[test]
    fn system_times_survive() {
        let moment = SystemTime::UNIX_EPOCH + Duration::from_millis(1_704_164_645_678);
        assert_eq!(DateTime::from(moment).to_system_time(), Some(moment));
        let before = SystemTime::UNIX_EPOCH - Duration::from_millis(1);
        assert_eq!(DateTime::from(before).unix_millis(), Some(-1));
        assert_eq!(DateTime::from(before).to_system_time(), Some(before));
    }
}
