//! Placeholder shape of the layer; filled by the next commit.

use tower::{Layer, Service};

/// The layer.
#[derive(Clone, Debug)]
pub struct DeadlineLayer {}

impl DeadlineLayer {
    /// The layer.
    pub fn new(total: std::time::Duration) -> Self {
        let _ = total;
        Self {}
    }
}

impl<S> Layer<S> for DeadlineLayer {
    type Service = Deadline<S>;

    fn layer(&self, inner: S) -> Deadline<S> {
        Deadline { inner }
    }
}

/// The service.
#[derive(Clone, Debug)]
pub struct Deadline<S> {
    inner: S,
}

impl<S, R> Service<R> for Deadline<S>
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
