//! The id of one request, taken from the caller or made here.

use http::{HeaderMap, HeaderValue, Request};

/// The header that carries the id both ways.
pub(crate) const HEADER: &str = "x-request-id";

/// The id of the request that is being handled; in the extensions of every request.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(pub(crate) String);

impl RequestId {
    /// The caller's id if it is fit to be echoed, else a new one.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let sent = headers
            .get(HEADER)
            .and_then(|value| value.to_str().ok())
            .map(str::trim);
        match sent {
            Some(id) if !id.is_empty() && id.len() <= 128 => Self(id.to_owned()),
            _ => Self(uuid::Uuid::new_v4().to_string()),
        }
    }

    /// The id that the server put into a request's extensions.
    pub(crate) fn from_request<B>(request: &Request<B>) -> Self {
        request
            .extensions()
            .get::<Self>()
            .cloned()
            .unwrap_or_else(|| Self::of(request.headers()))
    }

    pub(crate) fn header_value(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.0).ok()
    }
}
