//! Dates and times as the service writes them: text of a `DATETIME`, ISO 8601, or milliseconds.

use std::fmt;
use std::str::FromStr;

use cloudbase_core::Timestamp;
use serde::de;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use cloudbase_core::sdk::DateTimeParts;

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
            Wire::Text(text) => DateTimeParts::parse(text)?.unix_millis(),
        }
    }

    /// The moment, as [`unix_millis`](Self::unix_millis); `None` also outside the years 0 to 9999.
    pub fn timestamp(&self) -> Option<Timestamp> {
        Timestamp::from_unix_millis(self.unix_millis()?)
    }

    /// Year, month, day and so on; of a number, in UTC.
    pub fn parts(&self) -> DateTimeParts {
        match &self.0 {
            Wire::Millis(millis) => DateTimeParts::from_unix_millis(*millis),
            Wire::Text(text) => {
                DateTimeParts::parse(text).unwrap_or(DateTimeParts::from_unix_millis(0))
            }
        }
    }
}

impl FromStr for DateTime {
    type Err = ParseValueError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if DateTimeParts::parse(text).is_some() {
            return Ok(Self(Wire::Text(text.into())));
        }
        Err(ParseValueError {
            expected: "a date such as `2024-01-02 03:04:05`",
        })
    }
}

/// Written as a number of milliseconds since 1970.
impl From<Timestamp> for DateTime {
    fn from(moment: Timestamp) -> Self {
        Self::from_unix_millis(moment.as_unix_millis())
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
        assert_eq!(read("\"1969-12-31\"").unix_millis(), Some(-86_400_000));
        assert_eq!(read("\"2024-02-29 23:59\"").parts().minute, 59);
    }

    #[test]
    fn zero_dates_are_read_but_are_no_moment() {
        let zero = read("\"0000-00-00 00:00:00\"");
        assert_eq!(zero.unix_millis(), None);
        assert_eq!(zero.timestamp(), None);
        assert_eq!(zero.parts().year, 0);
    }

    #[test]
    fn nonsense_is_rejected() {
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
    fn timestamps_survive() {
        for millis in [1_704_164_645_678, -1] {
            let moment = Timestamp::from_unix_millis(millis).unwrap();
            assert_eq!(DateTime::from(moment).timestamp(), Some(moment));
        }
        assert_eq!(DateTime::from_unix_millis(i64::MAX).timestamp(), None);
    }
}
