//! The head of a request, kept for the case that it is sent again.

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, Version};

/// Method, URI, version and headers of a request.
#[derive(Debug)]
pub(crate) struct Head {
    method: Method,
    uri: Uri,
    version: Version,
    headers: Headers,
}

/// How many headers are kept in place, without the allocations of a map; the SDK's calls have one or
/// two of their own.
const FEW: usize = 3;

#[derive(Debug)]
enum Headers {
    Few([Option<(HeaderName, HeaderValue)>; FEW]),
    Many(HeaderMap),
}

impl Head {
    pub(crate) fn of<B>(request: &Request<B>) -> Self {
        Self {
            method: request.method().clone(),
            uri: request.uri().clone(),
            version: request.version(),
            headers: Headers::of(request.headers()),
        }
    }

    pub(crate) fn put_into<B>(&self, request: &mut Request<B>) {
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.version_mut() = self.version;
        *request.headers_mut() = self.headers.to_map();
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

    fn to_map(&self) -> HeaderMap {
        match self {
            Self::Many(map) => map.clone(),
            Self::Few(few) => {
                let mut map = HeaderMap::new();
                for (name, value) in few.iter().flatten() {
                    map.append(name, value.clone());
                }
                map
            }
        }
    }
}
