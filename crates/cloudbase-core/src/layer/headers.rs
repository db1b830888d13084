//! Adds the headers that every call to the gateway carries.

use std::sync::Arc;
use std::task::{Context, Poll};

use http::header::{ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, Entry, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use tower::{Layer, Service};

use crate::body::Body;
use crate::config::Config;
use crate::error::{Error, Result};
use crate::operation::CallInfo;

/// `X-SDK-Version`, by which the service knows its SDKs.
const SDK_VERSION: HeaderName = HeaderName::from_static("x-sdk-version");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

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
        let call = request.extensions().get::<CallInfo>().cloned();
        let headers = request.headers_mut();
        headers.reserve(6);
        default(headers, USER_AGENT, &self.values.user_agent);
        if !call.as_ref().is_some_and(CallInfo::is_external) {
            default(headers, SDK_VERSION, &HeaderValue::from_static(SDK));
            default(
                headers,
                ACCEPT,
                &HeaderValue::from_static("application/json"),
            );
            default(headers, ACCEPT_LANGUAGE, &self.values.language);
            if let Some(call) = &call
                && let Entry::Vacant(vacant) = headers.entry(REQUEST_ID)
                && let Some(id) = call.0.request_id.header()
            {
                vacant.insert(id);
            }
        }
        if cfg!(feature = "gzip") && !call.is_some_and(|call| call.0.transfer) {
            default(headers, ACCEPT_ENCODING, &HeaderValue::from_static("gzip"));
        }
        self.inner.call(request)
    }
}

const SDK: &str = concat!("@cloudbase/rust-sdk/", env!("CARGO_PKG_VERSION"));

fn default(headers: &mut HeaderMap, name: HeaderName, value: &HeaderValue) {
    if let Entry::Vacant(vacant) = headers.entry(name) {
        vacant.insert(value.clone());
    }
}
