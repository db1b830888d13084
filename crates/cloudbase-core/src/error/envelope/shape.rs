//! Finds code, message, request id and details in the shapes in which services and frameworks write
//! their errors.

mod auth;

use std::time::Duration;

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::Envelope;
use super::body::is_message;
use super::retry_after;

/// What an error body says.
#[derive(Debug, Default)]
pub(super) struct Stated {
    pub(super) code: Option<String>,
    pub(super) number: Option<i64>,
    /// The status that the body names itself.
    pub(super) status: Option<StatusCode>,
    pub(super) message: Option<String>,
    pub(super) request_id: Option<String>,
    pub(super) details: Option<Value>,
    /// What the body itself asks to wait.
    pub(super) retry_after: Option<Duration>,
}

/// The longest code that is one: no token is so short.
const CODE_LIMIT: usize = 64;
/// The longest request id that is one.
const ID_LIMIT: usize = 128;
/// How many messages of a list are joined.
const LIST_LIMIT: usize = 8;

const MESSAGES: [&str; 7] = [
    "message",
    "error_description",
    "msg",
    "errmsg",
    "errMsg",
    "Message",
    "detail",
];

/// What names the kind of error in a problem document. In any other JSON these are data, like the title
/// of a book.
const PROBLEM: [&str; 2] = ["title", "description"];

/// What `body` says. In the order of the service's own forms first: `{code, message, requestId}` and
/// `{error, error_code, error_description}`, then those of the older APIs, then an error within the
/// error, then lists of errors. At `/auth` the second of these comes first.
/// `is_problem`: whether it is a problem document.
pub(super) fn read(body: Value, status: StatusCode, family: Envelope, is_problem: bool) -> Stated {
    match body {
        Value::Object(object) => read_object(object, status, family, is_problem),
        list @ Value::Array(_) => Stated {
            message: texts(&list),
            details: Some(list),
            ..Stated::default()
        },
        Value::String(text) if is_message(&text) => Stated {
            message: Some(text),
            ..Stated::default()
        },
        _ => Stated::default(),
    }
}

fn read_object(
    mut object: Map<String, Value>,
    status: StatusCode,
    family: Envelope,
    is_problem: bool,
) -> Stated {
    // `{"Response": {"Error": {…}, "RequestId": …}}` of Tencent Cloud's APIs.
    if let Some(Value::Object(response)) = object.get("Response")
        && response.get("Error").is_some_and(Value::is_object)
    {
        object = response.clone();
    }
    let within = ["error", "Error", "detail"]
        .iter()
        .find_map(|name| object.get(*name)?.as_object());
    let only = only_error(&object);
    let error =
        text(&object, "error").filter(|error| Some(error.as_str()) != status.canonical_reason());
    let is_auth = family == Envelope::Auth;
    let names_status = matches!(family, Envelope::Storage | Envelope::ObjectStore);
    let word = is_auth.then(|| auth::word(&object, status)).flatten();
    let code = word
        .or_else(|| {
            let mut names = ["code", "errcode", "errCode"].iter();
            names.find_map(|name| code(&object, name))
        })
        .or_else(|| error.filter(|error| is_code(error)))
        .or_else(|| word_in_error_code(&object))
        .or_else(|| within.and_then(|within| code_within(within, status)))
        .or_else(|| code(only?.get("extensions")?.as_object()?, "code"))
        .or_else(|| code(only?, "code"));
    let number = number(&object);
    let described = is_auth.then(|| non_blank(&object, "error_description"));
    let message = described
        .flatten()
        .or_else(|| message(&object))
        .or_else(|| {
            PROBLEM
                .iter()
                .find_map(|name| non_blank(&object, name))
                .filter(|_| is_problem)
        })
        .or_else(|| within.and_then(message))
        .or_else(|| {
            ["message", "errors", "detail"]
                .iter()
                .find_map(|name| texts(object.get(*name)?))
        })
        // A phrase where a code should be says more than nothing.
        .or_else(|| text(&object, "error").filter(|error| Some(error) != code.as_ref()))
        .or_else(|| text(&object, "code").filter(|it| Some(it) != code.as_ref()));
    let request_id = ["requestId", "request_id", "RequestId"]
        .iter()
        .find_map(|name| text(&object, name).or_else(|| text(within?, name)))
        .filter(|id| is_request_id(id));
    Stated {
        code,
        number,
        status: names_status.then(|| stated_status(&object)).flatten(),
        message,
        request_id,
        // The user's own code may mean anything by a field of that name.
        retry_after: is_auth.then(|| retry_after::in_body(&object)).flatten(),
        details: details(object),
    }
}

/// The number of the error, which may come as text.
fn number(object: &Map<String, Value>) -> Option<i64> {
    let mut names = ["error_code", "errcode", "errCode"].iter();
    names.find_map(|name| match object.get(*name)? {
        Value::String(text) => text.trim().parse().ok(),
        number => number.as_i64(),
    })
}

/// The `statusCode` of storage, which may come as text; of errors only.
fn stated_status(object: &Map<String, Value>) -> Option<StatusCode> {
    let status = text(object, "statusCode")?;
    let status = StatusCode::from_bytes(status.trim().as_bytes()).ok()?;
    (status.is_client_error() || status.is_server_error()).then_some(status)
}

/// A word where auth has its numbers, which may come as text.
fn word_in_error_code(object: &Map<String, Value>) -> Option<String> {
    let text = object.get("error_code")?.as_str()?;
    let is_number = text.trim().parse::<i64>().is_ok();
    as_code(text).filter(|_| !is_number)
}

/// Whether `text` may be a code: anything else is a phrase, or no word at all.
fn is_code(text: &str) -> bool {
    (1..=CODE_LIMIT).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte))
}

/// Whether `text` may be a request id: one word.
pub(crate) fn is_request_id(text: &str) -> bool {
    (1..=ID_LIMIT).contains(&text.len())
        && !text.contains(|c: char| c.is_control() || c.is_whitespace())
}

fn as_code(text: &str) -> Option<String> {
    is_code(text).then(|| text.to_owned())
}

fn code(object: &Map<String, Value>, name: &str) -> Option<String> {
    text(object, name).filter(|text| is_code(text))
}

/// The code of an error within the error; Google's APIs repeat the status there and have the word beside
/// it.
fn code_within(within: &Map<String, Value>, status: StatusCode) -> Option<String> {
    let code = ["code", "Code"].iter().find_map(|name| code(within, name));
    match code {
        Some(number) if number == status.as_str() => {
            let word = within.get("status").and_then(Value::as_str);
            word.and_then(as_code).or(Some(number))
        }
        code => code,
    }
}

/// The one element of a list of errors, as GraphQL and JSON:API have it.
fn only_error(object: &Map<String, Value>) -> Option<&Map<String, Value>> {
    match object.get("errors")?.as_array()?.as_slice() {
        [only] => only.as_object(),
        _ => None,
    }
}

fn message(object: &Map<String, Value>) -> Option<String> {
    MESSAGES.iter().find_map(|name| non_blank(object, name))
}

fn non_blank(object: &Map<String, Value>, name: &str) -> Option<String> {
    let text = object.get(name)?.as_str()?;
    (!text.trim().is_empty()).then(|| text.to_owned())
}

/// The texts of a list of texts, or of objects with a message.
fn texts(list: &Value) -> Option<String> {
    let texts: Vec<String> = list
        .as_array()?
        .iter()
        .filter_map(|item| match item {
            Value::String(text) => Some(text.clone()),
            Value::Object(object) => message(object),
            _ => None,
        })
        .take(LIST_LIMIT)
        .collect();
    (!texts.is_empty()).then(|| texts.join("; "))
}

/// What is said beyond code and message.
fn details(mut object: Map<String, Value>) -> Option<Value> {
    let mut take = |name: &str| object.remove(name).filter(|value| !value.is_null());
    if let Some(hint) = take("hint") {
        return Some(json!({ "details": take("details"), "hint": hint }));
    }
    take("details")
        .or_else(|| take("errors"))
        .or_else(|| beyond(take("error").or_else(|| take("Error"))?))
        .or_else(|| take("detail").filter(|it| !it.is_string()))
        .or_else(|| take("message").filter(|it| !it.is_string()))
}

/// What an error within the error says beyond code and message.
fn beyond(error: Value) -> Option<Value> {
    let Value::Object(mut error) = error else {
        return None;
    };
    if let Some(details) = error.remove("details").filter(|value| !value.is_null()) {
        return Some(details);
    }
    let known = ["code", "Code", "message", "Message"];
    let more = error.keys().any(|name| !known.contains(&name.as_str()));
    more.then_some(Value::Object(error))
}

fn text(object: &Map<String, Value>, name: &str) -> Option<String> {
    match object.get(name)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
