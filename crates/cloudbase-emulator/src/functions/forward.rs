//! Passing a request on to user code, and its response back, both as streams.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, Uri, header, uri::PathAndQuery};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};

use super::{context, function::Upstream};
use crate::{identity::Caller, request_id::RequestId};

/// Headers that belong to one connection.
const HOP_BY_HOP: [HeaderName; 8] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Why user code gave no response.
#[derive(Debug)]
pub(super) enum ForwardError {
    /// Its process did not start.
    NotReady(io::Error),
    /// Nothing responded, or the connection broke.
    Unreachable(String),
    /// The request body was larger than allowed.
    TooLarge,
}

/// The HTTP client for user code.
#[derive(Debug, Clone)]
pub(super) struct Forwarder {
    client: Client<HttpConnector, Body>,
}

impl Forwarder {
    pub(super) fn new() -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self {
            client: Client::builder(TokioExecutor::new()).build(connector),
        }
    }

    /// Sends `request` to `upstream`; its URI is the path and query below the upstream's own path.
    pub(super) async fn send(
        &self,
        upstream: &Upstream,
        mut request: Request<Body>,
        limit: u64,
    ) -> Result<Response<Body>, ForwardError> {
        let exceeded = Arc::new(AtomicBool::new(false));
        if request.body().size_hint().lower() > limit {
            return Err(ForwardError::TooLarge);
        }
        request = request.map(|inner| {
            Body::new(LimitedBody {
                inner,
                left: limit,
                exceeded: Arc::clone(&exceeded),
            })
        });
        let base = match upstream {
            Upstream::Closure(handler) => {
                // A task of its own, so that a panic in user code costs one response.
                let response = tokio::spawn(handler(request)).await;
                if exceeded.load(Ordering::Relaxed) {
                    return Err(ForwardError::TooLarge);
                }
                return response.map_err(|error| ForwardError::Unreachable(error.to_string()));
            }
            Upstream::Url(uri) => uri.clone(),
            Upstream::Command(process) => {
                let address = process.address().await.map_err(ForwardError::NotReady)?;
                Uri::builder()
                    .scheme("http")
                    .authority(address.to_string())
                    .path_and_query("/")
                    .build()
                    .map_err(|error| ForwardError::Unreachable(error.to_string()))?
            }
        };
        *request.uri_mut() = below(&base, request.uri())
            .map_err(|error| ForwardError::Unreachable(error.to_string()))?;
        clean(request.headers_mut());
        request.headers_mut().remove(header::HOST);
        match self.client.request(request).await {
            Ok(mut response) => {
                clean(response.headers_mut());
                Ok(response.map(Body::new))
            }
            Err(_) if exceeded.load(Ordering::Relaxed) => Err(ForwardError::TooLarge),
            Err(error) => {
                if let Upstream::Command(process) = upstream {
                    process.doubt();
                }
                Err(ForwardError::Unreachable(chain(&error)))
            }
        }
    }
}

/// Adds what the platform reports to user code about a call.
pub(super) fn identify(
    headers: &mut HeaderMap,
    id: &RequestId,
    env: &str,
    name: &str,
    caller: &Caller,
) {
    if let Some(id) = id.header_value() {
        headers.insert("x-cloudbase-request-id", id.clone());
        headers.insert(crate::request_id::HEADER, id);
    }
    if let Ok(value) = HeaderValue::from_str(&context::header_value(env, name, caller)) {
        headers.insert(context::HEADER, value);
    }
}

/// `target` (path and query) below `base`.
fn below(base: &Uri, target: &Uri) -> Result<Uri, http::Error> {
    let path = target.path_and_query().map_or("/", PathAndQuery::as_str);
    let base_path = base.path().trim_end_matches('/');
    Uri::builder()
        .scheme("http")
        .authority(base.authority().map_or("", |authority| authority.as_str()))
        .path_and_query(format!("{base_path}{path}"))
        .build()
}

/// Removes what concerns the connection and not the message.
fn clean(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .filter_map(|name| HeaderName::try_from(name.trim()).ok())
        .collect();
    for name in named.iter().chain(&HOP_BY_HOP) {
        headers.remove(name);
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

/// A request body that breaks off when it grows too large.
struct LimitedBody {
    inner: Body,
    left: u64,
    exceeded: Arc<AtomicBool>,
}

impl HttpBody for LimitedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            match self.left.checked_sub(data.len() as u64) {
                Some(left) => self.left = left,
                None => {
                    self.exceeded.store(true, Ordering::Relaxed);
                    let error = io::Error::other("the request body is too large");
                    return Poll::Ready(Some(Err(axum::Error::new(error))));
                }
            }
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_go_below_the_base() {
        let join = |base: &str, target: &str| {
            below(&base.parse().unwrap(), &target.parse().unwrap())
                .unwrap()
                .to_string()
        };
        assert_eq!(join("http://h:1", "/a%20b?c=d"), "http://h:1/a%20b?c=d");
        assert_eq!(join("http://h:1/base/", "/a"), "http://h:1/base/a");
    }

    #[test]
    fn connection_headers_stay_behind() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "x-hop, close"),
            ("x-hop", "1"),
            ("te", "a"),
            ("x", "y"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        clean(&mut headers);
        assert_eq!(headers.len(), 1);
        assert!(headers.contains_key("x"));
    }
}
