//! Bounds how many requests to one host are under way: the others wait their turn.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http::uri::Authority;
use http::{Request, Response};
use pin_project_lite::pin_project;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore, TryAcquireError};
use tokio::time::{Instant, timeout_at};
use tower::{Layer, Service};

use crate::body::Body;
use crate::config::Config;
use crate::error::{Error, ErrorKind, TimeoutPhase};
use crate::layer::FAR;
use crate::operation::CallInfo;
use crate::service::BoxError;

/// Puts [`Queue`] around a service. Services made by one layer share their turns.
#[derive(Clone, Debug)]
pub struct QueueLayer {
    hosts: Arc<Hosts>,
}

#[derive(Debug)]
struct Hosts {
    limit: usize,
    /// How long a request waits that has no deadline of its own.
    patience: Duration,
    /// The gateway, found without a lock.
    home: (Authority, Arc<Semaphore>),
    others: Mutex<HashMap<Authority, Arc<Semaphore>>>,
}

impl QueueLayer {
    /// The layer with the number of connections per host of `config`.
    pub fn new(config: &Config) -> Self {
        let limit = config.max_connections();
        let home = config.endpoint().authority.clone();
        Self {
            hosts: Arc::new(Hosts {
                limit,
                patience: config.timeouts().total,
                home: (home, Arc::new(Semaphore::new(limit))),
                others: Mutex::default(),
            }),
        }
    }
}

impl Hosts {
    fn turns(&self, host: Option<&Authority>) -> Arc<Semaphore> {
        match host {
            Some(host) if *host != self.home.0 => {
                let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
                if let Some(turns) = others.get(host) {
                    return turns.clone();
                }
                let turns = Arc::new(Semaphore::new(self.limit));
                others.insert(host.clone(), turns.clone());
                turns
            }
            _ => self.home.1.clone(),
        }
    }
}

impl<S> Layer<S> for QueueLayer {
    type Service = Queue<S>;

    fn layer(&self, inner: S) -> Queue<S> {
        Queue {
            inner,
            hosts: self.hosts.clone(),
        }
    }
}

/// Lets at most [`max_connections`](Config::max_connections) requests per host be under way, from
/// sending to the last byte of the answer.
///
/// Whatever is inside, such as the limit of an attempt, sees the request when its turn has come.
/// A request whose call has no time left while it waits ends with a
/// [timeout](crate::ErrorKind::Timeout) of phase [`Queue`](TimeoutPhase::Queue); nothing was sent
/// then.
#[derive(Clone, Debug)]
pub struct Queue<S> {
    inner: S,
    hosts: Arc<Hosts>,
}

impl<S> Service<Request<Body>> for Queue<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = BoxError> + Clone,
{
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = QueueFuture<S>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let call = CallInfo::of(&request);
        let turns = || match call {
            Some(call) if !call.is_external() => self.hosts.home.1.clone(),
            _ => self.hosts.turns(request.uri().authority()),
        };
        match turns().try_acquire_owned() {
            Ok(turn) => QueueFuture {
                state: State::Running {
                    future: self.inner.call(request),
                    turn: Some(turn),
                },
            },
            Err(TryAcquireError::NoPermits | TryAcquireError::Closed) => {
                let turns = turns();
                let deadline = call.and_then(|call| call.0.deadline());
                let now = Instant::now();
                let patience = self.hosts.patience.min(FAR);
                let deadline = deadline.unwrap_or_else(|| now + patience);
                // The service that was found ready is the one to be called.
                let spare = self.inner.clone();
                let state = State::Waiting {
                    turn: Box::pin(async move {
                        let late = || Error::timeout(TimeoutPhase::Queue, deadline - now);
                        let turn = timeout_at(deadline, turns.acquire_owned())
                            .await
                            .map_err(|_| late())?
                            .map_err(closed)?;
                        // A turn that comes with the deadline is of no use: nothing is sent.
                        if Instant::now() >= deadline {
                            return Err(late());
                        }
                        Ok(turn)
                    }),
                    next: Some(Box::new((
                        std::mem::replace(&mut self.inner, spare),
                        request,
                    ))),
                };
                QueueFuture { state }
            }
        }
    }
}

fn closed(error: AcquireError) -> Error {
    Error::new(ErrorKind::Interrupted, "the client was shut down").with_source(error)
}

pin_project! {
    /// The future of [`Queue`].
    pub struct QueueFuture<S: Service<Request<Body>>> {
        #[pin]
        state: State<S, S::Future>,
    }
}

type Turn = Pin<Box<dyn Future<Output = Result<OwnedSemaphorePermit, Error>> + Send>>;

pin_project! {
    #[project = StateProjection]
    enum State<S, F> {
        Waiting {
            turn: Turn,
            next: Option<Box<(S, Request<Body>)>>,
        },
        Running {
            #[pin]
            future: F,
            turn: Option<OwnedSemaphorePermit>,
        },
    }
}

impl<S> Future for QueueFuture<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = BoxError>,
{
    type Output = Result<Response<Body>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            match state.as_mut().project() {
                StateProjection::Waiting { turn, next } => {
                    let turn = ready!(turn.as_mut().poll(cx))?;
                    let Some((mut service, request)) = next.take().map(|next| *next) else {
                        return Poll::Pending; // polled after it was ready
                    };
                    let future = service.call(request);
                    let turn = Some(turn);
                    state.set(State::Running { future, turn });
                }
                StateProjection::Running { future, turn } => {
                    let result = ready!(future.poll(cx));
                    let turn = turn.take();
                    // An answer that is still on its way keeps its turn.
                    return Poll::Ready(match (result, turn) {
                        (Ok(answer), Some(turn)) if answer.body().is_streaming() => {
                            Ok(answer.map(|body| body.with_turn(turn)))
                        }
                        (result, _) => result,
                    });
                }
            }
        }
    }
}
