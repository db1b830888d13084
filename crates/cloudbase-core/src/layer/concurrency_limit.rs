//! Bounds how many requests to one host are in progress: the others wait for a permit.

use std::collections::HashMap;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::uri::Authority;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use super::next::tower_layer;
use super::{Next, Reply};
use crate::config::{Config, FAR};
use crate::error::{BoxError, Error, ErrorKind, Result, TimeoutPhase};
use crate::operation::{Call, CallInfo};

/// Limits concurrency; see [`ConcurrencyLimit`]. Services made by one layer share their permits.
#[derive(Clone, Debug)]
pub struct ConcurrencyLimitLayer {
    hosts: Arc<Hosts>,
}

#[derive(Debug)]
struct Hosts {
    limit: usize,
    /// How long a request waits that has no deadline of its own.
    max_wait: Duration,
    /// The gateway, found without a lock.
    gateway: (Authority, Arc<Semaphore>),
    others: Mutex<HashMap<Authority, Arc<Semaphore>>>,
}

impl ConcurrencyLimitLayer {
    /// The layer with the number of connections per host of `config`.
    pub fn new(config: &Config) -> Self {
        let limit = config.max_connections();
        let gateway = config.endpoint().authority.clone();
        Self {
            hosts: Arc::new(Hosts {
                limit,
                max_wait: config.timeouts().total.min(FAR),
                gateway: (gateway, Arc::new(Semaphore::new(limit))),
                others: Mutex::default(),
            }),
        }
    }

    pub(crate) fn around<N>(&self, next: N) -> ConcurrencyLimit<N> {
        ConcurrencyLimit {
            next,
            hosts: self.hosts.clone(),
        }
    }
}

impl Hosts {
    fn permits(&self, host: Option<&Authority>) -> Arc<Semaphore> {
        match host {
            Some(host) if *host != self.gateway.0 => {
                let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(permits) = others.get(host) {
                    return permits.clone();
                }
                let permits = Arc::new(Semaphore::new(self.limit));
                others.insert(host.clone(), permits.clone());
                permits
            }
            _ => self.gateway.1.clone(),
        }
    }

    fn permits_for(&self, call: &Call) -> Arc<Semaphore> {
        let context = call.info.context();
        match context.external || context.by_hand {
            true => self.permits(call.request.uri().authority()),
            false => self.gateway.1.clone(),
        }
    }

    async fn permit(
        &self,
        permits: Arc<Semaphore>,
        info: &CallInfo,
    ) -> Result<OwnedSemaphorePermit> {
        let permits = match permits.clone().try_acquire_owned() {
            Ok(permit) => return Ok(permit),
            Err(_) => permits,
        };
        let now = Instant::now();
        let deadline = info.deadline();
        let deadline = deadline.map_or_else(|| now + self.max_wait, |deadline| deadline.at);
        let late = || Error::timeout(TimeoutPhase::Queue, deadline - now);
        let permit = timeout_at(deadline, permits.acquire_owned()).await;
        let permit = permit.map_err(|_| late())?.map_err(|error| {
            Error::new(ErrorKind::Interrupted, "the client was shut down").with_source(error)
        })?;
        // A permit that comes with the deadline is of no use: nothing is sent.
        if Instant::now() >= deadline {
            return Err(late());
        }
        Ok(permit)
    }
}

/// Lets at most [`max_connections`](Config::max_connections) requests per host be in progress, from
/// sending to the last byte of the response.
///
/// Whatever is inside, such as the timeout of an attempt, sees the request when it has its permit.
/// A request whose call has no time left while it waits ends with a
/// [timeout](crate::ErrorKind::Timeout) of phase [`Queue`](TimeoutPhase::Queue); nothing was sent
/// then.
#[derive(Clone, Debug)]
pub struct ConcurrencyLimit<N> {
    next: N,
    hosts: Arc<Hosts>,
}

tower_layer!(ConcurrencyLimitLayer, ConcurrencyLimit);

impl<N: Next> Next for ConcurrencyLimit<N> {
    async fn send(&self, call: &mut Call) -> Result<Reply, BoxError> {
        let permits = self.hosts.permits_for(call);
        let permit = self.hosts.permit(permits, &call.info).await?;
        let mut reply = self.next.send(call).await?;
        // A response that is still on its way keeps its permit.
        let body = reply.response.body_mut();
        if body.is_streaming() {
            *body = mem::take(body).with_permit(permit);
        }
        Ok(reply)
    }
}
