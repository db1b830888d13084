//! How a layer sends a call on: to the next layer, or to a service of tower's.

use std::future::poll_fn;
use std::mem;

use bytes::Bytes;
use futures_util::TryFutureExt as _;
use http::{Request, Response};
use tower::Service;

use super::Reply;
use crate::body::{Body, Received};
use crate::error::BoxError;
use crate::operation::{Call, CallInfo};
use crate::transport::Connection;

/// What a layer sends a call to.
pub(crate) trait Next: Clone + Send + Sync + 'static {
    /// Sends the call's request, which is gone from the call afterwards: a layer that sends it twice
    /// [saves](Call::save) it.
    fn send(&self, call: &mut Call) -> impl Future<Output = Result<Reply, BoxError>> + Send;
}

/// One of two ways.
#[derive(Clone, Debug)]
pub(crate) enum Either<A, B> {
    Left(A),
    Right(B),
}

impl<A: Next, B: Next> Next for Either<A, B> {
    async fn send(&self, call: &mut Call) -> Result<Reply, BoxError> {
        match self {
            Self::Left(next) => next.send(call).await,
            Self::Right(next) => next.send(call).await,
        }
    }
}

/// A tower service below a layer of ours: the user's layers, or the rest of a stack of the user's own.
#[derive(Clone, Debug)]
pub struct Tower<S>(pub(crate) S);

impl<S, B> Next for Tower<S>
where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    async fn send(&self, call: &mut Call) -> Result<Reply, BoxError> {
        let response = {
            let mut request = mem::take(&mut call.request);
            request.extensions_mut().insert(call.info.clone());
            self.call(request)
        };
        let info = &call.info;
        // In a box, so that a call without layers of the user's is not as large.
        let work = Box::pin(async {
            let response = response.await?;
            Reply::read(response.map(Body::from_http_body), info).await
        });
        info.within_deadline(work).await?
    }
}

impl<S, B> Connection for Tower<S>
where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    fn send(
        &self,
        mut request: Request<Body>,
        info: &CallInfo,
    ) -> impl Future<Output = Result<Response<Received>, BoxError>> + Send {
        request.extensions_mut().insert(info.clone());
        let received = |body| Received::Body(Body::from_http_body(body));
        self.call(request)
            .map_ok(move |response| response.map(received))
    }
}

impl<S, B> Tower<S>
where
    S: Service<Request<Body>, Response = Response<B>> + Clone,
    S::Error: Into<BoxError>,
{
    fn call(
        &self,
        request: Request<Body>,
    ) -> impl Future<Output = Result<Response<B>, BoxError>> + use<S, B> {
        let mut service = self.0.clone();
        // Not an `async fn`, which would hold the request twice.
        async move {
            let ready = poll_fn(|cx| service.poll_ready(cx)).await;
            ready.map_err(Into::into)?;
            service.call(request).await.map_err(Into::into)
        }
    }
}

/// Makes `$layer` a tower layer whose service is `$service`, which implements [`Next`]. The layer needs
/// `fn around<N>(&self, next: N) -> $service<N>`.
macro_rules! tower_layer {
    ($layer:ident, $service:ident) => {
        impl<S> tower::Layer<S> for $layer {
            type Service = $service<$crate::layer::Tower<S>>;

            fn layer(&self, inner: S) -> Self::Service {
                self.around($crate::layer::Tower(inner))
            }
        }

        impl<S, B> tower::Service<http::Request<$crate::Body>> for $service<$crate::layer::Tower<S>>
        where
            S: tower::Service<http::Request<$crate::Body>, Response = http::Response<B>>
                + Clone
                + Send
                + Sync
                + 'static,
            S::Error: Into<$crate::BoxError>,
            S::Future: Send,
            B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
            B::Error: Into<$crate::BoxError>,
        {
            type Response = http::Response<$crate::Body>;
            type Error = $crate::BoxError;
            type Future = futures_core::future::BoxFuture<
                'static,
                Result<http::Response<$crate::Body>, $crate::BoxError>,
            >;

            /// Always ready: the inner service is asked when there is a request for it. A permit that a
            /// layer of the user's hands out must not be held while, say, a token is refreshed.
            fn poll_ready(
                &mut self,
                _: &mut std::task::Context<'_>,
            ) -> std::task::Poll<Result<(), $crate::BoxError>> {
                std::task::Poll::Ready(Ok(()))
            }

            fn call(&mut self, request: http::Request<$crate::Body>) -> Self::Future {
                let layer = self.clone();
                Box::pin(async move {
                    let mut call = $crate::operation::Call::of(request);
                    let reply = $crate::layer::Next::send(&layer, &mut call).await?;
                    Ok(*reply.response)
                })
            }
        }
    };
}

pub(super) use tower_layer;
