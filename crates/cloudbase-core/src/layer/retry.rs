//! Placeholder shape of the layer; filled by the next commit.

use tower::{Layer, Service};

/// The layer.
#[derive(Clone, Debug)]
pub struct RetryLayer {}

impl RetryLayer {
    /// The layer.
    pub fn new(config: &crate::config::Config) -> Self {
        let _ = config;
        Self {}
    }
}

impl<S> Layer<S> for RetryLayer {
    type Service = Retry<S>;

    fn layer(&self, inner: S) -> Retry<S> {
        Retry { inner }
    }
}

/// The service.
#[derive(Clone, Debug)]
pub struct Retry<S> {
    inner: S,
}

impl<S, R> Service<R> for Retry<S>
where
    S: Service<R>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(
        &mut self,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: R) -> Self::Future {
        self.inner.call(request)
    }
}
