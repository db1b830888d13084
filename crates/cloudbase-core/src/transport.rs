//! The connections: pool, TLS, proxy, limits.

mod connection;
mod connections;
mod connector;
mod error;
#[cfg(all(feature = "_tls", feature = "http2"))]
mod http2;
#[cfg(all(feature = "_tls", feature = "http2"))]
mod informational;
mod open;
mod request_body;
mod service;
mod tunnel;

use std::sync::Arc;
use std::time::Duration;

#[cfg(all(feature = "_tls", feature = "http2"))]
use futures_core::future::BoxFuture;

use http::header::{HOST, PROXY_AUTHORIZATION};
use http::uri::{Authority, Scheme};
use http::{HeaderValue, Request, Response, Uri, Version};
use hyper_util::client::legacy::ResponseFuture;
use tower::service_fn;

use self::connections::Connections;
use self::request_body::Outgoing;
pub use self::service::{HttpService, erase};
use crate::body::{Body, Received};
use crate::config::endpoint::Endpoint;
use crate::config::proxy::Proxy;
use crate::config::{Config, ProxyRules};
use crate::error::{BoxError, Error, ErrorKind, Result};
use crate::operation::{Call, CallInfo};

/// What carries requests to a server and responses back.
pub(crate) trait Connection: Clone + Send + Sync + 'static {
    /// Sends `request`, which has a whole URL, and waits for the head of the response.
    fn send(
        &self,
        request: Request<Body>,
        info: &CallInfo,
    ) -> impl Future<Output = Result<Response<Received>, BoxError>> + Send;
}

/// The pool of connections that `config` asks for.
pub(crate) fn connect(config: &Config) -> Result<Transport> {
    Ok(Transport {
        inner: Arc::new(Inner {
            connections: Connections::new(config)?,
            proxies: config.proxy.clone(),
            gateway: GatewayAlias::new(config),
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
    let transport = connect(config)?;
    let send = move |request| carry(transport.clone(), request);
    Ok(HttpService::new(service_fn(send)))
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
    gateway: Option<GatewayAlias>,
    #[cfg(all(feature = "_tls", feature = "http2"))]
    timeouts: crate::config::Timeouts,
}

/// The gateway as the pool knows it. Each request costs the pool a new `Host` header and two hashes
/// of the authority, byte by byte; with the header at hand and a name of one byte for the authority,
/// which the connector resolves again, a call takes a tenth less of the processor.
struct GatewayAlias {
    authority: Authority,
    host: HeaderValue,
}

/// The alias: no host has this name, and a URL with it is rejected.
const ALIAS: &str = "-";

impl GatewayAlias {
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
        Some(Self {
            authority: authority.clone(),
            host: host_of(&root)?,
        })
    }

    /// Turns a request to the gateway into one to [`ALIAS`]; whether it was one.
    fn apply(&self, request: &mut Request<Body>) -> bool {
        // The layer that made the URL took the authority from the same endpoint: the same bytes.
        let is_gateway = |it: &Authority| std::ptr::eq(it.as_str(), self.authority.as_str());
        if !request.uri().authority().is_some_and(is_gateway) {
            return false;
        }
        let headers = request.headers_mut();
        headers.entry(HOST).or_insert_with(|| self.host.clone());
        let mut parts = std::mem::take(request.uri_mut()).into_parts();
        parts.authority = Some(Authority::from_static(ALIAS));
        if let Ok(uri) = Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
        true
    }
}

impl Connection for Transport {
    fn send(
        &self,
        request: Request<Body>,
        info: &CallInfo,
    ) -> impl Future<Output = Result<Response<Received>, BoxError>> + Send {
        // Begun here: a future that held the request would be as large.
        let sending = self.begin(request, info);
        async {
            let (response, proxy) = match sending? {
                Sending::Pooled(response, proxy) => (response, proxy),
                #[cfg(all(feature = "_tls", feature = "http2"))]
                Sending::Negotiated(response) => return Ok(response.await?),
            };
            let response = response.await.map_err(error::from_pool)?;
            // These two are always a proxy's own.
            if let Some(proxy) = proxy
                && matches!(response.status().as_u16(), 407 | 511)
            {
                let (proxy, target) = *proxy;
                let (status, headers) = (response.status(), response.headers());
                return Err(tunnel::rejected(status, headers, &target, &proxy).into());
            }
            Ok(response.map(Received::Http1))
        }
    }
}

/// A request that is being sent.
enum Sending {
    /// Maybe by a proxy that reads the request, which has this target.
    Pooled(ResponseFuture, Option<Box<(Arc<Proxy>, Uri)>>),
    #[cfg(all(feature = "_tls", feature = "http2"))]
    Negotiated(BoxFuture<'static, Result<Response<Received>>>),
}

impl Transport {
    fn begin(&self, mut request: Request<Body>, info: &CallInfo) -> Result<Sending> {
        let inner = &*self.inner;
        check(&request)?;
        let gateway = inner.gateway.as_ref();
        let is_gateway = gateway.is_some_and(|gateway| gateway.apply(&mut request));
        if !is_gateway && request.uri().host() == Some(ALIAS) {
            return Err(Error::argument("url", "must name a host"));
        }
        // A proxy reads plain requests itself; over TLS only the connector talks to it.
        let is_plain = !is_gateway && request.uri().scheme() == Some(&Scheme::HTTP);
        let proxy = match is_plain {
            true => inner.proxies.proxy_for(request.uri()).cloned(),
            false => None,
        };
        if let Some(authorization) = proxy.as_ref().and_then(|proxy| proxy.authorization()) {
            let authorization = authorization.clone();
            request
                .headers_mut()
                .insert(PROXY_AUTHORIZATION, authorization);
        }
        #[cfg(all(feature = "_tls", feature = "http2"))]
        if request.uri().scheme() == Some(&Scheme::HTTPS) && inner.connections.offer_http2() {
            let doubt_after = inner.doubt_after(info);
            let request = request.map(Outgoing::new);
            let response = inner.connections.negotiated(request, doubt_after)?;
            return Ok(Sending::Negotiated(response));
        }
        #[cfg(not(all(feature = "_tls", feature = "http2")))]
        let _ = info;
        let proxy = proxy.map(|proxy| Box::new((proxy, request.uri().clone())));
        if !is_gateway {
            set_host(&mut request);
        }
        let response = inner.connections.pooled(request.map(Outgoing::new))?;
        Ok(Sending::Pooled(response, proxy))
    }
}

/// Names the host as HTTP/1.1 wants it, unless the caller has. The pool would do so with a copy of each URI.
fn set_host<B>(request: &mut Request<B>) {
    if !request.headers().contains_key(HOST)
        && let Some(host) = host_of(request.uri())
    {
        request.headers_mut().insert(HOST, host);
    }
}

/// The host of `uri`, with the port if it is not the scheme's own.
fn host_of(uri: &Uri) -> Option<HeaderValue> {
    let authority = uri.authority()?;
    let own_port = match uri.scheme_str() {
        Some("https" | "wss") => 443,
        _ => 80,
    };
    let host = authority.host();
    match authority.port_u16().filter(|port| *port != own_port) {
        None => HeaderValue::try_from(host).ok(),
        Some(port) => HeaderValue::try_from(format!("{host}:{port}")).ok(),
    }
}

/// Sends a request that has come through tower.
async fn carry<C: Connection>(
    connection: C,
    request: Request<Body>,
) -> std::result::Result<Response<Body>, BoxError> {
    let Call { request, info, .. } = Call::of(request);
    let response = connection.send(request, &info).await?;
    Ok(response.map(Body::from))
}

/// Rejects what the pool would reject without a word about the request.
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
    fn doubt_after(&self, info: &CallInfo) -> Duration {
        let options = info.options();
        let left = info.deadline().map(|deadline| {
            deadline
                .at
                .saturating_duration_since(tokio::time::Instant::now())
        });
        let limits = [
            options.attempt_timeout().unwrap_or(self.timeouts.attempt),
            options.stall_timeout().unwrap_or(self.timeouts.stall),
            left.unwrap_or(Duration::MAX),
        ];
        limits.into_iter().fold(DOUBT, Duration::min) / 2
    }
}

/// Twice the wait that casts doubt on a connection, if no limit is shorter.
#[cfg(all(feature = "_tls", feature = "http2"))]
const DOUBT: Duration = Duration::from_secs(2);

#[cfg(test)]
mod tests;
