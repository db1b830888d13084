//! Reads JSON objects whose fields are not always of the documented type: responses, claims, sessions
//! that other SDKs have stored.
//!
//! One rule for all of them: a value that says the same in another type is read (a number as text, text
//! as a number), and any other counts as absent. What is not read stays in the object.

use std::time::Duration;

use cloudbase_core::{Error, ErrorKind, Result};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Map, Number, Value};

use cloudbase_core::Timestamp;

/// A JSON object, from which fields are taken by name. It may hold secrets, and has no `Debug`.
#[derive(Clone, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct Object(Map<String, Value>);

impl Object {
    /// The first of these fields that can be read as a `T`.
    pub(crate) fn get<T: Readable>(&self, names: &[&str]) -> Option<T> {
        names.iter().find_map(|name| T::read(self.0.get(*name)?))
    }

    /// As [`get`](Self::get), and removes the field.
    pub(crate) fn take<T: Readable>(&mut self, names: &[&str]) -> Option<T> {
        names.iter().find_map(|name| {
            let value = T::read(self.0.get(*name)?)?;
            self.0.remove(*name);
            Some(value)
        })
    }

    /// Removes a field that the caller cannot do without.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`], with the name of the field.
    pub(crate) fn require<T: Readable>(&mut self, name: &str) -> Result<T> {
        self.take(&[name]).ok_or_else(|| {
            let message = format!("the response has no usable `{name}`");
            Error::new(ErrorKind::Decode, message)
        })
    }

    /// Removes `expires_in`; `default` is in seconds.
    pub(crate) fn expires_in(&mut self, default: u64) -> Duration {
        Duration::from_secs(self.take(&["expires_in"]).unwrap_or(default))
    }

    /// What has not been taken.
    pub(crate) fn rest(mut self) -> Map<String, Value> {
        self.0.retain(|_, value| !value.is_null());
        self.0
    }

    /// The whole object.
    pub(crate) fn into_map(self) -> Map<String, Value> {
        self.0
    }
}

impl From<Map<String, Value>> for Object {
    fn from(map: Map<String, Value>) -> Self {
        Self(map)
    }
}

/// A type that a field can be read as.
pub(crate) trait Readable: Sized {
    fn read(value: &Value) -> Option<Self>;
}

/// Text, or a number as text. Empty text counts as absent.
impl Readable for String {
    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }
}

impl Readable for SecretString {
    fn read(value: &Value) -> Option<Self> {
        String::read(value).map(Self::from)
    }
}

/// A whole number, also as text. Fractions are cut off.
impl Readable for u64 {
    fn read(value: &Value) -> Option<Self> {
        let number = match value {
            Value::Number(number) => number.clone(),
            Value::String(text) => text.trim().parse::<Number>().ok()?,
            _ => return None,
        };
        let cut_off = || number.as_f64().filter(|n| *n >= 0.0).map(|n| n as Self);
        number.as_u64().or_else(cut_off)
    }
}

/// A boolean, also as text or as 0 and 1.
impl Readable for bool {
    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(value) => Some(*value),
            Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "1" => Some(true),
                "false" | "0" => Some(false),
                _ => None,
            },
            Value::Number(number) => match number.as_u64() {
                Some(1) => Some(true),
                Some(0) => Some(false),
                _ => None,
            },
            _ => None,
        }
    }
}

/// RFC 3339, or a number of seconds or milliseconds since 1970.
impl Readable for Timestamp {
    fn read(value: &Value) -> Option<Self> {
        /// No session ends before 1973; as seconds this would be the year 5138.
        const MILLIS_FROM: u64 = 100_000_000_000;
        match value {
            Value::String(text) => text.parse().ok(),
            Value::Number(number) => {
                let number = number
                    .as_i64()
                    .or_else(|| number.as_f64().map(|n| n as i64))?;
                Self::from_unix_millis(if number.unsigned_abs() < MILLIS_FROM {
                    number * 1000
                } else {
                    number
                })
            }
            _ => None,
        }
    }
}

/// Strings, or objects with an `id`: groups come as either.
impl Readable for Vec<String> {
    fn read(value: &Value) -> Option<Self> {
        let of = |item: &Value| match item {
            Value::Object(object) => String::read(object.get("id")?),
            item => String::read(item),
        };
        Some(value.as_array()?.iter().filter_map(of).collect())
    }
}

/// Anything but null.
impl Readable for Value {
    fn read(value: &Value) -> Option<Self> {
        (!value.is_null()).then(|| value.clone())
    }
}

impl Readable for Map<String, Value> {
    fn read(value: &Value) -> Option<Self> {
        value.as_object().cloned()
    }
}

impl Readable for Object {
    fn read(value: &Value) -> Option<Self> {
        Map::read(value).map(Self)
    }
}

/// The objects of a list.
impl Readable for Vec<Object> {
    fn read(value: &Value) -> Option<Self> {
        Some(value.as_array()?.iter().filter_map(Object::read).collect())
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;
    use serde_json::json;

    use super::*;

    #[test]
    fn any_number_is_a_time_or_none() {
        let edges = [0, 1, 1000, 100_000_000_000, 253_402_300_800_000, i64::MAX]
            .into_iter()
            .flat_map(|edge: i64| [edge.saturating_sub(1), edge, edge.saturating_add(1)])
            .flat_map(|edge| [edge, edge.wrapping_neg()])
            .chain([i64::MIN, i64::MIN + 1]);
        let random =
            std::iter::repeat_with(|| fastrand::i64(..) >> fastrand::u32(..64)).take(20_000);
        let whole = edges.chain(random).map(|number| json!(number));
        let other = [
            json!(u64::MAX),
            json!(1e300),
            json!(-1e300),
            json!(f64::MIN_POSITIVE),
            json!(-0.0),
            json!(1.7e9),
        ];
        for number in whole.chain(other) {
            let Some(at) = Timestamp::read(&number) else {
                continue;
            };
            // What is read can be written and read again.
            assert_eq!(at.to_string().parse::<Timestamp>().unwrap(), at, "{number}");
        }
        assert_eq!(Timestamp::read(&json!(i64::MIN)), None);
        assert_eq!(
            Timestamp::read(&json!(1_700_000_000)),
            Timestamp::read(&json!(1_700_000_000_000_i64))
        );
    }

    #[test]
    fn a_stored_session_with_any_numbers_is_read_or_rejected() {
        let mut numbers = vec![
            json!(0),
            json!(-1),
            json!(i64::MIN),
            json!(i64::MAX),
            json!(u64::MAX),
            json!(1e300),
            json!(-1e300),
            json!("18446744073709551616"),
            json!("-9223372036854775808"),
            json!(0.5),
        ];
        numbers.extend((0..2000).map(|_| json!(fastrand::i64(..) >> fastrand::u32(..64))));
        for number in &numbers {
            for name in ["expires_in", "expires_at"] {
                let mut stored = json!({
                    "token_type": "Bearer", "access_token": "a.b.c", "refresh_token": "r",
                    "expires_in": 7200, "sub": "u",
                });
                stored[name] = number.clone();
                if let Ok(session) = crate::Session::from_json(stored.to_string()) {
                    let _ = (
                        session.remaining(),
                        session.lifetime(),
                        format!("{session:?}"),
                    );
                    let json = session.to_json();
                    crate::Session::from_json(json.expose_secret()).unwrap();
                }
            }
            let claims = json!({ "exp": number, "iat": number, "sub": "u" });
            let token = crate::value::claims::tests::token(&claims);
            let stored = json!({ "access_token": token, "refresh_token": "r" });
            let _ =
                crate::Session::from_json(stored.to_string()).map(|session| session.remaining());
        }
    }
}
