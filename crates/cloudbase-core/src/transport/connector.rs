//! Opens connections: name resolution, TCP, proxy and TLS under one time limit, each failure with
//! a kind of its own.

use std::future;
use std::io;
use std::sync::Arc;
#[cfg(all(feature = "_tls", feature = "http2"))]
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::future::BoxFuture;
use http::Uri;
use http::uri::{Authority, Scheme};
#[cfg(feature = "_tls")]
use hyper_rustls::{HttpsConnector, MaybeHttpsStream};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::GaiResolver;
use hyper_util::client::legacy::connect::proxy::SocksV5;
use secrecy::ExposeSecret as _;
use tokio::time::Instant;
use tower::{Service, ServiceExt as _, service_fn};

use super::connection::{First, Link, Tcp};
use super::error::{self, NameNotResolved, Peer};
use super::open::Open;
use super::request_body::TakeOnce;
use super::tunnel;
use crate::config::Config;
use crate::config::proxy::{Proxy, ProxyKind, ProxyRules, default_port};
use crate::error::{Error, Result};

/// What requests travel on.
#[cfg(feature = "_tls")]
pub(super) type Transport = MaybeHttpsStream<Link>;
#[cfg(not(feature = "_tls"))]
pub(super) type Transport = Link;

/// Opens connections. One `Arc`: the pool clones it for each request.
#[derive(Clone)]
pub(super) struct Connector {
    local: Arc<Local>,
}

/// What the connections of one runtime have in common.
struct Local {
    shared: Arc<Shared>,
    open: Arc<Open>,
    /// Connections that were found to speak HTTP/1.1, for the pool to take.
    #[cfg(all(feature = "_tls", feature = "http2"))]
    kept: Mutex<Vec<(Uri, Transport)>>,
}

struct Shared {
    #[cfg(feature = "_tls")]
    tls: Option<Arc<rustls::ClientConfig>>,
    proxies: ProxyRules,
    limit: Duration,
    /// How long a connection may wait for a descriptor.
    max_wait: Duration,
    home: Authority,
}

impl Connector {
    pub(super) fn new(config: &Config) -> Result<Self> {
        #[cfg(feature = "_tls")]
        let tls = match config.tls.client_config() {
            Ok(tls) => Some(tls),
            // A client that only talks to this machine may do without.
            Err(_) if !config.endpoint().is_https() && config.tls.is_default() => None,
            Err(error) => return Err(error),
        };
        #[cfg(not(feature = "_tls"))]
        if config.endpoint().is_https() {
            return Err(no_tls());
        }
        let shared = Shared {
            #[cfg(feature = "_tls")]
            tls,
            proxies: config.proxy.clone(),
            limit: config.timeouts().connect,
            max_wait: config.timeouts().attempt.min(crate::config::FAR),
            home: config.endpoint().authority.clone(),
        };
        Ok(Self::with(Arc::new(shared)))
    }

    fn with(shared: Arc<Shared>) -> Self {
        Self {
            local: Arc::new(Local {
                shared,
                open: Arc::default(),
                #[cfg(all(feature = "_tls", feature = "http2"))]
                kept: Mutex::default(),
            }),
        }
    }

    /// The same for the connections of another runtime.
    pub(super) fn elsewhere(&self) -> Self {
        Self::with(self.local.shared.clone())
    }

    /// Whether any connection is open that this has opened.
    pub(super) fn has_open(&self) -> bool {
        self.local.open.any()
    }

    async fn open(&self, target: &Uri, offer: Offer) -> Result<Transport> {
        let Local { shared, open, .. } = &*self.local;
        // The pool goes on with this in a task of its own when its call has got another connection.
        let end = Instant::now() + shared.max_wait;
        open.retry_when_short(end, || async {
            let connecting = shared.connect(target, offer, open);
            match tokio::time::timeout(shared.limit, connecting).await {
                Ok(connected) => connected,
                Err(_) => Err(error::too_slow(shared.peer(target), shared.limit)),
            }
        })
        .await
    }
}

/// HTTP/2, for which connections are opened one at a time.
#[cfg(all(feature = "_tls", feature = "http2"))]
impl Connector {
    pub(super) fn limit(&self) -> Duration {
        self.local.shared.limit
    }

    pub(super) fn too_slow(&self, target: &Uri) -> Error {
        let shared = &self.local.shared;
        error::too_slow(shared.peer(target), shared.limit)
    }

    /// A connection to `target` that speaks HTTP/2 if the server does.
    pub(super) async fn negotiate(&self, target: &Uri) -> Result<Transport> {
        let connected = self.open(target, Offer::Http2).await?;
        Ok(know_http2(connected))
    }

    /// Keeps a connection that speaks HTTP/1.1 for the pool.
    pub(super) fn keep(&self, target: Uri, connection: Transport) {
        self.kept().push((target, connection));
    }

    fn take_kept(&self, target: &Uri) -> Option<Transport> {
        let mut kept = self.kept();
        let place = kept.iter().position(|(it, _)| it == target)?;
        Some(kept.swap_remove(place).1)
    }

    fn kept(&self) -> MutexGuard<'_, Vec<(Uri, Transport)>> {
        self.local
            .kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Which protocols a server is offered.
#[derive(Clone, Copy)]
enum Offer {
    Http1,
    #[cfg(all(feature = "_tls", feature = "http2"))]
    Http2,
}

fn no_tls() -> Error {
    Error::config(
        "endpoint",
        "uses https, which needs the Cargo feature `rustls-ring` or `rustls-aws-lc`, and \
         `webpki-roots` or `platform-verifier`",
    )
}

impl Service<Uri> for Connector {
    type Response = Transport;
    type Error = TakeOnce<Error>;
    type Future = BoxFuture<'static, Result<Transport, TakeOnce<Error>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let connector = self.clone();
        let target = self.local.shared.resolve_alias(target);
        #[cfg(all(feature = "_tls", feature = "http2"))]
        if let Some(kept) = self.take_kept(&target) {
            return Box::pin(future::ready(Ok(kept)));
        }
        Box::pin(async move {
            let opened = connector.open(&target, Offer::Http1).await;
            opened.map_err(TakeOnce::new)
        })
    }
}

impl Shared {
    /// The address of what is called [`ALIAS`](super::ALIAS) in the pool.
    fn resolve_alias(&self, target: Uri) -> Uri {
        if target.authority().is_none_or(|it| it != super::ALIAS) {
            return target;
        }
        let mut parts = target.into_parts();
        parts.authority = Some(self.home.clone());
        Uri::from_parts(parts).unwrap_or_default()
    }

    /// `target` as errors name it.
    fn peer<'a>(&'a self, target: &'a Uri) -> Peer<'a> {
        match self.proxies.proxy_for(target) {
            Some(proxy) => Peer::Behind(target, &proxy.address),
            None => Peer::Host(target),
        }
    }

    async fn connect(
        self: &Arc<Self>,
        target: &Uri,
        offer: Offer,
        open: &Arc<Open>,
    ) -> Result<Transport> {
        let opened = open.enter();
        if target.scheme() == Some(&Scheme::HTTP) {
            let link = self.link(target, open).await?;
            return Ok(Transport::from(link.counted(opened)));
        }
        #[cfg(feature = "_tls")]
        if let Some(tls) = &self.tls {
            let tls = match offer {
                Offer::Http1 => tls.clone(),
                #[cfg(feature = "http2")]
                Offer::Http2 => {
                    let mut tls = rustls::ClientConfig::clone(tls);
                    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
                    Arc::new(tls)
                }
            };
            let link = self.link(target, open).await?.counted(opened);
            return HttpsConnector::from((ready(link), tls))
                .oneshot(target.clone())
                .await
                .map_err(|error| error::from_tls(error, self.peer(target)));
        }
        let _ = offer;
        Err(no_tls())
    }

    /// A way to `target`, directly or through its proxy.
    async fn link(&self, target: &Uri, open: &Arc<Open>) -> Result<Link> {
        let Some(proxy) = self.proxies.proxy_for(target) else {
            let io = First::from(tcp(target, Peer::Host, open).await?);
            return Ok(Link::new(io, false));
        };
        let io = self.reach(proxy, open).await?;
        let plain = target.scheme() == Some(&Scheme::HTTP);
        match proxy.kind {
            ProxyKind::Socks5 { local_dns } => {
                let address = socks_target(target, local_dns).await?;
                let mut socks = SocksV5::new(proxy.address.clone(), ready(io));
                if let Some(known) = &proxy.credentials {
                    let password = known.password.expose_secret().to_owned();
                    socks = socks.with_auth(known.user.clone(), password);
                }
                let io = socks
                    .oneshot(address)
                    .await
                    .map_err(|error| error::rejected_by_proxy(error, target, &proxy.address))?;
                Ok(Link::new(io, false))
            }
            ProxyKind::Http | ProxyKind::Https if plain => Ok(Link::new(io, true)),
            ProxyKind::Http | ProxyKind::Https => {
                let io = tunnel::open(io, target, proxy).await?;
                Ok(Link::new(io, false))
            }
        }
    }

    /// A connection to `proxy` itself.
    async fn reach(&self, proxy: &Proxy, open: &Arc<Open>) -> Result<First> {
        let tcp = tcp(&proxy.address, Peer::Proxy, open).await?;
        #[cfg(feature = "_tls")]
        if proxy.kind == ProxyKind::Https {
            let Some(tls) = &self.tls else {
                return Err(no_tls());
            };
            let mut parts = proxy.address.clone().into_parts();
            parts.scheme = Some(Scheme::HTTPS);
            let address = Uri::from_parts(parts).map_err(|error| {
                Error::config("proxy", "is not usable over TLS").with_source(error)
            })?;
            return HttpsConnector::from((ready(tcp), tls.clone()))
                .oneshot(address)
                .await
                .map_err(|error| error::from_tls(error, Peer::Proxy(&proxy.address)));
        }
        Ok(First::from(tcp))
    }
}

async fn tcp<'a>(target: &'a Uri, peer: fn(&'a Uri) -> Peer<'a>, open: &Arc<Open>) -> Result<Tcp> {
    let open = open.clone();
    // Errors of the system's resolver get a type that distinguishes them from TCP's.
    let resolver = service_fn(move |name| {
        let resolution = open.resolve();
        let found = GaiResolver::new().call(name);
        async move {
            let found = found.await.map_err(NameNotResolved);
            drop(resolution);
            found
        }
    });
    let mut tcp = HttpConnector::new_with_resolver(resolver);
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_keepalive(Some(super::TCP_KEEP_ALIVE));
    tcp.oneshot(target.clone())
        .await
        .map_err(|error| error::from_tcp(error, peer(target)))
}

/// Notifies a connection whether HTTP/2 was agreed on for it.
#[cfg(all(feature = "_tls", feature = "http2"))]
fn know_http2(mut connected: Transport) -> Transport {
    if let MaybeHttpsStream::Https(tls) = &mut connected {
        let (link, session) = tls.inner_mut().get_mut();
        if session.alpn_protocol() == Some(b"h2") {
            link.inner_mut().report_at_once();
        }
    }
    connected
}

/// What a SOCKS proxy is asked for: always with a port, and an address instead of a name if names
/// are resolved here.
async fn socks_target(target: &Uri, local_dns: bool) -> Result<Uri> {
    let unusable = || Error::argument("url", "has no host");
    let host = target.host().ok_or_else(unusable)?;
    let port = target.port_u16().unwrap_or_else(|| default_port(target));
    let text = if local_dns {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let unresolved = || error::unresolved(Peer::Host(target));
        let mut found = tokio::net::lookup_host((bare, port))
            .await
            .map_err(|error| unresolved().with_source(error))?;
        let address = found.next().ok_or_else(unresolved)?;
        format!("http://{address}/")
    } else {
        format!("http://{host}:{port}/")
    };
    text.parse().map_err(|_| unusable())
}

/// A connection that stands already, as the connector that a handshake on top of it asks for.
fn ready<T>(
    io: T,
) -> impl Service<Uri, Response = T, Error = io::Error, Future = future::Ready<io::Result<T>>> {
    let mut io = Some(io);
    service_fn(move |_| future::ready(io.take().ok_or_else(|| io::ErrorKind::NotConnected.into())))
}
