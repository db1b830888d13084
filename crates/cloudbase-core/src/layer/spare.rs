//! What it takes to send a request a second time.

use http::{Extensions, Request};

use crate::body::Body;
use crate::operation::{CallInfo, Head};

/// A copy of a request whose body can be sent again.
///
/// One is made on every call, and seldom used.
#[derive(Debug)]
pub(super) enum Spare {
    /// The call knows its request: nobody has changed it.
    Call(CallInfo),
    Copy(Box<Copied>),
}

#[derive(Debug)]
pub(super) struct Copied {
    head: Head,
    body: Body,
    call: Option<CallInfo>,
    extensions: Extensions,
}

impl Spare {
    /// A copy, unless the body can be sent only once.
    pub(super) fn of(request: &Request<Body>) -> Option<Self> {
        match request.body().content_of() {
            Some(call) if call.0.head.is_some() => Some(Self::Call(call.clone())),
            _ => Copied::of(request).map(|copy| Self::Copy(Box::new(copy))),
        }
    }

    /// The call that the request belongs to.
    pub(super) fn call(&self) -> Option<&CallInfo> {
        match self {
            Self::Call(call) => Some(call),
            Self::Copy(copy) => copy.body.call().or(copy.call.as_ref()),
        }
    }

    pub(super) fn into_request(self) -> Request<Body> {
        match self {
            Self::Call(call) => {
                let mut request = Request::new(Body::empty());
                if let Some(head) = &call.0.head {
                    head.put_into(&mut request);
                }
                request.body_mut().set_call(call);
                request
            }
            Self::Copy(copy) => copy.into_request(),
        }
    }
}

impl Copied {
    fn of(request: &Request<Body>) -> Option<Self> {
        let body = request.body().try_clone()?;
        let extensions = request.extensions();
        let call = extensions.get::<CallInfo>().cloned();
        // With nothing but our own value in the map, that value is enough.
        let only_ours = extensions.len() == usize::from(call.is_some());
        Some(Self {
            head: Head::of(request),
            body,
            call,
            extensions: if only_ours {
                Extensions::new()
            } else {
                extensions.clone()
            },
        })
    }

    fn into_request(self) -> Request<Body> {
        let mut request = Request::new(self.body);
        self.head.put_into(&mut request);
        *request.extensions_mut() = self.extensions;
        if let Some(call) = self.call {
            request.extensions_mut().insert(call);
        }
        request
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

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
