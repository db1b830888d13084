//! The connections: pool, TLS, proxy, limits.

mod connections;
mod connector;
#[cfg(feature = "gzip")]
mod decompress;
mod failure;
#[cfg(all(feature = "_tls", feature = "http2"))]
mod http2;
#[cfg(all(feature = "_tls", feature = "http2"))]
mod informational;
mod link;
mod open;
mod outgoing;
mod proxy;
mod queue;
#[cfg_attr(not(feature = "_tls"), path = "transport/no_tls.rs")]
mod tls;
mod tunnel;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::header::{HOST, PROXY_AUTHORIZATION};
use http::uri::{Authority, Scheme};
use http::{HeaderValue, Request, Response, Uri, Version};
use hyper_util::client::legacy::ResponseFuture;
use tower::Service;

#[cfg(feature = "gzip")]
pub use self::decompress::{Decompress, DecompressFuture, DecompressLayer};
pub(crate) use self::proxy::{ProxyRules, ProxyVariables};
pub use self::queue::{Queue, QueueFuture, QueueLayer};
pub(crate) use self::tls::TlsSettings;

#[cfg(all(feature = "_tls", feature = "http2"))]
use self::connections::Boxed;
use self::connections::Connections;
use self::outgoing::Outgoing;
use self::proxy::Proxy;
use crate::body::{Body, Received};
use crate::config::Config;
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind, Result};
use crate::service::{BoxError, HttpService, erase};

/// The service that carries requests over pooled connections.
pub(crate) fn connect(config: &Config) -> Result<Transport> {
    Ok(Transport {
        inner: Arc::new(Inner {
            connections: Connections::new(config)?,
            proxies: config.proxy.clone(),
            home: Home::new(config),
            #[cfg(all(feature = "_tls", feature = "http2"))]
            timeouts: config.timeouts(),
        }),
    })
}

/// The connections that a client has by default (pool, TLS, proxy), for a stack of one's own. They
/// take requests with a whole URL and add nothing to them: no host, no credential, no limit but that
/// for opening a connection.
///
/// # Errors
///
/// [`ErrorKind::Config`](crate::ErrorKind::Config) if `config` asks for what cannot be had, such as
/// https without a TLS feature.
pub fn transport(config: &Config) -> Result<HttpService> {
    connect(config).map(erase)
}

/// How long a connection may be silent before the system asks whether the peer is still there.
const TCP_KEEP_ALIVE: Duration = Duration::from_secs(60);

/// The pool as a service whose errors are ours.
#[derive(Clone)]
pub(crate) struct Transport {
    inner: Arc<Inner>,
}

struct Inner {
    connections: Connections,
    proxies: ProxyRules,
    home: Option<Home>,
    #[cfg(all(feature = "_tls", feature = "http2"))]
    timeouts: crate::config::Timeouts,
}

/// The gateway as the pool knows it. Each request costs the pool a new `Host` header and two hashes
/// of the authority, byte by byte; with the header at hand and a name of one byte for the authority,
/// which the connector translates back, a call takes a tenth less of the processor.
struct Home {
    authority: Authority,
    host: HeaderValue,
}

/// No host has this name: a URL with it is refused before it gets here.
pub(crate) const HOME: &str = "-";

impl Home {
    /// None where requests show the authority to others: to a proxy, or in HTTP/2.
    fn new(config: &Config) -> Option<Self> {
        let Endpoint {
            scheme, authority, ..
        } = config.endpoint();
        let plain = *scheme == Scheme::HTTP;
        let root = Uri::builder()
            .scheme(scheme.clone())
            .authority(authority.clone())
            .path_and_query("/")
            .build()
            .ok()?;
        if (!plain && config.http2()) || config.proxy.proxy_for(&root).is_some() {
            return None;
        }
        let host = match (plain, authority.port_u16()) {
            (_, None) | (true, Some(80)) | (false, Some(443)) => authority.host().to_owned(),
            (_, Some(port)) => format!("{}:{port}", authority.host()),
        };
        Some(Self {
            authority: authority.clone(),
            host: HeaderValue::try_from(host).ok()?,
        })
    }

    /// Turns a request to the gateway into one to [`HOME`]; whether it was one.
    fn shorten(&self, request: &mut Request<Body>) -> bool {
        // The layer that made the URL took the authority from the same endpoint: the same bytes.
        let is_home = |it: &Authority| std::ptr::eq(it.as_str(), self.authority.as_str());
        if !request.uri().authority().is_some_and(is_home) {
            return false;
        }
        let headers = request.headers_mut();
        headers.entry(HOST).or_insert_with(|| self.host.clone());
        let mut parts = std::mem::take(request.uri_mut()).into_parts();
        parts.authority = Some(Authority::from_static(HOME));
        if let Ok(uri) = Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
        true
    }
}

impl Service<Request<Body>> for Transport {
    type Response = Response<Received>;
    type Error = BoxError;
    type Future = Sending;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Sending {
        let home = self.inner.home.as_ref();
        let is_home = home.is_some_and(|home| home.shorten(&mut request));
        // A proxy reads plain requests itself; over TLS only the connector talks to it.
        let is_plain = !is_home && request.uri().scheme() == Some(&Scheme::HTTP);
        let proxy = match is_plain {
            true => self.inner.proxies.proxy_for(request.uri()).cloned(),
            false => None,
        };
        if let Some(authorization) = proxy.as_ref().and_then(|proxy| proxy.authorization()) {
            let authorization = authorization.clone();
            request
                .headers_mut()
                .insert(PROXY_AUTHORIZATION, authorization);
        }
        if let Err(error) = check(&request) {
            return Sending::Failed(Some(error));
        }
        #[cfg(all(feature = "_tls", feature = "http2"))]
        if request.uri().scheme() == Some(&Scheme::HTTPS) && self.inner.connections.offer_http2() {
            let doubt_after = self.inner.doubt_after(&request);
            let request = request.map(Outgoing::new);
            return match self.inner.connections.negotiated(request, doubt_after) {
                Ok(response) => Sending::Negotiated(response),
                Err(error) => Sending::Failed(Some(error)),
            };
        }
        let proxy = proxy.map(|proxy| Box::new((proxy, request.uri().clone())));
        match self.inner.connections.pooled(request.map(Outgoing::new)) {
            Ok(response) => Sending::Pooled(response, proxy),
            Err(error) => Sending::Failed(Some(error)),
        }
    }
}

/// What the pool would refuse without a word about the request.
fn check(request: &Request<Body>) -> Result<()> {
    let uri = request.uri();
    if uri.scheme().is_none() || uri.authority().is_none() {
        let rule = "must be a whole URL, with scheme and host";
        return Err(Error::new(
            ErrorKind::Encode,
            format!("the URI of a request {rule}"),
        ));
    }
    match request.version() {
        Version::HTTP_11 | Version::HTTP_2 | Version::HTTP_10 => Ok(()),
        other => Err(Error::new(
            ErrorKind::Encode,
            format!("{other:?} is not supported"),
        )),
    }
}

#[cfg(all(feature = "_tls", feature = "http2"))]
impl Inner {
    /// How long a request may wait before its connection is in doubt: half of the shortest limit
    /// that it has, so that whatever ends it has waited for longer.
    fn doubt_after(&self, request: &Request<Body>) -> Duration {
        let call = crate::operation::CallInfo::of(request).map(|call| &call.0);
        let options = call.map(|call| &call.options);
        let attempt = options.and_then(|options| options.attempt_timeout());
        let stall = options.and_then(|options| options.stall_timeout());
        let left = call
            .and_then(|call| call.deadline())
            .map(|end| end.saturating_duration_since(tokio::time::Instant::now()));
        let limits = [
            attempt.unwrap_or(self.timeouts.attempt),
            stall.unwrap_or(self.timeouts.stall),
            left.unwrap_or(Duration::MAX),
        ];
        limits.into_iter().fold(DOUBT, Duration::min) / 2
    }
}

/// Twice the wait that casts doubt on a connection, if no limit is shorter.
#[cfg(all(feature = "_tls", feature = "http2"))]
const DOUBT: Duration = Duration::from_secs(2);

pub(crate) enum Sending {
    /// Maybe by a proxy that reads the request, which has this target.
    Pooled(ResponseFuture, Option<Box<(Arc<Proxy>, Uri)>>),
    #[cfg(all(feature = "_tls", feature = "http2"))]
    Negotiated(Boxed),
    Failed(Option<Error>),
}

impl Future for Sending {
    type Output = Result<Response<Received>, BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut *self {
            Self::Pooled(response, proxy) => {
                let response = ready!(Pin::new(response).poll(cx)).map_err(failure::from_pool)?;
                // These two are always a proxy's own.
                if let Some((proxy, target)) = proxy.as_deref()
                    && matches!(response.status().as_u16(), 407 | 511)
                {
                    let (status, headers) = (response.status(), response.headers());
                    return Poll::Ready(Err(
                        tunnel::rejected(status, headers, target, proxy).into()
                    ));
                }
                Poll::Ready(Ok(Received::http1(response)))
            }
            #[cfg(all(feature = "_tls", feature = "http2"))]
            Self::Negotiated(response) => response.as_mut().poll(cx).map_err(Into::into),
            Self::Failed(error) => match error.take() {
                Some(error) => Poll::Ready(Err(error.into())),
                None => Poll::Pending, // polled after it was ready
            },
        }
    }
}
