//! Reports to the program what happens to its session: as a stream, or by callbacks.
//!
//! Nothing is delivered under a lock: readers have queues of their own, callbacks run on threads
//! where they may block, call the SDK, or panic.

use std::collections::VecDeque;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};

use futures_core::Stream;

use super::AuthEvent;

/// How many events a reader may fall behind before it misses the oldest.
const QUEUE: usize = 64;

/// Looks for a stored session; `false` if that takes a runtime and none is here.
pub(crate) type Look = Box<dyn Fn() -> bool + Send + Sync>;

/// Events as a stream. It begins with what happens after it was made, and never ends by itself.
#[must_use = "a stream does nothing unless it is read"]
pub struct AuthEvents {
    queue: Arc<Queue>,
    /// Looks for a stored session at the first read.
    look: Option<Look>,
}

impl AuthEvents {
    /// The next event.
    ///
    /// # Cancel safety
    ///
    /// No event is lost when the future is dropped.
    pub async fn next(&mut self) -> AuthEvent {
        std::future::poll_fn(|cx| self.poll(cx)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<AuthEvent> {
        self.look.take_if(|look| look());
        self.queue.poll(cx)
    }
}

impl Stream for AuthEvents {
    type Item = AuthEvent;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<AuthEvent>> {
        self.poll(cx).map(Some)
    }
}

impl fmt::Debug for AuthEvents {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthEvents").finish_non_exhaustive()
    }
}

/// A registered callback. Dropping it unsubscribes.
#[doc(alias = "OnAuthStateChangeResult")]
#[must_use = "dropping a subscription ends it"]
pub struct Subscription {
    listener: Option<Arc<Listener>>,
    bus: Weak<EventBus>,
}

impl Subscription {
    /// Ends the subscription. A callback that runs already runs to its end; none starts after this.
    pub fn unsubscribe(self) {}

    /// Keeps the callback for as long as the client lives.
    pub fn detach(mut self) {
        self.listener = None;
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if let Some(listener) = self.listener.take() {
            listener.active.store(false, Ordering::Release);
            if let Some(bus) = self.bus.upgrade() {
                bus.lock()
                    .listeners
                    .retain(|other| !Arc::ptr_eq(other, &listener));
            }
        }
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("active", &self.listener.is_some())
            .finish()
    }
}

/// Hands events out.
#[derive(Default)]
pub(crate) struct EventBus {
    subscribers: Mutex<Subscribers>,
}

#[derive(Default)]
struct Subscribers {
    streams: Vec<Weak<Queue>>,
    listeners: Vec<Arc<Listener>>,
}

struct Listener {
    queue: Queue,
    active: AtomicBool,
    callback: Box<dyn Fn(AuthEvent) + Send + Sync>,
}

impl EventBus {
    /// A stream of what happens from now on, whose reader looks for a stored session first.
    pub(crate) fn stream(&self, look: Option<Look>) -> AuthEvents {
        let queue = Arc::new(Queue::default());
        self.lock().streams.push(Arc::downgrade(&queue));
        AuthEvents { queue, look }
    }

    pub(crate) fn listen(
        self: &Arc<Self>,
        callback: impl Fn(AuthEvent) + Send + Sync + 'static,
    ) -> Subscription {
        let listener = Arc::new(Listener {
            queue: Queue::default(),
            active: AtomicBool::new(true),
            callback: Box::new(callback),
        });
        self.lock().listeners.push(listener.clone());
        Subscription {
            listener: Some(listener),
            bus: Arc::downgrade(self),
        }
    }

    /// Queues events for everybody. Called without any lock held, and on a runtime.
    pub(crate) fn publish(&self, events: impl IntoIterator<Item = AuthEvent>) {
        for event in events {
            tracing::debug!(event = event.name(), "auth state changed");
            let (streams, listeners) = {
                let mut subscribers = self.lock();
                subscribers.streams.retain(|queue| queue.strong_count() > 0);
                (subscribers.streams.clone(), subscribers.listeners.clone())
            };
            for queue in streams.iter().filter_map(Weak::upgrade) {
                queue.push(event.clone());
            }
            for listener in listeners {
                if listener.queue.push(event.clone()) {
                    tokio::spawn(deliver(listener));
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Subscribers> {
        self.subscribers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Calls the callback for each queued event, one after the other, until the queue is empty.
async fn deliver(listener: Arc<Listener>) {
    // A runtime that ends drops this task: on another one another task must deliver.
    let mut rest = Rest {
        queue: &listener.queue,
        done: false,
    };
    while let Some(event) = listener.queue.pop_or_rest() {
        let listener = listener.clone();
        // A blocking thread: there a callback may wait for the SDK without stopping the runtime.
        let run = move || {
            if !listener.active.load(Ordering::Acquire) {
                return;
            }
            let callback = AssertUnwindSafe(|| (listener.callback)(event));
            if std::panic::catch_unwind(callback).is_err() {
                tracing::error!("an auth callback panicked");
            }
        };
        if tokio::task::spawn_blocking(run).await.is_err() {
            return; // the runtime shuts down
        }
    }
    rest.done = true;
}

/// Gives the delivery up if it is not done.
struct Rest<'a> {
    queue: &'a Queue,
    done: bool,
}

impl Drop for Rest<'_> {
    fn drop(&mut self) {
        if !self.done {
            self.queue.lock().busy = false;
        }
    }
}

#[derive(Default)]
struct Queue {
    state: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    events: VecDeque<AuthEvent>,
    missed: u64,
    waker: Option<Waker>,
    /// A task delivers out of this queue.
    busy: bool,
}

impl Queue {
    /// Adds an event; returns whether delivery must be started.
    fn push(&self, event: AuthEvent) -> bool {
        let (waker, start) = {
            let mut state = self.lock();
            if state.events.len() == QUEUE {
                state.events.pop_front();
                state.missed += 1;
            }
            state.events.push_back(event);
            (
                state.waker.take(),
                !std::mem::replace(&mut state.busy, true),
            )
        };
        if let Some(waker) = waker {
            waker.wake();
        }
        start
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<AuthEvent> {
        let mut state = self.lock();
        match state.take() {
            Some(event) => Poll::Ready(event),
            None => {
                state.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }

    /// The next event, or the end of this delivery.
    fn pop_or_rest(&self) -> Option<AuthEvent> {
        let mut state = self.lock();
        let event = state.take();
        state.busy = event.is_some();
        event
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn take(&mut self) -> Option<AuthEvent> {
        match std::mem::take(&mut self.missed) {
            0 => self.events.pop_front(),
            missed => Some(AuthEvent::Lagged(missed)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::SignOutReason;

    fn out() -> AuthEvent {
        AuthEvent::SignedOut(SignOutReason::Requested)
    }

    #[tokio::test]
    async fn a_slow_reader_gets_a_report_that_it_lagged() {
        let bus = EventBus::default();
        let mut events = bus.stream(None);
        bus.publish((0..QUEUE + 3).map(|_| out()));
        assert!(matches!(events.next().await, AuthEvent::Lagged(3)));
        for _ in 0..QUEUE {
            assert!(matches!(events.next().await, AuthEvent::SignedOut(_)));
        }
        bus.publish([AuthEvent::PasswordRecovery]);
        assert!(matches!(events.next().await, AuthEvent::PasswordRecovery));
    }

    #[tokio::test]
    async fn callbacks_may_panic_block_and_subscribe() {
        let bus = Arc::new(EventBus::default());
        let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
        let inner = Arc::downgrade(&bus);
        bus.listen(|_| panic!("callback")).detach();
        let subscription = bus.listen(move |event| {
            let bus = inner.upgrade().unwrap();
            bus.listen(|_| {}).unsubscribe();
            tokio::runtime::Handle::current().block_on(tokio::task::yield_now());
            sender.send(event.name()).unwrap();
        });
        bus.publish([out(), AuthEvent::PasswordRecovery]);
        assert_eq!(receiver.recv().await, Some("SIGNED_OUT"));
        assert_eq!(
            receiver.recv().await,
            Some("PASSWORD_RECOVERY"),
            "the panicking one stops nobody"
        );
        drop(subscription);
        bus.publish([out()]);
        assert_eq!(receiver.recv().await, None, "unsubscribed and dropped");
    }
}
