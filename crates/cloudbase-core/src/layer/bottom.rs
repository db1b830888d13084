//! Where a call comes out of the user's layers again.

use std::sync::Arc;

use http::Request;
use tokio::time::Instant;
use tower::service_fn;

use super::Next;
use crate::body::Body;
use crate::error::{Error, ErrorKind, Result};
use crate::operation::{Call, CallInfo};
use crate::transport::HttpService;

/// `next` as the service that the user's layers wrap.
///
/// Which credential a call carries is in the request's extensions. A layer that makes a new request
/// and leaves them behind would turn a sign-in, which carries no user's token, into a request made by
/// hand, which does: such a request is rejected.
pub(crate) fn bottom(next: impl Next) -> HttpService {
    let next = Arc::new(next);
    HttpService::new(service_fn(move |request| {
        let next = next.clone();
        async move {
            check(&request)?;
            let reply = next.send(&mut Call::of(request)).await?;
            Ok(*reply.response)
        }
    }))
}

fn check(request: &Request<Body>) -> Result<()> {
    let Some(info) = request.extensions().get::<CallInfo>() else {
        return Err(Error::new(
            ErrorKind::Middleware,
            "a layer has dropped the request's extensions, which say what the call is and whose: \
             a layer that makes a new request must hand them on",
        ));
    };
    // A layer that repeats attempts learns so that the time is up.
    match info.deadline() {
        Some(deadline) if deadline.at <= Instant::now() => Err(deadline.exceeded()),
        _ => Ok(()),
    }
}
