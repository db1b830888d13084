//! The connections: pool, TLS, proxy, limits.

mod connector;
#[cfg(feature = "gzip")]
mod decompress;
mod failure;
mod outgoing;
mod proxy;
mod queue;
#[cfg_attr(not(feature = "_tls"), path = "transport/no_tls.rs")]
mod tls;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::header::PROXY_AUTHORIZATION;
use http::uri::Scheme;
use http::{Request, Response};
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
use crate::body::Body;
use crate::config::Config;
use crate::error::Result;
use crate::service::BoxError;

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
        }),
    })
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
}

impl Service<Request<Body>> for Transport {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = Sending;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Sending {
        // A proxy reads plain requests itself; over TLS only the connector talks to it.
        if request.uri().scheme() == Some(&Scheme::HTTP)
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
    type Output = Result<Response<Body>, BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.answer)
            .poll(cx)
            .map_ok(|answer| answer.map(Body::from_http_body))
            .map_err(|error| failure::from_pool(error).into())
    }
}
