//! One connection for everybody: made once for all who wait for it, and replaced when it is lost.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{AsyncConnectionConfig, Client, Cmd, FromRedisValue};
use cloudbase_core::{Error, Result};
use tokio::sync::watch;
use tokio::time::Instant;

use super::fault::Fault;

pub(super) const CONNECT_LIMIT: Duration = Duration::from_secs(3);
pub(super) const RESPONSE_LIMIT: Duration = Duration::from_secs(5);
/// For how long nobody tries again after a connection could not be made.
pub(super) const COOLDOWN: Duration = Duration::from_secs(1);

pub(super) struct Server {
    client: Client,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    link: Option<Link>,
    attempt: Option<watch::Receiver<Option<Outcome>>>,
    failure: Option<(Fault, Instant)>,
    /// How many connections there have been.
    count: u64,
}

/// A connection, and which one it is: only the one that failed is given up.
#[derive(Clone)]
struct Link {
    connection: MultiplexedConnection,
    number: u64,
}

type Outcome = std::result::Result<Link, Fault>;

/// What a caller who needs a connection does next.
enum Next {
    Use(Link),
    Wait(watch::Receiver<Option<Outcome>>),
    Fail(Error),
}

impl Server {
    pub(super) fn new(client: Client) -> Self {
        Self {
            client,
            state: Mutex::default(),
        }
    }

    /// Runs a command, and once more on a fresh connection where that can help. Every command here
    /// may run twice.
    pub(super) async fn run<T: FromRedisValue>(self: &Arc<Self>, command: &Cmd) -> Result<T> {
        self.attempt(command)
            .await?
            .map_err(|fault| self.error(fault))
    }

    pub(super) fn error(&self, fault: Fault) -> Error {
        fault.into_error(&self.place())
    }

    /// As [`run`](Self::run), but hands out what the server has said, for a caller that makes something of
    /// it.
    pub(super) async fn attempt<T: FromRedisValue>(
        self: &Arc<Self>,
        command: &Cmd,
    ) -> Result<std::result::Result<T, Fault>> {
        let mut is_last = false;
        loop {
            let mut link = self.link().await?;
            let fault = match command.query_async(&mut link.connection).await {
                Ok(value) => return Ok(Ok(value)),
                Err(error) => Fault::of(&error),
            };
            if fault.is_over {
                self.give_up(&link);
            }
            if is_last || !fault.may_repeat {
                return Ok(Err(fault));
            }
            is_last = true;
        }
    }

    fn place(&self) -> String {
        self.client.get_connection_info().addr().to_string()
    }

    /// The connection, which is made if necessary.
    async fn link(self: &Arc<Self>) -> Result<Link> {
        // An attempt dies with the runtime that it ran on: then another one begins here.
        for _ in 0..3 {
            let mut attempt = match self.next() {
                Next::Use(link) => return Ok(link),
                Next::Fail(error) => return Err(error),
                Next::Wait(attempt) => attempt,
            };
            let outcome = attempt.wait_for(Option::is_some).await;
            match outcome.ok().and_then(|outcome| outcome.clone()) {
                Some(Ok(link)) => return Ok(link),
                Some(Err(fault)) => {
                    let error = self.error(fault);
                    return Err(error.with_retry_after(Some(COOLDOWN)));
                }
                None => {}
            }
        }
        Err(self.error(Fault::interrupted()))
    }

    fn next(self: &Arc<Self>) -> Next {
        let mut state = self.state();
        if let Some(link) = &state.link {
            return Next::Use(link.clone());
        }
        if let Some(attempt) = &state.attempt
            // A closed channel without an outcome: the task went away with its runtime.
            && (attempt.has_changed().is_ok() || attempt.borrow().is_some())
        {
            return Next::Wait(attempt.clone());
        }
        let now = Instant::now();
        if let Some((fault, until)) = &state.failure
            && *until > now
        {
            let error = self.error(fault.clone());
            return Next::Fail(error.with_retry_after(Some(*until - now)));
        }
        let (sender, attempt) = watch::channel(None);
        state.attempt = Some(attempt.clone());
        let this = self.clone();
        tokio::spawn(async move {
            let config = AsyncConnectionConfig::new()
                .set_connection_timeout(Some(CONNECT_LIMIT))
                .set_response_timeout(Some(RESPONSE_LIMIT));
            let connected = this
                .client
                .get_multiplexed_async_connection_with_config(&config)
                .await;
            let outcome = this.settle(connected.map_err(|error| Fault::of(&error)));
            sender.send_replace(Some(outcome));
        });
        Next::Wait(attempt)
    }

    fn settle(&self, connected: std::result::Result<MultiplexedConnection, Fault>) -> Outcome {
        let mut state = self.state();
        state.attempt = None;
        match connected {
            Ok(connection) => {
                state.count += 1;
                let number = state.count;
                let link = Link { connection, number };
                state.link = Some(link.clone());
                state.failure = None;
                Ok(link)
            }
            Err(fault) => {
                state.failure = Some((fault.clone(), Instant::now() + COOLDOWN));
                Err(fault)
            }
        }
    }

    /// Forgets a connection, unless that has been done and there is a newer one.
    fn give_up(&self, lost: &Link) {
        let mut state = self.state();
        if state
            .link
            .as_ref()
            .is_some_and(|link| link.number == lost.number)
        {
            state.link = None;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while the state is half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").finish_non_exhaustive()
    }
}
