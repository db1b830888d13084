//! Placeholder shape of the layer; filled by the next commit.

use tower::{Layer, Service};

/// The layer.
#[derive(Clone, Debug)]
pub struct LimitLayer {}

impl LimitLayer {
    /// The layer.
    pub fn new(config: &crate::config::Config) -> Self {
        let _ = config;
        Self {}
    }
}

impl<S> Layer<S> for LimitLayer {
    type Service = Limit<S>;

    fn layer(&self, inner: S) -> Limit<S> {
        Limit { inner }
    }
}

/// The service.
#[derive(Clone, Debug)]
pub struct Limit<S> {
    inner: S,
}

impl<S, R> Service<R> for Limit<S>
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
