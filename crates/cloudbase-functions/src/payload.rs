//! What a call carries, and the limits that the gateway sets for it.

use std::fmt;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use cloudbase_core::http::HeaderValue;
use cloudbase_core::http::header::CONTENT_TYPE;
use cloudbase_core::{Body, DataStream, Error, ErrorKind, Operation, Result, to_json};
use futures_core::Stream;
use http_body::Body as _;
use serde::Serialize;

/// The body of a call, checked when the call is sent so that chains need no `?`.
#[derive(Default)]
pub(crate) enum Payload {
    #[default]
    None,
    Json(Bytes),
    Other {
        content_type: HeaderValue,
        body: Body,
    },
    Invalid(Error),
}

impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The content is the user's data, and may be a secret.
        match self {
            Self::None => f.write_str("None"),
            Self::Json(bytes) => write!(f, "Json({} bytes)", bytes.len()),
            Self::Other { content_type, body } => write!(f, "Other({content_type:?}, {body:?})"),
            Self::Invalid(error) => write!(f, "Invalid({error})"),
        }
    }
}

/// How many bytes a request may carry.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Limit {
    /// Functions: little text, more of anything else.
    Function,
    /// Cloud hosting.
    Hosting,
    /// Everything else that passes the gateway.
    Gateway,
    /// The caller's own.
    Bytes(u64),
}

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

impl Limit {
    fn bytes(self, is_text: bool) -> u64 {
        match self {
            Self::Function if is_text => 100 * KIB,
            Self::Function => 6 * MIB,
            Self::Hosting => 20 * MIB,
            Self::Gateway => 100 * MIB,
            Self::Bytes(limit) => limit,
        }
    }
}

impl Payload {
    pub(crate) fn json<T: Serialize + ?Sized>(value: &T) -> Self {
        match to_json("body", value) {
            Ok(bytes) => Self::Json(bytes.into()),
            Err(error) => Self::Invalid(error),
        }
    }

    pub(crate) fn other(content_type: &str, body: Body) -> Self {
        match HeaderValue::from_str(content_type) {
            Ok(content_type) => Self::Other { content_type, body },
            Err(_) => Self::Invalid(Error::argument(
                "content type",
                "must not contain control characters such as CR, LF or NUL",
            )),
        }
    }

    /// Puts the payload into `operation`, if it keeps the limit.
    pub(crate) fn attach(self, operation: Operation, limit: Limit) -> Result<Operation> {
        let (content_type, body) = match self {
            Self::None => return Ok(operation),
            Self::Json(bytes) => (
                HeaderValue::from_static("application/json"),
                Body::from(bytes),
            ),
            Self::Other { content_type, body } => (content_type, body),
            Self::Invalid(error) => return Err(error),
        };
        let limit = Allowed {
            bytes: limit.bytes(is_text(&content_type)),
            own: matches!(limit, Limit::Bytes(_)),
        };
        let length = body.size_hint();
        if length.lower() > limit.bytes {
            return Err(limit.exceeded(&length.lower()));
        }
        let body = match length.exact() {
            Some(_) => body,
            None => counted(body, limit),
        };
        Ok(operation.header(CONTENT_TYPE, content_type).body(body))
    }
}

/// The limit for one body, and whether the caller set it.
#[derive(Clone, Copy)]
struct Allowed {
    bytes: u64,
    own: bool,
}

impl Allowed {
    fn exceeded(self, length: &dyn fmt::Display) -> Error {
        let limit = self.bytes;
        let rule = if self.own {
            format!("more than the `max_request_size` of {limit}")
        } else {
            format!(
                "but the gateway takes {limit} of this content type; `max_request_size` sets \
                 another limit"
            )
        };
        let message = format!("the body has {length} bytes, {rule}");
        Error::new(ErrorKind::TooLarge, message)
    }
}

/// The same body, broken off where it grows over the limit.
fn counted(body: Body, limit: Allowed) -> Body {
    match body.try_clone() {
        // It can be made again, and each time has to be counted from the start.
        Some(original) => {
            let original = Mutex::new(original);
            Body::factory(move || {
                let original = original.lock().unwrap_or_else(PoisonError::into_inner);
                Body::stream(Counted::new(
                    original.try_clone().unwrap_or_default(),
                    limit,
                ))
            })
        }
        None => Body::stream(Counted::new(body, limit)),
    }
}

/// A body that does not say how long it is.
struct Counted {
    body: DataStream,
    left: u64,
    limit: Allowed,
}

impl Counted {
    fn new(body: Body, limit: Allowed) -> Self {
        Self {
            body: body.into_data_stream(),
            left: limit.bytes,
            limit,
        }
    }
}

impl Stream for Counted {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let item = ready!(Pin::new(&mut self.body).poll_next(cx));
        if let Some(Ok(bytes)) = &item {
            match self.left.checked_sub(bytes.len() as u64) {
                Some(left) => self.left = left,
                None => {
                    let length = format_args!("more than {}", self.limit.bytes);
                    return Poll::Ready(Some(Err(self.limit.exceeded(&length))));
                }
            }
        }
        Poll::Ready(item)
    }
}

/// What the gateway counts as text.
fn is_text(content_type: &HeaderValue) -> bool {
    let media_type = content_type.to_str().unwrap_or_default();
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    let starts = |prefix: &str| {
        media_type
            .get(..prefix.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    // JSON is not among them: an event may have what the platform takes, 6 MB. Unconfirmed: the one list of text types
    // in the documents, for another purpose, begins with JSON.
    starts("text/") || media_type.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

#[cfg(test)]
mod tests {
    use cloudbase_core::http::{Method, Uri};

    use super::*;

    fn attach(payload: Payload, limit: Limit) -> Result<Operation> {
        let operation = Operation::new("t", "/t", Method::POST, Uri::from_static("/t"));
        payload.attach(operation, limit)
    }

    #[test]
    fn the_limit_depends_on_the_content_type() {
        let at = |content_type, length: u64| {
            let body = Body::from(vec![b'x'; length as usize]);
            attach(Payload::other(content_type, body), Limit::Function)
        };
        assert!(at("text/plain; charset=utf-8", 100 * KIB).is_ok());
        let error = at("Text/Plain", 100 * KIB + 1).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge);
        assert_eq!(
            error.message(),
            "the body has 102401 bytes, but the gateway takes 102400 of this content type; \
             `max_request_size` sets another limit"
        );
        assert!(!error.is_retryable());
        assert!(at("application/json", 6 * MIB).is_ok());
        assert!(at("image/png", 6 * MIB + 1).is_err());
    }

    #[test]
    fn a_stream_of_stated_length_is_checked_too() {
        let stream = || {
            let chunks = futures_util::stream::empty::<Result<Bytes>>();
            Body::stream(chunks)
        };
        let long = stream().with_length(20 * MIB + 1);
        assert!(attach(Payload::other("image/png", long), Limit::Hosting).is_err());
        let unknown = Payload::other("image/png", stream());
        assert!(attach(unknown, Limit::Hosting).is_ok());
        let own = Payload::other("image/png", stream().with_length(11));
        assert_eq!(
            attach(own, Limit::Bytes(10)).unwrap_err().message(),
            "the body has 11 bytes, more than the `max_request_size` of 10"
        );
    }

    #[test]
    fn what_cannot_be_encoded_is_rejected_when_sent() {
        let keys = std::collections::HashMap::from([((1, 2), 3)]);
        let error = attach(Payload::json(&keys), Limit::Gateway).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Encode);
        let numbers = std::collections::BTreeMap::from([("a", [0.5, f64::NAN])]);
        let error = attach(Payload::json(&numbers), Limit::Gateway).unwrap_err();
        assert_eq!(
            error.message(),
            "`body` must hold finite numbers only: `a[1]` is NaN"
        );
        let error = attach(Payload::other("a\nb", Body::empty()), Limit::Gateway).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Argument);
    }
}
