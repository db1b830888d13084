//! How long the service asks to wait: by the header, or in the body of an auth error.

use std::time::{Duration, SystemTime};

use http::HeaderMap;
use http::header::RETRY_AFTER;
use serde_json::{Map, Value};

use crate::value::timestamp::Timestamp;

/// Returns the wait of a `Retry-After` header: seconds, or a date. Anything else is ignored.
pub(crate) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let value = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // Any number of digits is allowed (RFC 9110, 10.2.3): too many to count mean very long.
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let date = Timestamp::parse_http_date(value)?.as_system_time();
    Some(date.duration_since(now).unwrap_or_default())
}

/// Returns the wait of a body: `retry_after` at the top, else in the details, which may have it as the
/// `retryDelay` of a protobuf `RetryInfo`.
pub(super) fn in_body(object: &Map<String, Value>) -> Option<Duration> {
    let details = match object.get("details") {
        Some(Value::Array(details)) => details.as_slice(),
        Some(details) => std::slice::from_ref(details),
        None => &[],
    };
    let in_details = || {
        let names = ["retryDelay", "retry_delay", "retry_after"];
        let mut found = details
            .iter()
            .flat_map(|detail| names.map(|name| detail.get(name)));
        found.find_map(|value| wait(value?))
    };
    object.get("retry_after").and_then(wait).or_else(in_details)
}

/// Reads seconds: a number, its text (`"30"`, `"1.5s"`), or the two fields of a protobuf duration.
fn wait(value: &Value) -> Option<Duration> {
    match value {
        Value::Number(number) => seconds(number.as_f64()?),
        Value::String(text) => {
            let text = text.trim();
            let text = text.strip_suffix('s').unwrap_or(text);
            let is_number = text
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'.');
            is_number
                .then(|| text.parse().ok())
                .flatten()
                .and_then(seconds)
        }
        Value::Object(duration) => {
            let nanos = duration.get("nanos").and_then(Value::as_u64).unwrap_or(0);
            let whole = wait(duration.get("seconds")?)?;
            Some(whole.saturating_add(Duration::from_nanos(nanos)))
        }
        _ => None,
    }
}

/// As a duration; what is too long for one is as long as can be.
fn seconds(seconds: f64) -> Option<Duration> {
    let longest = Duration::from_secs(u64::MAX);
    (seconds >= 0.0).then(|| Duration::try_from_secs_f64(seconds).unwrap_or(longest))
}
