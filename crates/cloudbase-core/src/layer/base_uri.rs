//! Puts scheme, host and prefix in front of a call's path, and keeps the credential at home.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::header::AUTHORIZATION;
use http::uri::{PathAndQuery, Scheme, Uri};
use http::{Request, Response};
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use crate::body::Body;
use crate::config::Config;
use crate::endpoint::{Endpoint, is_loopback};
use crate::error::{Error, Result};
use crate::operation::CallInfo;
use crate::service::BoxError;
use crate::transport::HOME;

/// Makes the whole URL of a request; see [`BaseUri`].
#[derive(Clone, Debug)]
pub struct BaseUriLayer {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    endpoint: Endpoint,
    allow_plain_http: bool,
}

impl BaseUriLayer {
    /// The layer for the endpoint of `config`.
    pub fn new(config: &Config) -> Self {
        let endpoint = config.endpoint().clone();
        Self {
            shared: Arc::new(Shared {
                endpoint,
                allow_plain_http: config.allow_plain_http(),
            }),
        }
    }
}

impl<S> Layer<S> for BaseUriLayer {
    type Service = BaseUri<S>;

    fn layer(&self, inner: S) -> BaseUri<S> {
        BaseUri {
            inner,
            shared: self.shared.clone(),
        }
    }
}

/// Sends requests for a path to the configured endpoint, and checks those for a whole URL:
///
/// - `Authorization` leaves only for the endpoint's origin (calls to the object store bring a
///   signature of their own and are left alone);
/// - plain `http` is refused except to loopback, or when the configuration allows it.
#[derive(Clone, Debug)]
pub struct BaseUri<S> {
    inner: S,
    shared: Arc<Shared>,
}

impl<S> Service<Request<Body>> for BaseUri<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = BoxError>,
{
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = BaseUriFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let state = match self.shared.locate(&mut request) {
            Ok(()) => State::Sent {
                future: self.inner.call(request),
            },
            Err(error) => State::Refused {
                error: Some(error.into()),
            },
        };
        BaseUriFuture { state }
    }
}

pin_project! {
    /// The future of [`BaseUri`].
    #[derive(Debug)]
    pub struct BaseUriFuture<F> {
        #[pin]
        state: State<F>,
    }
}

pin_project! {
    #[project = StateProjection]
    #[derive(Debug)]
    enum State<F> {
        Sent { #[pin] future: F },
        Refused { error: Option<BoxError> },
    }
}

impl<F> Future for BaseUriFuture<F>
where
    F: Future<Output = Result<Response<Body>, BoxError>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        match self.project().state.project() {
            StateProjection::Sent { future } => future.poll(cx),
            StateProjection::Refused { error } => match error.take() {
                Some(error) => Poll::Ready(Err(error)),
                None => Poll::Pending, // polled after it was ready
            },
        }
    }
}

impl Shared {
    fn locate(&self, request: &mut Request<Body>) -> Result<()> {
        if request.uri().authority().is_none() {
            let relative = std::mem::take(request.uri_mut());
            *request.uri_mut() = self.absolute(relative)?;
            return Ok(());
        }
        let uri = request.uri();
        if uri.scheme() == Some(&Scheme::HTTP)
            && !self.allow_plain_http
            && !uri.host().is_some_and(is_loopback)
        {
            return Err(Error::argument(
                "url",
                "uses plain http to another machine; use https, or allow it by `allow_plain_http`",
            ));
        }
        if uri.host() == Some(HOME) {
            return Err(Error::argument("url", "must name a host"));
        }
        let external = CallInfo::of(request).is_some_and(CallInfo::is_external);
        if !external && !self.endpoint.is_origin_of(request.uri()) {
            request.headers_mut().remove(AUTHORIZATION);
        }
        Ok(())
    }

    fn absolute(&self, relative: Uri) -> Result<Uri> {
        let endpoint = &self.endpoint;
        // `/auth` lies beside the prefix of a custom endpoint, not below it.
        let below = !endpoint.prefix.is_empty() && !relative.path().starts_with("/auth/");
        let path = match relative.into_parts().path_and_query {
            Some(own) if !below => own,
            own => {
                let own = own.as_ref().map_or("/", PathAndQuery::as_str);
                PathAndQuery::try_from(format!("{}{own}", endpoint.prefix))
                    .map_err(|_| Error::argument("path", "does not make a URL with the endpoint"))?
            }
        };
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(endpoint.scheme.clone());
        parts.authority = Some(endpoint.authority.clone());
        parts.path_and_query = Some(path);
        Uri::from_parts(parts)
            .map_err(|_| Error::argument("path", "does not make a URL with the endpoint"))
    }
}
