//! What it takes to send a request a second time.

use http::{Extensions, HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, Version};

use crate::body::Body;
use crate::operation::CallInfo;

/// A copy of a request whose body can be sent again.
///
/// One is made on every call, and seldom used: what usually fits is kept without an allocation.
#[derive(Debug)]
pub(super) struct Spare {
    method: Method,
    uri: Uri,
    version: Version,
    headers: Headers,
    body: Body,
    call: Option<CallInfo>,
    extensions: Extensions,
}

/// How many headers are copied in place; calls of the SDK have one or two at this point.
const FEW: usize = 3;

#[derive(Debug)]
enum Headers {
    Few([Option<(HeaderName, HeaderValue)>; FEW]),
    Many(HeaderMap),
}

impl Spare {
    /// A copy, unless the body can be sent only once.
    pub(super) fn of(request: &Request<Body>) -> Option<Self> {
        let body = request.body().try_clone()?;
        let extensions = request.extensions();
        let call = extensions.get::<CallInfo>().cloned();
        // With nothing but our own value in the map, that value is enough.
        let only_ours = extensions.len() == usize::from(call.is_some());
        Some(Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            version: request.version(),
            headers: Headers::of(request.headers()),
            body,
            call,
            extensions: if only_ours {
                Extensions::new()
            } else {
                extensions.clone()
            },
        })
    }

    /// The call that the request belongs to.
    pub(super) fn call(&self) -> Option<&CallInfo> {
        self.body.call().or(self.call.as_ref())
    }

    pub(super) fn into_request(self) -> Request<Body> {
        let mut request = Request::new(self.body);
        *request.method_mut() = self.method;
        *request.uri_mut() = self.uri;
        *request.version_mut() = self.version;
        *request.headers_mut() = self.headers.into_map();
        *request.extensions_mut() = self.extensions;
        if let Some(call) = self.call {
            request.extensions_mut().insert(call);
        }
        request
    }
}

impl Headers {
    fn of(map: &HeaderMap) -> Self {
        if map.len() > FEW {
            return Self::Many(map.clone());
        }
        let mut few = [const { None }; FEW];
        for (slot, (name, value)) in few.iter_mut().zip(map) {
            *slot = Some((name.clone(), value.clone()));
        }
        Self::Few(few)
    }

    fn into_map(self) -> HeaderMap {
        match self {
            Self::Many(map) => map,
            Self::Few(few) => {
                let mut map = HeaderMap::new();
                for (name, value) in few.into_iter().flatten() {
                    map.append(name, value);
                }
                map
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_has_everything_that_the_request_had() {
        for extra in [0, 3, 20] {
            let mut request = Request::put("/a?b=c").body(Body::from("body")).unwrap();
            request.extensions_mut().insert(17_u8);
            for number in 0..extra {
                request
                    .headers_mut()
                    .append("x-many", HeaderValue::from(number));
            }
            let copy = Spare::of(&request).unwrap().into_request();
            assert_eq!(copy.headers(), request.headers());
            assert_eq!(
                (copy.method(), copy.uri()),
                (request.method(), request.uri())
            );
            assert_eq!(copy.body().as_bytes(), Some(&b"body"[..]));
            assert_eq!(copy.extensions().get::<u8>(), Some(&17));
        }
    }
}
