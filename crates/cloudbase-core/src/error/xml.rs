//! Reads the XML errors of the object store: three elements out of a flat document.

use http::{HeaderMap, StatusCode};
use serde_json::json;

use super::text::redacted;
use super::{Error, ErrorCode};

/// The error in `<Error><Code>…</Code><Message>…</Message><RequestId>…</RequestId></Error>`, or
/// what status and headers say where there is no such body.
pub(super) fn parse(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Error {
    let text = std::str::from_utf8(body).unwrap_or_default();
    let code = element(text, "Code").map(ErrorCode::from);
    let message = element(text, "Message").unwrap_or_else(|| {
        let reason = status.canonical_reason().unwrap_or("error");
        format!("{reason} (from the object store)")
    });
    let mut error = Error::api(status, code, redacted(&message).into_owned());
    let header = |name: &str| headers.get(name)?.to_str().ok();
    error.inner.request_id = element(text, "RequestId").map(Into::into);
    if status.is_redirection() {
        let location = header("location").map(|location| json!({ "location": location }));
        error.inner.details = location;
    }
    error.or_request_id(header("x-cos-request-id"))
}

/// Whether `body` looks like markup rather than JSON.
pub(super) fn is_markup(body: &[u8]) -> bool {
    body.trim_ascii_start().first() == Some(&b'<')
}

/// The text of the first element `name`, if it is not empty.
fn element(document: &str, name: &str) -> Option<String> {
    let (_, inner) = document.split_once(&format!("<{name}>"))?;
    let (text, _) = inner.split_once('<')?;
    let text = unescape(text.trim());
    (!text.is_empty()).then_some(text)
}

fn unescape(text: &str) -> String {
    let mut parts = text.split('&');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let entity = part.split_once(';');
        let (c, rest) = entity
            .and_then(|(entity, rest)| Some((character(entity)?, rest)))
            .unwrap_or(('&', part));
        plain.push(c);
        plain.push_str(rest);
    }
    plain
}

fn character(entity: &str) -> Option<char> {
    Some(match entity {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => {
            let number = entity.strip_prefix('#')?;
            let number = match number.strip_prefix('x') {
                Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(number)?
        }
    })
}

#[cfg(test)]
mod tests;
