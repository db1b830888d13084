//! Reads values that the service does not always write the same way.

use serde::{Deserialize as _, Deserializer};
use serde_json::Value;

use crate::timestamp::Timestamp;

/// A whole number, also as a string.
pub(crate) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::Number(number) => number
            .as_u64()
            .or_else(|| number.as_f64().filter(|n| *n >= 0.0).map(|n| n as u64)),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    })
}

/// A point in time: RFC 3339, or a number of seconds or milliseconds since 1970.
pub(crate) fn timestamp<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Timestamp>, D::Error> {
    Ok(as_timestamp(&Value::deserialize(deserializer)?))
}

pub(crate) fn as_timestamp(value: &Value) -> Option<Timestamp> {
    /// No session ends before 1973; as seconds this would be the year 5138.
    const MILLIS_FROM: u64 = 100_000_000_000;
    match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => {
            let number = number
                .as_i64()
                .or_else(|| number.as_f64().map(|n| n as i64))?;
            Timestamp::from_unix_millis(if number.unsigned_abs() < MILLIS_FROM {
                number * 1000
            } else {
                number
            })
        }
        _ => None,
    }
}

/// A non-empty string; anything else counts as absent.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) if !text.is_empty() => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

/// Strings, or objects with an `id`: groups come as either.
pub(crate) fn ids<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(as_ids(&Value::deserialize(deserializer)?))
}

pub(crate) fn as_ids(value: &Value) -> Vec<String> {
    let of = |item: &Value| match item {
        Value::String(text) => Some(text.clone()),
        Value::Object(object) => object.get("id")?.as_str().map(str::to_owned),
        _ => None,
    };
    value
        .as_array()
        .map(|items| items.iter().filter_map(of).collect())
        .unwrap_or_default()
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
            let Some(at) = as_timestamp(&number) else {
                continue;
            };
            // What is read can be written and read again.
            assert_eq!(at.to_string().parse::<Timestamp>().unwrap(), at, "{number}");
        }
        assert_eq!(as_timestamp(&json!(i64::MIN)), None);
        assert_eq!(
            as_timestamp(&json!(1_700_000_000)),
            as_timestamp(&json!(1_700_000_000_000_i64))
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
                if let Ok(session) = crate::Session::from_json(&stored.to_string()) {
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
            let token = crate::claims::tests::token(&claims);
            let stored = json!({ "access_token": token, "refresh_token": "r" });
            let _ =
                crate::Session::from_json(&stored.to_string()).map(|session| session.remaining());
        }
    }
}
