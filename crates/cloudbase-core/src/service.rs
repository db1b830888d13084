//! The erased HTTP service that a user's layers wrap, and the erased stack that a client calls.

use std::future::ready;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use futures_core::future::BoxFuture;
use http::{Request, Response};
use pin_project_lite::pin_project;
use tokio::runtime::Handle;
use tower::util::{BoxCloneSyncService, Oneshot};
use tower::{Service, ServiceExt};

use crate::body::Body;
use crate::error::Error;

/// Any error, as it travels through a tower stack.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// The erased HTTP service: what a user's layer wraps and what a transport is.
pub type HttpService = BoxCloneSyncService<Request<Body>, Response<Body>, BoxError>;

/// Makes an [`HttpService`] of any service whose body and error can be erased.
///
/// Costs one box per clone and one per call.
pub fn erase<S, B>(service: S) -> HttpService
where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    BoxCloneSyncService::new(
        service
            .map_response(|response: Response<B>| response.map(Body::from_http_body))
            .map_err(Into::into),
    )
}

/// The service, which fails outside a runtime: its timers would panic.
pub(crate) fn on_runtime(service: HttpService) -> HttpService {
    BoxCloneSyncService::new(OnRuntime(service))
}

#[derive(Clone)]
struct OnRuntime(HttpService);

impl Service<Request<Body>> for OnRuntime {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Response<Body>, BoxError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        match Handle::try_current() {
            Ok(_) => self.0.call(request),
            Err(_) => Box::pin(ready(Err(Error::no_runtime().into()))),
        }
    }
}

/// A whole stack: called by many at once, at the cost of one box a call. An [`HttpService`] has to
/// be cloned for each call, which is a box more.
pub(crate) trait Stack: Send + Sync {
    fn send(&self, request: Request<Body>) -> BoxFuture<'static, Result<Response<Body>, BoxError>>;

    fn service(&self) -> HttpService;
}

impl<S> Stack for S
where
    S: Service<Request<Body>, Response = Response<Body>, Error = BoxError>
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send + 'static,
{
    fn send(&self, request: Request<Body>) -> BoxFuture<'static, Result<Response<Body>, BoxError>> {
        let mut service = self.clone();
        // As in `ReadyCall`, but each future is made in its box: moving one there is measurable.
        match service.poll_ready(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(())) => Box::pin(service.call(request)),
            Poll::Ready(Err(error)) => Box::pin(ready(Err(error))),
            // It is asked again when this future is polled, with its waker.
            Poll::Pending => Box::pin(Oneshot::new(service, request)),
        }
    }

    fn service(&self) -> HttpService {
        BoxCloneSyncService::new(self.clone())
    }
}

pin_project! {
    /// One call of a service that is ready as a rule: it is then called at once, and neither service
    /// nor request need to be kept for later.
    #[project = ReadyCallProjection]
    pub(crate) enum ReadyCall<S>
    where
        S: Service<Request<Body>>,
    {
        Called { #[pin] future: S::Future },
        Waiting { future: Pin<Box<Oneshot<S, Request<Body>>>> },
        Failed { error: Option<S::Error> },
    }
}

impl<S: Service<Request<Body>>> ReadyCall<S> {
    pub(crate) fn new(mut service: S, request: Request<Body>) -> Self {
        match service.poll_ready(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(())) => Self::Called {
                future: service.call(request),
            },
            Poll::Ready(Err(error)) => Self::Failed { error: Some(error) },
            // It is asked again when this future is polled, with its waker.
            Poll::Pending => Self::Waiting {
                future: Box::pin(Oneshot::new(service, request)),
            },
        }
    }
}

impl<S: Service<Request<Body>>> Future for ReadyCall<S> {
    type Output = Result<S::Response, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            ReadyCallProjection::Called { future } => future.poll(cx),
            ReadyCallProjection::Waiting { future } => future.as_mut().poll(cx),
            ReadyCallProjection::Failed { error } => match error.take() {
                Some(error) => Poll::Ready(Err(error)),
                None => Poll::Pending, // polled after it was ready
            },
        }
    }
}
