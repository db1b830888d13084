//! Reads the body of an error, as far as it can be read at all.

use std::borrow::Cow;
use std::fmt;

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use serde::de::{Deserializer as _, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value};

use crate::value::json;

/// How long a text may be that is the message as a whole.
const TEXT_LIMIT: usize = 512;

/// The JSON in `body`, or in the string that it is: some services wrap theirs once more. Of an object
/// that is cut, or not UTF-8 throughout, what can be read. Null if it is no JSON.
pub(super) fn value_of(body: &[u8]) -> Value {
    match json::from_slice(body) {
        Ok(Value::String(text)) => match json::from_slice(text.as_bytes()) {
            Ok(Value::Object(object)) => Value::Object(object),
            _ => Value::String(text),
        },
        Ok(value) => value,
        Err(_) => members_of(body).map_or(Value::Null, Value::Object),
    }
}

/// The members of an object up to the first that is not whole.
fn members_of(body: &[u8]) -> Option<Map<String, Value>> {
    let text = json::repaired(body).unwrap_or(Cow::Borrowed(body));
    let text = String::from_utf8_lossy(&text);
    let mut members = Map::new();
    // The error is why this is called.
    let _ = serde_json::Deserializer::from_str(&text).deserialize_map(Members(&mut members));
    (!members.is_empty()).then_some(members)
}

struct Members<'a>(&'a mut Map<String, Value>);

impl<'de> Visitor<'de> for Members<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<(), A::Error> {
        while let Some(name) = object.next_key()? {
            let value = object.next_value()?;
            self.0.insert(name, value);
        }
        Ok(())
    }
}

/// The body, if it is a short plain text. What is or begins like JSON or markup does not count, whatever it is
/// called.
pub(super) fn text_of<'a>(headers: &HeaderMap, body: &'a [u8]) -> Option<&'a str> {
    if !may_be_text(headers) {
        return None;
    }
    let text = std::str::from_utf8(body).ok()?;
    let text = text.trim_start_matches('\u{feff}').trim();
    let json =
        text.starts_with(['{', '[', '"']) || serde_json::from_str::<IgnoredAny>(text).is_ok();
    (is_message(text) && !json).then_some(text)
}

/// Whether a text may stand for the whole response: it is short, and no markup.
pub(super) fn is_message(text: &str) -> bool {
    let text = text.trim_start();
    !text.is_empty() && text.len() <= TEXT_LIMIT && !text.starts_with('<')
}

/// Whether the body says of itself that it is a problem document (RFC 9457).
pub(super) fn is_problem(headers: &HeaderMap) -> bool {
    media_type(headers)
        .is_some_and(|media_type| media_type.eq_ignore_ascii_case(b"application/problem+json"))
}

/// Whether the content type is text, absent, or that of JSON, which frameworks put on everything.
fn may_be_text(headers: &HeaderMap) -> bool {
    media_type(headers).is_none_or(|media_type| {
        [&b"text/plain"[..], b"application/json"]
            .iter()
            .any(|known| media_type.eq_ignore_ascii_case(known))
    })
}

/// The content type without its parameters.
fn media_type(headers: &HeaderMap) -> Option<&[u8]> {
    let content_type = headers.get(CONTENT_TYPE)?.as_bytes();
    content_type
        .split(|byte| *byte == b';')
        .next()
        .map(<[u8]>::trim_ascii)
}
