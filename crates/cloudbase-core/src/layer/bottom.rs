//! Where a call comes out of the user's layers again.

use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::future::BoxFuture;
use http::{Request, Response};
use tokio::time::Instant;
use tower::Service;

use super::Next;
use crate::body::Body;
use crate::error::{BoxError, Error, ErrorKind};
use crate::operation::{Call, CallInfo};

/// Stands directly inside the user's layers, as the service that they wrap.
///
/// Which credential a call carries is in the request's extensions. A layer that makes a new request
/// and leaves them behind would turn a sign-in, which carries no user's token, into a request made by
/// hand, which does: such a request is rejected.
pub(crate) struct Bottom<N>(Arc<N>);

impl<N> Bottom<N> {
    pub(crate) fn new(next: N) -> Self {
        Self(Arc::new(next))
    }
}

impl<N> Clone for Bottom<N> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<N: Next> Service<Request<Body>> for Bottom<N> {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Response<Body>, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let next = self.0.clone();
        Box::pin(async move {
            let Some(info) = request.extensions().get::<CallInfo>() else {
                return Err(Error::new(
                    ErrorKind::Middleware,
                    "a layer has dropped the request's extensions, which say what the call is and whose: \
                     a layer that makes a new request must hand them on",
                )
                .into());
            };
            // A layer that repeats attempts learns so that the time is up.
            if let Some(deadline) = info.deadline()
                && deadline.at <= Instant::now()
            {
                return Err(deadline.exceeded().into());
            }
            let reply = next.send(&mut Call::of(request)).await?;
            Ok(*reply.response)
        })
    }
}
