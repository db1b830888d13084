//! Rejects a request that one of the user's layers has stripped of its call.

use std::future::{Ready, ready};
use std::task::{Context, Poll};

use futures_util::future::Either;
use http::Request;
use tower::Service;

use crate::body::Body;
use crate::error::{Error, ErrorKind};
use crate::operation::CallInfo;
use crate::service::BoxError;

/// Marks a request that was made by hand: it never had a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ByHand;

/// Stands directly inside the user's layers.
///
/// Which credential a call carries is in the request's extensions. A layer that makes a new request
/// and leaves them behind would turn a sign-in, which carries no user's token, into a request made by
/// hand, which does.
#[derive(Clone, Debug)]
pub(crate) struct RequireCall<S>(pub(crate) S);

impl<S> Service<Request<Body>> for RequireCall<S>
where
    S: Service<Request<Body>, Error = BoxError>,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Either<S::Future, Ready<Result<S::Response, BoxError>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let by_hand = request.extensions().get::<ByHand>().is_some();
        if by_hand || CallInfo::of(&request).is_some() {
            return Either::Left(self.0.call(request));
        }
        let error = Error::new(
            ErrorKind::Middleware,
            "a layer has dropped the request's extensions, which say what the call is and whose: \
             a layer that makes a new request must hand them on",
        );
        Either::Right(ready(Err(error.into())))
    }
}
