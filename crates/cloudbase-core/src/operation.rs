//! One call as a value: what to send, how it may be repeated, and how its answer is read.

mod options;
mod path;
mod request_id;

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use serde::Serialize;
use tokio::time::Instant;

pub use self::options::CallOptions;
pub use self::path::{PathBuilder, encode_component};
pub(crate) use self::request_id::RequestId;
use crate::body::Body;
use crate::error::{Error, ErrorKind, Result};

/// Whether a call may be repeated after some of it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Idempotency {
    /// Reads only.
    Safe,
    /// Writes, but twice is the same as once: an upsert, a put, a delete by id.
    Idempotent,
    /// A second time has a second effect: an insert, a function call, a spent code.
    Unsafe,
}

impl Idempotency {
    /// Whether the call may be repeated after it was sent.
    pub fn is_repeatable(self) -> bool {
        !matches!(self, Self::Unsafe)
    }
}

/// Which credential a call carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CredentialUse {
    /// The session's token, else the access key, else a local error that says what to configure.
    Required,
    /// The session's token, else the access key, else nothing.
    Optional,
    /// A signed-in user's token; an access key will not do.
    Session,
    /// The access key or nothing, never the session's token: auth calls that need no user.
    AccessKey,
    /// Nothing at all: calls to other hosts, such as the object store.
    None,
}

/// How errors are told in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Envelope {
    /// `{"code", "message", "requestId"}`; the HTTP status alone says whether it is an error.
    Gateway,
    /// As [`Gateway`](Self::Gateway), and a 2xx body with a non-empty string `code` is an error too.
    Coded,
    /// `{"error", "error_code", "error_description"}`, an error whatever the status.
    Auth,
    /// The object store's XML, or JSON; a redirect tells its `location` in the error's details.
    ObjectStore,
}

/// A call that is ready to be sent by [`Client::execute`](crate::Client::execute).
///
/// Made by the builders of the product crates, without any I/O. The fields are readable, so that
/// builders can be tested without a client.
#[derive(Debug)]
pub struct Operation {
    pub(crate) name: &'static str,
    pub(crate) template: &'static str,
    pub(crate) method: Method,
    pub(crate) target: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Body,
    pub(crate) idempotency: Idempotency,
    pub(crate) credential: CredentialUse,
    pub(crate) envelope: Envelope,
    pub(crate) transfer: bool,
    pub(crate) options: CallOptions,
}

impl Operation {
    /// A call named `name` (`mysql.select`: product and verb) to `target`: a path with query on
    /// the gateway, made by [`PathBuilder`], or a whole URL of another host.
    ///
    /// `template` is the path without values (`/v1/functions/{name}`): it is what traces show.
    ///
    /// Repeatable if the method is; credential [`Required`](CredentialUse::Required); errors as
    /// [`Gateway`](Envelope::Gateway).
    pub fn new(name: &'static str, template: &'static str, method: Method, target: Uri) -> Self {
        let idempotency = match method {
            Method::GET | Method::HEAD | Method::OPTIONS => Idempotency::Safe,
            Method::PUT | Method::DELETE => Idempotency::Idempotent,
            _ => Idempotency::Unsafe,
        };
        Self {
            name,
            template,
            method,
            target,
            // Room for what the layers add, so that the map is not made twice.
            headers: HeaderMap::with_capacity(12),
            body: Body::empty(),
            idempotency,
            credential: CredentialUse::Required,
            envelope: Envelope::Gateway,
            transfer: false,
            options: CallOptions::default(),
        }
    }

    /// Sends `value` as JSON.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Encode`] if it cannot be written as JSON.
    pub fn json<T: Serialize + ?Sized>(mut self, value: &T) -> Result<Self> {
        let bytes = serde_json::to_vec(value).map_err(|error| {
            Error::new(
                ErrorKind::Encode,
                format!("the body cannot be written as JSON: {error}"),
            )
            .with_operation(self.name)
        })?;
        self.headers
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        self.body = bytes.into();
        Ok(self)
    }

    /// Sends `body` as it is; give its content type by [`header`](Self::header).
    #[must_use]
    pub fn body(mut self, body: impl Into<Body>) -> Self {
        self.body = body.into();
        self
    }

    /// Sets a header of the call.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Asks for JSON; the default of calls that decode it.
    #[must_use]
    pub fn accept(self, media_type: &'static str) -> Self {
        self.header(ACCEPT, HeaderValue::from_static(media_type))
    }

    /// Says how the call may be repeated.
    #[must_use]
    pub fn idempotency(mut self, idempotency: Idempotency) -> Self {
        self.idempotency = idempotency;
        self
    }

    /// Says which credential the call carries.
    #[must_use]
    pub fn credential(mut self, credential: CredentialUse) -> Self {
        self.credential = credential;
        self
    }

    /// Says how errors are told in the answer.
    #[must_use]
    pub fn envelope(mut self, envelope: Envelope) -> Self {
        self.envelope = envelope;
        self
    }

    /// Marks an upload or download of any length: no total and no per-attempt deadline once it
    /// moves, only the stall guard.
    #[must_use]
    pub fn transfer(mut self) -> Self {
        self.transfer = true;
        self
    }

    /// Applies what the caller chose for this one call.
    #[must_use]
    pub fn options(mut self, options: CallOptions) -> Self {
        self.options = options;
        self
    }

    /// The name of the operation, as in its span.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The HTTP method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// Path and query on the gateway, or the whole URL of another host.
    pub fn target(&self) -> &Uri {
        &self.target
    }

    /// The headers that the operation itself sets.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The body, if it is at hand as bytes.
    pub fn body_bytes(&self) -> Option<&[u8]> {
        self.body.as_bytes()
    }

    /// Whether the call may be repeated after it was sent, by the operation or the caller's word.
    pub fn is_repeatable(&self) -> bool {
        self.options
            .idempotent
            .unwrap_or(self.idempotency.is_repeatable())
    }
}

/// What a call says of itself to the layers: found in a request's extensions.
///
/// ```
/// use cloudbase_core::{Body, CallInfo};
/// use http::Request;
///
/// fn name(request: &Request<Body>) -> &'static str {
///     request.extensions().get::<CallInfo>().map_or("unknown", |call| call.operation())
/// }
/// ```
#[derive(Clone, Debug)]
pub struct CallInfo(pub(crate) Arc<CallState>);

#[derive(Debug)]
pub(crate) struct CallState {
    pub(crate) name: &'static str,
    pub(crate) template: &'static str,
    pub(crate) idempotent: bool,
    pub(crate) credential: CredentialUse,
    pub(crate) envelope: Envelope,
    pub(crate) transfer: bool,
    pub(crate) external: bool,
    pub(crate) options: CallOptions,
    pub(crate) request_id: RequestId,
    pub(crate) attempts: AtomicU32,
    /// Set anew by each pass: a layer of the user's may repeat the call.
    pub(crate) deadline: Mutex<Option<Instant>>,
}

impl CallState {
    /// When the call has to be done, if it has to.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        *self.deadline.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_deadline(&self, end: Option<Instant>) {
        *self.deadline.lock().unwrap_or_else(PoisonError::into_inner) = end;
    }
}

impl CallInfo {
    /// The operation's name: `mysql.select`.
    pub fn operation(&self) -> &'static str {
        self.0.name
    }

    /// The path without values: `/v1/functions/{name}`.
    pub fn template(&self) -> &'static str {
        self.0.template
    }

    /// Whether the call may be repeated after it was sent.
    pub fn is_idempotent(&self) -> bool {
        self.0.idempotent
    }

    /// Which credential the call carries.
    pub fn credential(&self) -> CredentialUse {
        self.0.credential
    }

    /// Whether the call goes to another host than the gateway: no credential, no SDK headers.
    pub fn is_external(&self) -> bool {
        self.0.external
    }

    /// How many times the call was put on the wire so far.
    pub fn attempts(&self) -> u32 {
        self.0.attempts.load(Ordering::Relaxed)
    }

    /// The id that this call sends as `x-request-id`, the same for all its attempts.
    pub fn request_id(&self) -> &str {
        self.0.request_id.as_str()
    }
}
