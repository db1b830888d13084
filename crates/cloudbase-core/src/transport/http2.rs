//! HTTP/2: one connection per host, shared by all calls, and replaced once it is in doubt.
//!
//! The pool of the HTTP library learns which protocol a server speaks from each handshake again, and
//! opens as many connections as there are callers until then. Here the first caller opens one and
//! the others wait for what the handshake says: HTTP/2, and all share it; HTTP/1.1, and each goes to
//! the pool.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::uri::{Authority, Scheme};
use http::{Request, Response, Uri};
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::client::legacy::connect::Connection as _;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep_until, timeout_at};

use super::connector::Connector;
use super::error;
use super::informational::Bounded;
use super::request_body::Outgoing;
use crate::body::{Exchange, Received, Usage};
use crate::error::{Error, Result};

/// How long a connection may be silent, while something is under way on it, before the peer is
/// asked whether it is still there.
const PING_AFTER: Duration = Duration::from_secs(30);

/// How long the response to that may take. The question waits behind what is being uploaded.
const PING_LIMIT: Duration = Duration::from_secs(20);

/// How large the header fields of a response may be together.
const MAX_HEADERS: u32 = 64 * 1024;

/// How much of a response may be under way, or wait to be read.
const STREAM_WINDOW: u32 = 1024 * 1024;

/// The same of all the responses on a connection: of as many as servers allow at once, so that those
/// that nobody reads, like a paused download, do not stop the others.
const CONNECTION_WINDOW: u32 = 128 * STREAM_WINDOW;

/// Of how many hosts is kept what they speak, without a connection to them.
const MANY_HOSTS: usize = 64;

/// The connections of one runtime.
pub(super) struct Http2 {
    connector: Connector,
    idle_timeout: Duration,
    hosts: Mutex<HashMap<Authority, Arc<Host>>>,
}

struct Host {
    known: Mutex<Known>,
    /// Held by the call that opens a connection.
    opening: Semaphore,
}

enum Known {
    Nothing,
    /// The server speaks HTTP/1.1.
    Http1,
    Open(Connection),
    /// No connection could be made, for those to read who have waited for it since before.
    Failed(Instant, Error),
}

#[derive(Clone)]
struct Connection {
    sender: SendRequest<Outgoing>,
    usage: Arc<Usage>,
}

/// What became of a request.
pub(super) enum Sent {
    Response(Response<Received>),
    /// The server speaks HTTP/1.1: the request is the pool's to send.
    Http1(Request<Outgoing>),
}

impl Http2 {
    pub(super) fn new(connector: Connector, idle_timeout: Duration) -> Self {
        Self {
            connector,
            idle_timeout,
            hosts: Mutex::default(),
        }
    }

    /// Sends `request`, whose connection is in doubt if it waits in vain for `doubt_after`.
    pub(super) async fn send(
        &self,
        mut request: Request<Outgoing>,
        doubt_after: Duration,
    ) -> Result<Sent> {
        loop {
            let host = self.host(request.uri())?;
            let (mut connection, is_new) = match self.connection(&host, request.uri()).await? {
                Some(found) => found,
                None => return Ok(Sent::Http1(request)),
            };
            let mut exchange = Exchange::begin(&connection.usage, doubt_after);
            let mut error = match connection.sender.try_send_request(request).await {
                Ok(response) => {
                    exchange.moves();
                    let exchange = Box::new(exchange);
                    let response = response.map(|body| Received::Http2(body, exchange));
                    return Ok(Sent::Response(response));
                }
                Err(error) => error,
            };
            exchange.moves();
            match error.take_message() {
                // It went away while the request was on its way to it.
                Some(unsent) if !is_new => {
                    host.forget(&connection);
                    request = unsent;
                }
                _ => return Err(error::from_http2(error.into_error())),
            }
        }
    }

    fn host(&self, target: &Uri) -> Result<Arc<Host>> {
        let authority = target.authority();
        let authority = authority.ok_or_else(|| Error::argument("url", "has no host"))?;
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(host) = hosts.get(authority) {
            return Ok(host.clone());
        }
        let host = Arc::new(Host {
            known: Mutex::new(Known::Nothing),
            opening: Semaphore::new(1),
        });
        if hosts.len() >= MANY_HOSTS {
            hosts.retain(|_, host| host.is_needed());
        }
        hosts.insert(authority.clone(), host.clone());
        Ok(host)
    }

    /// A connection to `host`, and whether it was opened for this call; none for HTTP/1.1.
    async fn connection(
        &self,
        host: &Arc<Host>,
        target: &Uri,
    ) -> Result<Option<(Connection, bool)>> {
        let begin = Instant::now();
        if let Some(known) = host.known(begin, self.idle_timeout)? {
            return Ok(known.map(|connection| (connection, false)));
        }
        let limit = self.connector.limit();
        let end = begin + limit.min(crate::config::FAR);
        let opening = timeout_at(end, host.opening.acquire())
            .await
            .map_err(|_| self.connector.too_slow(target))?;
        if let Some(known) = host.known(begin, self.idle_timeout)? {
            return Ok(known.map(|connection| (connection, false)));
        }
        let opened = self.open(target).await;
        let (known, result) = match opened {
            Ok(Some(connection)) => {
                host.watch(connection.usage.clone(), self.idle_timeout);
                let known = Known::Open(connection.clone());
                (known, Ok(Some((connection, true))))
            }
            Ok(None) => (Known::Http1, Ok(None)),
            Err(error) => (Known::Failed(Instant::now(), error.clone()), Err(error)),
        };
        host.set(known);
        drop(opening);
        result
    }

    /// A new connection; none for HTTP/1.1, which the pool finds opened then.
    async fn open(&self, target: &Uri) -> Result<Option<Connection>> {
        let target = Uri::builder()
            .scheme(Scheme::HTTPS)
            .authority(target.authority().map_or("", Authority::as_str))
            .path_and_query("/")
            .build()
            .map_err(|error| Error::argument("url", "has no host").with_source(error))?;
        let io = self.connector.negotiate(&target).await?;
        if !io.connected().is_negotiated_h2() {
            self.connector.keep(target, io);
            return Ok(None);
        }
        let (sender, connection) = Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_header_list_size(MAX_HEADERS)
            .keep_alive_interval(PING_AFTER)
            .keep_alive_timeout(PING_LIMIT)
            .handshake(Bounded::new(io))
            .await
            .map_err(error::lost_early)?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "an HTTP/2 connection ended");
            }
        });
        let usage = Usage::new();
        Ok(Some(Connection { sender, usage }))
    }
}

impl Host {
    /// Whether a call has it, or it has a connection.
    fn is_needed(self: &Arc<Self>) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::strong_count(self) > 1 || matches!(&*known, Known::Open(it) if !it.sender.is_closed())
    }

    /// What is known for a call that has waited since `begin`; the outer `None` is nothing.
    fn known(&self, begin: Instant, idle_timeout: Duration) -> Result<Option<Option<Connection>>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        match &*known {
            Known::Http1 => Ok(Some(None)),
            Known::Open(connection) if connection.is_usable(idle_timeout) => {
                Ok(Some(Some(connection.clone())))
            }
            Known::Failed(at, error) if *at > begin => Err(error.clone()),
            _ => {
                *known = Known::Nothing;
                Ok(None)
            }
        }
    }

    fn set(&self, new: Known) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = new;
    }

    /// Takes `connection` out, unless there is another by now.
    fn forget(&self, connection: &Connection) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if matches!(&*known, Known::Open(it) if Arc::ptr_eq(&it.usage, &connection.usage)) {
            *known = Known::Nothing;
        }
    }

    /// Closes the connection with this `usage` once it has been idle for too long.
    fn watch(self: &Arc<Self>, usage: Arc<Usage>, idle_timeout: Duration) {
        let host = Arc::downgrade(self);
        tokio::spawn(async move {
            let mut end = Instant::now() + idle_timeout.min(crate::config::FAR);
            loop {
                sleep_until(end).await;
                match host
                    .upgrade()
                    .and_then(|host| host.expire(&usage, idle_timeout))
                {
                    Some(next) => end = next,
                    None => return,
                }
            }
        });
    }

    /// When to look again for a connection that is idle for too long; none once it is gone.
    fn expire(&self, usage: &Arc<Usage>, idle_timeout: Duration) -> Option<Instant> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        match &*known {
            Known::Open(connection) if Arc::ptr_eq(&connection.usage, usage) => {
                if connection.is_usable(idle_timeout) {
                    let idle_timeout = idle_timeout.min(crate::config::FAR);
                    let since = usage.idle_since().unwrap_or_else(Instant::now);
                    return Some(since + idle_timeout);
                }
                *known = Known::Nothing;
                None
            }
            _ => None,
        }
    }
}

impl Connection {
    fn is_usable(&self, idle_timeout: Duration) -> bool {
        let idle = self.usage.idle_since();
        !self.sender.is_closed()
            && !self.usage.is_doubtful()
            && idle.is_none_or(|since| since.elapsed() < idle_timeout)
    }
}

#[cfg(test)]
mod tests;
