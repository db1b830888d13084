//! The connections of one runtime.
//!
//! A connection is driven by the runtime that opened it: one that is not driven, or ends, must not
//! hold up the calls of another. So each runtime has connections of its own.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

#[cfg(all(feature = "_tls", feature = "http2"))]
use futures_core::future::BoxFuture;
use http::Request;
use hyper_util::client::legacy::{Client as Pool, ResponseFuture};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::runtime::{Handle, Id};

use super::connector::Connector;
#[cfg(all(feature = "_tls", feature = "http2"))]
use super::error;
#[cfg(all(feature = "_tls", feature = "http2"))]
use super::http2::{Http2, Sent};
use super::request_body::Outgoing;
#[cfg(all(feature = "_tls", feature = "http2"))]
use crate::body::Received;
use crate::config::Config;
use crate::error::{Error, Result};

/// The connections of all runtimes that the client is used on.
pub(super) struct Connections {
    connector: Connector,
    idle_timeout: Duration,
    max_idle: usize,
    #[cfg(all(feature = "_tls", feature = "http2"))]
    http2: bool,
    runtimes: RwLock<Vec<Arc<Local>>>,
}

/// Those of one runtime.
struct Local {
    runtime: Id,
    connector: Connector,
    pool: Pool<Connector, Outgoing>,
    #[cfg(all(feature = "_tls", feature = "http2"))]
    http2: Http2,
}

impl Connections {
    pub(super) fn new(config: &Config) -> Result<Self> {
        Ok(Self {
            connector: Connector::new(config)?,
            idle_timeout: config.pool_idle_timeout(),
            max_idle: config.max_connections(),
            #[cfg(all(feature = "_tls", feature = "http2"))]
            http2: config.http2(),
            runtimes: RwLock::default(),
        })
    }

    #[cfg(all(feature = "_tls", feature = "http2"))]
    pub(super) fn offer_http2(&self) -> bool {
        self.http2
    }

    /// Sends `request`, which names its host, by HTTP/1.1.
    pub(super) fn pooled(&self, request: Request<Outgoing>) -> Result<ResponseFuture> {
        Ok(self.local()?.pool.request(request))
    }

    /// Sends `request` by HTTP/2 if the server speaks it.
    #[cfg(all(feature = "_tls", feature = "http2"))]
    pub(super) fn negotiated(
        &self,
        request: Request<Outgoing>,
        doubt_after: Duration,
    ) -> Result<BoxFuture<'static, Result<http::Response<Received>>>> {
        let local = self.local()?;
        Ok(Box::pin(async move {
            let mut request = match local.http2.send(request, doubt_after).await? {
                Sent::Response(response) => return Ok(response),
                Sent::Http1(request) => request,
            };
            super::set_host(&mut request);
            let response = local.pool.request(request).await;
            let response = response.map_err(error::from_pool)?;
            Ok(response.map(Received::Http1))
        }))
    }

    /// Those of the runtime that this is called on.
    fn local(&self) -> Result<Arc<Local>> {
        let runtime = Handle::try_current().map_err(|_| Error::no_runtime())?.id();
        let runtimes = self.runtimes.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(local) = runtimes.iter().find(|local| local.runtime == runtime) {
            return Ok(local.clone());
        }
        drop(runtimes);
        Ok(self.add(runtime))
    }

    fn add(&self, runtime: Id) -> Arc<Local> {
        let mut runtimes = self
            .runtimes
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(local) = runtimes.iter().find(|local| local.runtime == runtime) {
            return local.clone();
        }
        // A runtime that has ended, or makes no calls, has no connections that would be lost.
        runtimes.retain(|local| local.connector.has_open());
        let local = Arc::new(self.make(runtime));
        runtimes.push(local.clone());
        local
    }

    fn make(&self, runtime: Id) -> Local {
        let connector = self.connector.elsewhere();
        let mut pool = Pool::builder(TokioExecutor::new());
        pool.timer(TokioTimer::new())
            // Without a timer idle connections are only thrown away when somebody asks for one.
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(self.idle_timeout)
            .pool_max_idle_per_host(self.max_idle)
            // It is set where the gateway's is at hand.
            .set_host(false)
            // A request that met a dead connection before a byte was written is sent on another.
            .retry_canceled_requests(true);
        Local {
            runtime,
            pool: pool.build(connector.clone()),
            #[cfg(all(feature = "_tls", feature = "http2"))]
            http2: Http2::new(connector.clone(), self.idle_timeout),
            connector,
        }
    }
}
