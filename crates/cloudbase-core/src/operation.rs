//! One call as a value: what to send, how it may be repeated, and how its response is read.

mod call;
pub(crate) mod encode;
mod identity;
mod lineage;
mod options;
mod path;
mod request_id;
mod saved_request;

use std::fmt;

use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri};
use serde::Serialize;

pub use self::call::CallInfo;
pub(crate) use self::call::{Call, Deadline, Effect};
pub use self::encode::to_json;
pub(crate) use self::identity::{CallIdentity, Identity};
pub use self::lineage::Lineage;
pub use self::options::{CallOptions, connection_header};
pub use self::path::PathBuilder;
pub(crate) use self::request_id::RequestId;
use crate::body::Body;
use crate::error::{Envelope, Result};

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

impl CredentialUse {
    /// The same without falling back to the access key.
    pub(crate) fn of_a_user(self) -> Self {
        match self {
            Self::Required | Self::Optional => Self::Session,
            other => other,
        }
    }
}

/// A call that is ready to be sent by [`Client::execute`](crate::Client::execute).
///
/// Made by the builders of the product crates, without any I/O. The fields are readable, so that
/// builders can be tested without a client.
#[must_use = "does nothing until it is sent"]
pub struct Operation {
    /// Apart, because builders hand an operation on from function to function.
    pub(crate) parts: Box<Parts>,
}

/// What an [`Operation`] is made of.
pub(crate) struct Parts {
    pub(crate) name: &'static str,
    pub(crate) template: &'static str,
    /// What goes out, but for what the layers add.
    pub(crate) request: Request<Body>,
    pub(crate) idempotency: Idempotency,
    pub(crate) credential: CredentialUse,
    pub(crate) envelope: Envelope,
    pub(crate) transfer: bool,
    pub(crate) keeps_response: bool,
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
        let mut parts = Box::new(Parts {
            name,
            template,
            request: Request::default(),
            idempotency,
            credential: CredentialUse::Required,
            envelope: Envelope::Gateway,
            transfer: false,
            keeps_response: false,
            options: CallOptions::default(),
        });
        *parts.request.method_mut() = method;
        *parts.request.uri_mut() = target;
        // Room for what the layers add, so that the map is made once.
        parts.request.headers_mut().reserve(12);
        Self { parts }
    }

    /// Sends `value` as JSON.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Encode`](crate::ErrorKind::Encode) if it cannot be written as JSON,
    /// [`ErrorKind::Argument`](crate::ErrorKind::Argument) if it holds a
    /// number that is NaN or infinite; the message names the place.
    pub fn json<T: Serialize + ?Sized>(mut self, value: &T) -> Result<Self> {
        let bytes =
            to_json("body", value).map_err(|error| error.with_operation(self.parts.name))?;
        self.parts
            .request
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(self.body(bytes))
    }

    /// Sends `body` as it is; give its content type by [`header`](Self::header).
    pub fn body(mut self, body: impl Into<Body>) -> Self {
        *self.parts.request.body_mut() = body.into();
        self
    }

    /// Sets a header of the call.
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.parts.request.headers_mut().insert(name, value);
        self
    }

    /// Asks for JSON; the default of calls that decode it.
    pub fn accept(self, media_type: &'static str) -> Self {
        self.header(ACCEPT, HeaderValue::from_static(media_type))
    }

    /// Says how the call may be repeated.
    pub fn idempotency(mut self, idempotency: Idempotency) -> Self {
        self.parts.idempotency = idempotency;
        self
    }

    /// Says which credential the call carries.
    pub fn credential(mut self, credential: CredentialUse) -> Self {
        self.parts.credential = credential;
        self
    }

    /// Says how errors are reported in the response.
    pub fn envelope(mut self, envelope: Envelope) -> Self {
        self.parts.envelope = envelope;
        self
    }

    /// Marks an upload or download of any length: no total and no per-attempt deadline once it
    /// moves, only the stall guard.
    pub fn transfer(mut self) -> Self {
        self.parts.transfer = true;
        self
    }

    /// Keeps the response in the error that is made of it: for calls of the user's own code, whose words
    /// nobody here knows. Others would keep what only the service may say of its users.
    pub fn keep_error_response(mut self) -> Self {
        self.parts.keeps_response = true;
        self
    }

    /// Applies what the caller chose for this one call.
    pub fn options(mut self, options: CallOptions) -> Self {
        self.parts.options = options;
        self
    }

    /// The name of the operation, as in its span.
    pub fn name(&self) -> &'static str {
        self.parts.name
    }

    /// The HTTP method.
    pub fn method(&self) -> &Method {
        self.parts.request.method()
    }

    /// Path and query on the gateway, or the whole URL of another host.
    pub fn target(&self) -> &Uri {
        self.parts.request.uri()
    }

    /// The headers that the operation itself sets: the caller's, the session's and the SDK's come when it is
    /// sent.
    pub fn headers(&self) -> &HeaderMap {
        self.parts.request.headers()
    }

    /// The body, if it is at hand as bytes.
    pub fn body_bytes(&self) -> Option<&[u8]> {
        self.parts.request.body().as_bytes()
    }

    /// Whether the call may be repeated after it was sent, by the operation or the caller's word.
    pub fn is_repeatable(&self) -> bool {
        self.parts
            .options
            .idempotent()
            .unwrap_or(self.parts.idempotency.is_repeatable())
    }
}

/// Without the target, whose query may have a signature or a code, and without the body.
impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = &self.parts;
        f.debug_struct("Operation")
            .field("name", &parts.name)
            .field("method", parts.request.method())
            .field("template", &parts.template)
            .field("options", &parts.options)
            .finish_non_exhaustive()
    }
}
