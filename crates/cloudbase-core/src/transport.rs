//! The connections: pool, TLS, proxy, limits.

mod connector;
#[cfg(feature = "gzip")]
mod decompress;
mod failure;
mod link;
mod outgoing;
mod proxy;
mod queue;
#[cfg_attr(not(feature = "_tls"), path = "transport/no_tls.rs")]
mod tls;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::header::{HOST, PROXY_AUTHORIZATION};
use http::uri::{Authority, Scheme};
use http::{HeaderValue, Request, Response, Uri};
use hyper_util::client::legacy::{Client as Pool, ResponseFuture};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tower::Service;

#[cfg(feature = "gzip")]
pub use self::decompress::{Decompress, DecompressFuture, DecompressLayer};
pub(crate) use self::proxy::{ProxyRules, ProxyVariables};
pub use self::queue::{Queue, QueueFuture, QueueLayer};
pub(crate) use self::tls::TlsSettings;

use self::connector::Connector;
use self::outgoing::Outgoing;
use crate::body::{Body, Received};
use crate::config::Config;
use crate::endpoint::Endpoint;
use crate::error::Result;
use crate::service::{BoxError, HttpService, erase};

/// The service that carries requests over pooled connections.
pub(crate) fn connect(config: &Config) -> Result<Transport> {
    let mut pool = Pool::builder(TokioExecutor::new());
    pool.timer(TokioTimer::new())
        // Without a timer idle connections are only thrown away when somebody asks for one.
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(config.pool_idle_timeout())
        .pool_max_idle_per_host(config.max_connections())
        // A request that met a dead connection before a byte was written is sent on another.
        .retry_canceled_requests(true);
    #[cfg(feature = "http2")]
    pool.http2_adaptive_window(true)
        .http2_keep_alive_interval(Duration::from_secs(30))
        .http2_keep_alive_timeout(Duration::from_secs(10));
    Ok(Transport {
        inner: Arc::new(Inner {
            pool: pool.build(Connector::new(config)?),
            proxies: config.proxy.clone(),
            home: Home::new(config),
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
    pool: Pool<Connector, Outgoing>,
    proxies: ProxyRules,
    home: Option<Home>,
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
        if !is_home
            && request.uri().scheme() == Some(&Scheme::HTTP)
            && let Some(proxy) = self.inner.proxies.proxy_for(request.uri())
            && let Some(authorization) = proxy.authorization()
        {
            let authorization = authorization.clone();
            request
                .headers_mut()
                .insert(PROXY_AUTHORIZATION, authorization);
        }
        Sending {
            answer: self.inner.pool.request(request.map(Outgoing::new)),
        }
    }
}

pub(crate) struct Sending {
    answer: ResponseFuture,
}

impl Future for Sending {
    type Output = Result<Response<Received>, BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.answer)
            .poll(cx)
            .map_ok(Received::of)
            .map_err(|error| failure::from_pool(error).into())
    }
}
