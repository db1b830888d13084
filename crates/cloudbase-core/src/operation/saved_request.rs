//! What it takes to send a request again.

use http::{Extensions, HeaderName, HeaderValue, Method, Request, Uri, Version};

use crate::body::Body;

/// A copy of a request whose body can be sent again.
///
/// One is made of most requests, and few are sent again: so it has a list where a request has a map.
#[derive(Debug)]
pub(super) struct SavedRequest {
    method: Method,
    uri: Uri,
    version: Version,
    headers: Vec<(HeaderName, HeaderValue)>,
    extensions: Option<Extensions>,
    body: Body,
}

impl SavedRequest {
    /// A copy of `request`; none if its body can be sent only once.
    pub(super) fn of(request: &Request<Body>) -> Option<Self> {
        let extensions = request.extensions();
        let headers = request.headers().iter();
        Some(Self {
            body: request.body().try_clone()?,
            method: request.method().clone(),
            uri: request.uri().clone(),
            version: request.version(),
            headers: headers
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
            extensions: (!extensions.is_empty()).then(|| extensions.clone()),
        })
    }

    /// The request as it was; none if its body has become one that can be sent only once.
    pub(super) fn to_request(&self) -> Option<Request<Body>> {
        let mut request = Request::new(self.body.try_clone()?);
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.version_mut() = self.version;
        let headers = request.headers_mut();
        for (name, value) in &self.headers {
            headers.append(name, value.clone());
        }
        if let Some(extensions) = &self.extensions {
            request.extensions_mut().clone_from(extensions);
        }
        Some(request)
    }
}

#[cfg(test)]
mod tests;
