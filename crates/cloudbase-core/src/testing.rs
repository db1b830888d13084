//! For tests of programs that use the SDK: a transport that responds from memory, and made-up errors.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_core::future::BoxFuture;
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri};
use serde::Serialize;
use tower::Service;

use crate::body::Body;
use crate::error::{BoxError, Error, ErrorCode, ErrorKind};

/// A transport that responds from a script and remembers what it was asked.
///
/// Responses are given in the order in which they were added. After the last one the
/// [fallback](Self::fallback) responds; without one the call fails with an error of kind
/// [`Local`](ErrorKind::Local) that names the request.
///
/// ```
/// use cloudbase_core::testing::MockTransport;
/// use cloudbase_core::{Client, Operation, PathBuilder};
/// use http::Method;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> cloudbase_core::Result<()> {
/// let mock = MockTransport::new().json(200, &serde_json::json!({ "total": 3 }));
/// let client = Client::builder().env_id("test").access_key("key").transport(mock.clone()).build()?;
///
/// let uri = PathBuilder::new("/v1/functions").segment("name", "count")?.build()?;
/// let operation = Operation::new("functions.call", "/v1/functions/{name}", Method::POST, uri);
/// let response = client.fetch_json::<serde_json::Value>(operation).await?;
///
/// assert_eq!(response.value()["total"], 3);
/// assert_eq!(mock.requests()[0].path(), "/v1/functions/count");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct MockTransport {
    script: Arc<Mutex<Script>>,
}

#[derive(Default)]
struct Script {
    responses: VecDeque<Respond>,
    fallback: Option<Respond>,
    seen: Vec<MockRequest>,
}

type Respond =
    Arc<dyn Fn(MockRequest) -> BoxFuture<'static, Result<Response<Body>, BoxError>> + Send + Sync>;

/// A request that reached a [`MockTransport`], with its body read.
#[derive(Clone)]
#[non_exhaustive]
pub struct MockRequest {
    /// The HTTP method.
    pub method: Method,
    /// The whole URL.
    pub uri: Uri,
    /// All headers, credentials included.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl MockRequest {
    /// The path, without the query.
    pub fn path(&self) -> &str {
        self.uri.path()
    }

    /// A header as text, if it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as JSON; `null` if it is not JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

impl MockTransport {
    /// A transport without responses.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a response with a JSON body.
    ///
    /// # Panics
    ///
    /// If `status` is no HTTP status or `body` cannot be written as JSON.
    #[must_use]
    pub fn json(self, status: u16, body: &(impl Serialize + ?Sized)) -> Self {
        let body = serde_json::to_vec(body).expect("the body of a mock response is JSON");
        self.response(response(
            status,
            &[("content-type", "application/json")],
            body,
        ))
    }

    /// Adds a response.
    #[must_use]
    pub fn response(self, response: Response<Bytes>) -> Self {
        self.then(move |_| {
            let response = response.clone().map(Body::from);
            async move { Ok(response) }
        })
    }

    /// Adds a failure below HTTP, such as a lost connection; see [`error`] for making one.
    #[must_use]
    pub fn fail(self, error: impl Fn() -> Error + Send + Sync + 'static) -> Self {
        self.then(move |_| {
            let error = error();
            async move { Err(error.into()) }
        })
    }

    /// Adds a response that is made when the request comes.
    #[must_use]
    pub fn then<F, A>(self, make: F) -> Self
    where
        F: Fn(MockRequest) -> A + Send + Sync + 'static,
        A: Future<Output = Result<Response<Body>, BoxError>> + Send + 'static,
    {
        self.lock()
            .responses
            .push_back(Arc::new(move |request| Box::pin(make(request))));
        self
    }

    /// Sets what responds once the script is at its end.
    #[must_use]
    pub fn fallback<F, A>(self, make: F) -> Self
    where
        F: Fn(MockRequest) -> A + Send + Sync + 'static,
        A: Future<Output = Result<Response<Body>, BoxError>> + Send + 'static,
    {
        self.lock().fallback = Some(Arc::new(move |request| Box::pin(make(request))));
        self
    }

    /// The requests so far.
    pub fn requests(&self) -> Vec<MockRequest> {
        self.lock().seen.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Service<Request<Body>> for MockTransport {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Response<Body>, BoxError>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let mock = self.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let body = body.into_bytes(u64::MAX).await?;
            let request = MockRequest {
                method: parts.method,
                uri: parts.uri,
                headers: parts.headers,
                body,
            };
            let response = {
                let mut script = mock.lock();
                script.seen.push(request.clone());
                script
                    .responses
                    .pop_front()
                    .or_else(|| script.fallback.clone())
            };
            match response {
                Some(response) => response(request).await,
                None => {
                    let (method, path) = (&request.method, request.path());
                    let end = "the script of the mock has no more responses";
                    Err(Error::new(ErrorKind::Local, format!("{end}: {method} {path}")).into())
                }
            }
        })
    }
}

/// A response with these headers.
///
/// # Panics
///
/// If the status, a header's name or its value is not allowed in HTTP.
pub fn response(status: u16, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Response<Bytes> {
    let mut builder = Response::builder().status(status);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder
        .body(body.into())
        .expect("status and headers of a mock response are valid")
}

/// An error as the service would cause it, for testing what a program does about it: that of a call
/// that may be repeated, so that a passing failure is [retryable](Error::is_retryable). For a call that
/// may not, such as an insert, add [`with_retryable(false)`](Error::with_retryable).
///
/// ```
/// use std::time::Duration;
/// use cloudbase_core::testing::api_error;
///
/// assert!(api_error(403, "PERMISSION_DENIED", "no access").is_permission_denied());
/// let busy = api_error(503, "SERVICE_NOT_READY", "busy").with_retry_after(Duration::from_secs(2));
/// assert!(busy.is_retryable());
/// assert!(!busy.with_retryable(false).is_retryable());
/// ```
///
/// # Panics
///
/// If `status` is no HTTP status.
pub fn api_error(status: u16, code: &str, message: &str) -> Error {
    let status = StatusCode::from_u16(status).expect("the status of a made-up error is valid");
    Error::api(status, Some(ErrorCode::from(code)), message.to_owned()).settle(true)
}

/// An error of any other kind, such as [`Connect`](ErrorKind::Connect) (nothing was sent) or
/// [`Reset`](ErrorKind::Reset) (something was), of a call that may be repeated; see [`api_error`].
///
/// ```
/// use cloudbase_core::{ErrorKind, testing};
///
/// assert!(testing::error(ErrorKind::Connect, "no route to host").is_retryable());
/// assert!(!testing::error(ErrorKind::Decode, "not JSON").is_retryable());
/// ```
pub fn error(kind: ErrorKind, message: &str) -> Error {
    let sent = matches!(
        kind,
        ErrorKind::Reset | ErrorKind::Body | ErrorKind::Decode | ErrorKind::TooLarge
    );
    Error::new(kind, message.to_owned())
        .with_sent(sent)
        .settle(true)
}

impl fmt::Debug for MockTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MockTransport")
            .field("requests", &self.lock().seen.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for MockRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MockRequest")
            .field("method", &self.method)
            .field("path", &self.uri.path())
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("body", &self.body.len())
            .finish_non_exhaustive()
    }
}
