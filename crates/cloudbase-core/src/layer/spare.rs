//! What it takes to send a request a second time.

use http::{Extensions, HeaderMap, Method, Request, Uri, Version};

use crate::body::Body;
use crate::operation::CallInfo;

/// A copy of a request whose body can be sent again.
#[derive(Debug)]
pub(super) struct Spare {
    method: Method,
    uri: Uri,
    version: Version,
    headers: HeaderMap,
    body: Body,
    call: Option<CallInfo>,
    extensions: Extensions,
}

impl Spare {
    /// A copy, unless the body can be sent only once.
    pub(super) fn of(request: &Request<Body>) -> Option<Self> {
        let body = request.body().try_clone()?;
        let extensions = request.extensions();
        let call = extensions.get::<CallInfo>().cloned();
        // Copying the map costs three allocations on every call, for a copy that is seldom used:
        // with nothing but our own value in it, that value is enough.
        let only_ours = extensions.len() == usize::from(call.is_some());
        Some(Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            version: request.version(),
            headers: request.headers().clone(),
            body,
            call,
            extensions: if only_ours {
                Extensions::new()
            } else {
                extensions.clone()
            },
        })
    }

    pub(super) fn into_request(self) -> Request<Body> {
        let mut request = Request::new(self.body);
        *request.method_mut() = self.method;
        *request.uri_mut() = self.uri;
        *request.version_mut() = self.version;
        *request.headers_mut() = self.headers;
        *request.extensions_mut() = self.extensions;
        if let Some(call) = self.call {
            request.extensions_mut().insert(call);
        }
        request
    }
}
