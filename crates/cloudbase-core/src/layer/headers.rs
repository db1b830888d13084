//! Adds the headers that every call to the gateway carries.

use std::sync::Arc;

use http::header::{ACCEPT, ACCEPT_ENCODING, ACCEPT_LANGUAGE, USER_AGENT};
use http::{HeaderName, HeaderValue};

use super::next::tower_layer;
use super::{Next, Reply};
use crate::config::Config;
use crate::error::{BoxError, Error, Result};
use crate::operation::Call;

/// `X-SDK-Version`, with which the service knows its SDKs.
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

    pub(crate) fn around<N>(&self, next: N) -> Headers<N> {
        Headers {
            next,
            values: self.values.clone(),
        }
    }
}

/// Adds `X-SDK-Version`, `x-request-id`, `Accept`, `Accept-Language` and `User-Agent` to calls to
/// the gateway, where the call does not set them itself. Calls to other hosts, such as the object
/// store, get only the user agent.
#[derive(Clone, Debug)]
pub struct Headers<N> {
    next: N,
    values: Arc<Values>,
}

tower_layer!(HeadersLayer, Headers);

impl<N: Next> Next for Headers<N> {
    async fn send(&self, call: &mut Call) -> Result<Reply, BoxError> {
        self.values.add_to(call);
        self.next.send(call).await
    }
}

impl Values {
    fn add_to(&self, call: &mut Call) {
        let context = call.info.context();
        let external = context.external || call.foreign;
        let gzip = cfg!(feature = "gzip") && !context.transfer;
        let headers = call.request.headers_mut();
        // A request has few headers: looking at each is cheaper than a hash for each of ours.
        let mut set = [false; COUNT];
        for name in headers.keys() {
            for (set, own) in set.iter_mut().zip(&DEFAULTS) {
                *set |= name == own;
            }
        }
        let [agent, sdk, accept, language, id, encoding] = set;
        if !agent {
            headers.insert(USER_AGENT, self.user_agent.clone());
        }
        if !sdk && !external {
            headers.insert(SDK_VERSION, HeaderValue::from_static(SDK));
        }
        if !accept && !external {
            headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        }
        if !language && !external {
            headers.insert(ACCEPT_LANGUAGE, self.language.clone());
        }
        if !id
            && !external
            && let Some(id) = context.request_id.header()
        {
            headers.insert(REQUEST_ID, id);
        }
        if !encoding && gzip {
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        }
    }
}

const SDK: &str = concat!("@cloudbase/rust-sdk/", env!("CARGO_PKG_VERSION"));
