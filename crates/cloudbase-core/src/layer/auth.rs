//! Placeholder shape of the layer; filled by the next commit.

use tower::{Layer, Service};

/// The layer.
#[derive(Clone, Debug)]
pub struct AuthLayer {}

impl AuthLayer {
    /// The layer.
    pub fn new(credentials: std::sync::Arc<crate::credential::Credentials>) -> Self {
        let _ = credentials;
        Self {}
    }
}

impl<S> Layer<S> for AuthLayer {
    type Service = Auth<S>;

    fn layer(&self, inner: S) -> Auth<S> {
        Auth { inner }
    }
}

/// The service.
#[derive(Clone, Debug)]
pub struct Auth<S> {
    inner: S,
}

impl<S, R> Service<R> for Auth<S>
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
