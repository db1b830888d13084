//! Points in time, as the database keeps them.

use std::fmt;

use cloudbase_core::Timestamp;
use cloudbase_core::sdk::DateTimeParts;
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use super::keys::{entry, write_entry};

/// A date of the database: milliseconds since 1970, before and after every year that a calendar has.
///
/// For dates of this age a field of type [`Timestamp`] does as well, and both convert into each other. Within
/// `json!` only this type is a date: a [`Timestamp`] is text there.
///
/// ```
/// use cloudbase_core::Timestamp;
/// use cloudbase_data::documents::DateTime;
///
/// let at: Timestamp = "2026-01-01T00:00:00Z".parse()?;
/// assert_eq!(DateTime::from(at).as_unix_millis(), 1_767_225_600_000);
/// assert_eq!(DateTime::from(at).to_timestamp(), Some(at));
/// # Ok::<(), cloudbase_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DateTime(i64);

impl DateTime {
    /// The date so many milliseconds after 1970; negative before.
    pub const fn from_unix_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since 1970; negative before.
    pub const fn as_unix_millis(self) -> i64 {
        self.0
    }

    /// Returns the current time of this machine's clock. That of the service is
    /// [`server_date`](crate::documents::server_date).
    pub fn now() -> Self {
        Timestamp::now().into()
    }

    /// The date as the SDK's type of all products; `None` outside the years 0000 to 9999.
    pub fn to_timestamp(self) -> Option<Timestamp> {
        Timestamp::from_unix_millis(self.0)
    }
}

impl From<Timestamp> for DateTime {
    fn from(at: Timestamp) -> Self {
        Self(at.as_unix_millis())
    }
}

impl From<std::time::SystemTime> for DateTime {
    fn from(at: std::time::SystemTime) -> Self {
        Timestamp::from(at).into()
    }
}

impl Serialize for DateTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        write_entry(serializer, "$date", &Millis(self.0))
    }
}

/// `{"$numberLong": "…"}`, in every form of EJSON: text would lose nothing, but not every year has one.
struct Millis(i64);

impl Serialize for Millis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        write_entry(serializer, "$numberLong", &format_args!("{}", self.0))
    }
}

impl<'de> Deserialize<'de> for DateTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct DateVisitor;

        impl<'de> Visitor<'de> for DateVisitor {
            type Value = DateTime;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a date")
            }

            fn visit_i64<E: de::Error>(self, millis: i64) -> Result<DateTime, E> {
                Ok(DateTime(millis))
            }

            fn visit_u64<E: de::Error>(self, millis: u64) -> Result<DateTime, E> {
                let millis = i64::try_from(millis).ok();
                let wrong = || E::invalid_value(de::Unexpected::Other("a larger number"), &self);
                millis.map(DateTime).ok_or_else(wrong)
            }

            fn visit_f64<E: de::Error>(self, millis: f64) -> Result<DateTime, E> {
                match millis.is_finite() {
                    true => Ok(DateTime(millis as i64)),
                    false => Err(E::invalid_value(de::Unexpected::Float(millis), &self)),
                }
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<DateTime, E> {
                let millis = DateTime::parse(text);
                millis.ok_or_else(|| E::invalid_value(de::Unexpected::Other("other text"), &self))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<DateTime, A::Error> {
                entry(map, &["$date", "$numberLong"])
            }
        }

        deserializer.deserialize_any(DateVisitor)
    }
}

impl DateTime {
    /// Reads ISO 8601, or the text of a number of milliseconds.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if let Ok(millis) = text.parse() {
            return Some(Self(millis));
        }
        let parts = DateTimeParts::parse(text)?;
        parts.unix_millis().map(Self)
    }
}
