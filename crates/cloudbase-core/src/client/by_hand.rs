//! Requests that the user makes without an operation.

use std::task::{Context, Poll};

use futures_core::future::BoxFuture;
use http::{Request, Response};
use tokio::runtime::Handle;
use tower::Service;

use super::{Client, Role};
use crate::body::Body;
use crate::error::{BoxError, Error};
use crate::operation::{Call, CallOptions};
use crate::transport::HttpService;

/// The whole stack of `client` as a tower service.
pub(super) fn service(client: Client) -> HttpService {
    HttpService::new(ByHand(client))
}

#[derive(Clone)]
struct ByHand(Client);

impl Service<Request<Body>> for ByHand {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Response<Body>, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let Self(client) = self.clone();
        Box::pin(async move {
            if Handle::try_current().is_err() {
                return Err(Error::no_runtime().into());
            }
            let mut options = CallOptions::default();
            // Another host gets no token of the user's.
            if let Role::User(token) = &client.role
                && request.uri().authority().is_none()
            {
                options.set_token(token.clone());
            }
            let mut call = Call::by_hand(request, options);
            let reply = client.inner.pipeline.send(&mut call).await?;
            Ok(*reply.response)
        })
    }
}
