//! Reads the error bodies of the service: two families, and everything that only looks like them.

mod body;
mod peek;
mod retry_after;
mod shape;

use std::time::SystemTime;

use http::{HeaderMap, StatusCode};
use serde_json::{Map, Value};

pub(crate) use self::retry_after::retry_after;
pub(crate) use self::shape::is_request_id;
use super::text::redacted;
use super::{Error, ErrorCode, ErrorResponse, xml};

/// How errors are reported in a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Envelope {
    /// `{"code", "message", "requestId"}`; the HTTP status alone says whether it is an error.
    Gateway,
    /// As [`Gateway`](Self::Gateway), and a 2xx body with a non-empty string `code` is an error too.
    Coded,
    /// As [`Gateway`](Self::Gateway), and a 2xx body with a string `code` and a string `message` is an error
    /// too, unless it has what a success of the document database has. Documents may have any fields.
    Documents,
    /// `{"error", "error_code", "error_description"}`, an error whatever the status.
    Auth,
    /// As [`Gateway`](Self::Gateway), or `{"statusCode", "error", "message"}`: the buckets of PG mode. The
    /// status in the body counts before that of HTTP.
    Storage,
    /// The object store's XML, or JSON; a redirect has its `location` in the error's details.
    ObjectStore,
}

/// The error that a response carries, if it is one by the rules of its family.
///
/// Every status outside 2xx is an error, with whatever the body offers. Within 2xx it depends on
/// the family: see [`Envelope`].
pub(crate) fn parse(
    family: Envelope,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> Option<Error> {
    // A transport of the user's may hand on more than is read of an error.
    let body = match status.is_success() {
        true => body,
        false => &body[..body.len().min(ErrorResponse::LIMIT + 1)],
    };
    if status.is_success() {
        // Most responses are no error, and some are long: look before parsing, and build nothing of
        // what is only data.
        if !might_be_error(family, body) || !claims_error(family, &peek::fields(body)?) {
            return None;
        }
    } else if family == Envelope::ObjectStore && (body.is_empty() || xml::is_markup(body)) {
        return Some(
            xml::parse(status, headers, body)
                .with_retry_after(retry_after(headers, SystemTime::now())),
        );
    }
    Some(error_of(family, status, headers, body))
}

fn error_of(family: Envelope, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Error {
    let found = shape::read(
        body::value_of(body),
        status,
        family,
        body::is_problem(headers),
    );
    let message = match &found.message {
        Some(message) => Some(message.as_str()),
        None => body::text_of(headers, body),
    };
    let message = match message {
        Some(message) => redacted(message).into_owned(),
        None => describe(status, body),
    };
    let mut error = Error::api(status, found.code.map(ErrorCode::from), message);
    let asked = retry_after(headers, SystemTime::now());
    error.inner.retry_after = asked.or(found.retry_after);
    error.inner.body_status = found.status;
    error.inner.numeric_code = found.number;
    error.inner.details = found.details;
    error.inner.request_id = found.request_id.map(Into::into);
    error.or_request_id(request_id_of(headers))
}

/// Whether it is worth parsing a success. The names are searched for as text, because the standard
/// library's search is quick even where our own code is not optimised; what is no text is no JSON.
fn might_be_error(family: Envelope, body: &[u8]) -> bool {
    let names: &[&str] = match family {
        Envelope::Gateway | Envelope::Storage | Envelope::ObjectStore => return false,
        Envelope::Coded | Envelope::Documents => &["\"code"],
        Envelope::Auth => &["\"error", "\"code"],
    };
    // Rows come as a list, which claims nothing.
    if body.trim_ascii_start().starts_with(b"[") {
        return false;
    }
    std::str::from_utf8(body).is_ok_and(|text| names.iter().any(|name| text.contains(name)))
}

fn claims_error(family: Envelope, object: &Map<String, Value>) -> bool {
    let truthy = |name: &str| match object.get(name) {
        None | Some(Value::Null | Value::Bool(false)) => false,
        // Numbers may come as text.
        Some(Value::String(text)) => !text.is_empty() && text.parse() != Ok(0.0),
        Some(Value::Number(number)) => number.as_f64() != Some(0.0),
        Some(_) => true,
    };
    let coded = || matches!(object.get("code"), Some(Value::String(code)) if !code.is_empty());
    match family {
        Envelope::Gateway | Envelope::Storage | Envelope::ObjectStore => false,
        // A rejection of an auth call by the gateway comes with a message; an authorization code does not.
        Envelope::Auth => {
            truthy("error") || truthy("error_code") || (coded() && object.contains_key("message"))
        }
        Envelope::Coded => coded(),
        Envelope::Documents => {
            let succeeds = || {
                peek::OF_SUCCESS
                    .iter()
                    .any(|name| object.contains_key(*name))
            };
            coded() && object.get("message").is_some_and(Value::is_string) && !succeeds()
        }
    }
}

/// What can be said of a response that says nothing itself, without repeating its content.
fn describe(status: StatusCode, body: &[u8]) -> String {
    let reason = status.canonical_reason().unwrap_or("error");
    if body.is_empty() {
        format!("{reason} (empty body)")
    } else if body.trim_ascii_start().starts_with(b"{") {
        reason.to_owned()
    } else {
        format!(
            "{reason} (the body of {} bytes is no error object)",
            body.len()
        )
    }
}

/// The request id that a response names: the gateway's, what passes it, or the object store.
pub(crate) fn request_id_of(headers: &HeaderMap) -> Option<&str> {
    ["x-request-id", "x-cloudbase-request-id", "x-cos-request-id"]
        .iter()
        .find_map(|name| headers.get(*name)?.to_str().ok())
}
