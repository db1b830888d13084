//! Adds the headers that every call to the gateway carries.

use std::sync::Arc;
use std::task::{Context, Poll};

use http::header::{ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, USER_AGENT};
use http::{HeaderName, HeaderValue, Request};
use tower::{Layer, Service};

use crate::body::Body;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::operation::CallInfo;

/// `X-SDK-Version`, by which the service knows its SDKs.
const SDK_VERSION: HeaderName = HeaderName::from_static("x-sdk-version");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const COUNT: usize = 6;

/// What is added where the call does not set it.
static DEFAULTS: [HeaderName; COUNT] = [
    USER_AGENT,
    SDK_VERSION,
    ACCEPT,
    ACCEPT_LANGUAGE,
    REQUEST_ID,
    ACCEPT_ENCODING,
];

/// Adds the SDK's headers; see [`Headers`].
#[derive(Clone, Debug)]
pub struct HeadersLayer {
    values: Arc<Values>,
}

#[derive(Debug)]
struct Values {
    user_agent: HeaderValue,
    language: HeaderValue,
}

impl HeadersLayer {
    /// The layer with the language and user agent of `config`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) if one of them is no header value.
    pub fn new(config: &Config) -> Result<Self> {
        let value = |setting: &str, text: &str| {
            HeaderValue::from_str(text).map_err(|_| {
                Error::config(
                    setting,
                    "must not contain control characters such as CR, LF or NUL",
                )
            })
        };
        let values = Values {
            user_agent: value("user_agent", config.user_agent())?,
            language: value("language", config.language())?,
        };
        Ok(Self {
            values: Arc::new(values),
        })
    }
}

impl<S> Layer<S> for HeadersLayer {
    type Service = Headers<S>;

    fn layer(&self, inner: S) -> Headers<S> {
        Headers {
            inner,
            values: self.values.clone(),
        }
    }
}

/// Adds `X-SDK-Version`, `x-request-id`, `Accept`, `Accept-Language` and `User-Agent` to calls to
/// the gateway, where the call does not set them itself. Calls to other hosts, such as the object
/// store, get only the user agent.
#[derive(Clone, Debug)]
pub struct Headers<S> {
    inner: S,
    values: Arc<Values>,
}

impl<S> Service<Request<Body>> for Headers<S>
where
    S: Service<Request<Body>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> S::Future {
        let call = CallInfo::of(&request);
        let external = call.is_some_and(CallInfo::is_external);
        let transfer = call.is_some_and(|call| call.0.transfer);
        let request_id = call.map(|call| call.0.request_id);
        let gzip = cfg!(feature = "gzip") && !transfer;
        let headers = request.headers_mut();
        // A request has few headers: looking at each is cheaper than a hash for each of ours.
        let mut set = [false; COUNT];
        for name in headers.keys() {
            for (set, own) in set.iter_mut().zip(&DEFAULTS) {
                *set |= name == own;
            }
        }
        let [agent, sdk, accept, language, id, encoding] = set;
        if !agent {
            headers.insert(USER_AGENT, self.values.user_agent.clone());
        }
        if !sdk && !external {
            headers.insert(SDK_VERSION, HeaderValue::from_static(SDK));
        }
        if !accept && !external {
            headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        }
        if !language && !external {
            headers.insert(ACCEPT_LANGUAGE, self.values.language.clone());
        }
        if !id
            && !external
            && let Some(id) = request_id.and_then(|id| id.header())
        {
            headers.insert(REQUEST_ID, id);
        }
        if !encoding && gzip {
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        }
        self.inner.call(request)
    }
}

const SDK: &str = concat!("@cloudbase/rust-sdk/", env!("CARGO_PKG_VERSION"));
