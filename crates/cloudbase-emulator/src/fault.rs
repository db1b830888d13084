//! Fault scripts: what goes wrong with the next calls of an operation.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::Method;

use crate::pattern::Pattern;

mod gate;
mod spec;

pub use gate::Gate;
pub(crate) use spec::{Spec, View};

/// The faults in force. The first that fits a request and has calls left is applied. Clones share the list.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug, Default)]
struct Shared {
    scripts: Vec<Script>,
    next_id: u64,
}

#[derive(Debug)]
struct Script {
    id: u64,
    fault: Fault,
    seen: u32,
    hits: u32,
}

/// One fault: which calls it hits, and what happens to them.
///
/// Without [`times`](Self::times) it hits every call until it is removed. A delay or a gate can be combined with any outcome.
///
/// ```
/// use std::time::Duration;
/// use cloudbase_emulator::Fault;
///
/// let busy = Fault::on("POST /v1/functions/*").times(2).status(503, "RESOURCE_UNAVAILABLE");
/// let lost = Fault::on("POST /auth/v1/token").times(1).lose_response();
/// let slow = Fault::on("GET *").delay(Duration::from_millis(50)).stall_after(10);
/// # drop((busy, lost, slow));
/// ```
#[derive(Clone, Debug)]
#[must_use = "a fault does nothing until it is added"]
pub struct Fault {
    pattern: Pattern,
    skip: u32,
    times: Option<u32>,
    delay: Duration,
    gate: Option<Gate>,
    outcome: Outcome,
}

/// What becomes of the response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The handler's own.
    Pass,
    /// This one; the handler does not run.
    Respond(Scripted),
    /// The handler runs if `run`; `bytes` bytes of the response's head and body are sent, then the connection ends, by a reset
    /// or by an ordinary close.
    Cut { bytes: u64, reset: bool, run: bool },
    /// The handler runs; `bytes` bytes of the response's body are sent, then nothing more.
    Stall { bytes: u64 },
}

/// A response in place of the handler's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scripted {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) headers: Vec<(String, String)>,
    /// The body as it is; without one the error envelope of the operation's family is written.
    pub(crate) body: Option<String>,
}

/// A fault that a request ran into.
#[derive(Debug)]
pub(crate) struct Hit {
    pub(crate) delay: Duration,
    pub(crate) gate: Option<Gate>,
    pub(crate) outcome: Outcome,
}

impl Faults {
    /// Puts a fault in force and returns its id.
    pub fn add(&self, fault: Fault) -> u64 {
        let mut shared = self.lock();
        let id = shared.next_id;
        shared.next_id += 1;
        shared.scripts.push(Script {
            id,
            fault,
            seen: 0,
            hits: 0,
        });
        id
    }

    /// How many calls a fault has hit; 0 for an unknown id.
    pub fn hits(&self, id: u64) -> u32 {
        self.lock()
            .scripts
            .iter()
            .find(|script| script.id == id)
            .map_or(0, |script| script.hits)
    }

    /// Takes one fault back; a removed fault's count is gone.
    pub fn remove(&self, id: u64) {
        self.lock().scripts.retain(|script| script.id != id);
    }

    /// Takes all faults back.
    pub fn clear(&self) {
        self.lock().scripts.clear();
    }

    pub(crate) fn hit(&self, method: &Method, path: &str) -> Option<Hit> {
        self.lock()
            .scripts
            .iter_mut()
            .find_map(|script| script.hit(method, path))
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Script {
    fn hit(&mut self, method: &Method, path: &str) -> Option<Hit> {
        let fault = &self.fault;
        let used_up = fault.times.is_some_and(|times| self.hits >= times);
        if used_up || !fault.pattern.fits(method, path) {
            return None;
        }
        self.seen = self.seen.saturating_add(1);
        if self.seen <= fault.skip {
            return None;
        }
        self.hits = self.hits.saturating_add(1);
        Some(Hit {
            delay: fault.delay,
            gate: fault.gate.clone(),
            outcome: fault.outcome.clone(),
        })
    }
}

impl Fault {
    /// A fault for the operations that fit `METHOD /path`; the method may be `*`, and `*` in the path stands for any text.
    ///
    /// # Panics
    ///
    /// If the pattern can match nothing.
    #[track_caller]
    pub fn on(pattern: &str) -> Self {
        Self {
            pattern: Pattern::new(pattern),
            skip: 0,
            times: None,
            delay: Duration::ZERO,
            gate: None,
            outcome: Outcome::Pass,
        }
    }

    /// Hits only so many calls.
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Lets so many calls pass first.
    pub fn skip(mut self, calls: u32) -> Self {
        self.skip = calls;
        self
    }

    /// Waits before anything else happens to the call.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Holds the call at a gate until the test opens it.
    pub fn hold(mut self, gate: &Gate) -> Self {
        self.gate = Some(gate.clone());
        self
    }

    /// Responds with a status and an error code, in the envelope of the operation's family. The handler does not run.
    pub fn status(self, status: u16, code: &str) -> Self {
        self.respond(|script| {
            script.status = status;
            script.code = code.to_owned();
        })
    }

    /// Adds a header to the response of [`status`](Self::status), such as `Retry-After`.
    pub fn header(self, name: &str, value: &str) -> Self {
        let header = (name.to_owned(), value.to_owned());
        self.respond(|script| script.headers.push(header))
    }

    /// Replaces the body of the response of [`status`](Self::status), byte for byte.
    pub fn body(self, body: &str) -> Self {
        self.respond(|script| script.body = Some(body.to_owned()))
    }

    /// Resets the connection before the handler runs.
    pub fn reset(mut self) -> Self {
        self.outcome = Outcome::Cut {
            bytes: 0,
            reset: true,
            run: false,
        };
        self
    }

    /// Runs the handler, then resets the connection without a response: the effect stays, the response is lost.
    pub fn lose_response(mut self) -> Self {
        self.outcome = Outcome::Cut {
            bytes: 0,
            reset: true,
            run: true,
        };
        self
    }

    /// Runs the handler and resets the connection after `bytes` bytes of the response, its head included.
    pub fn reset_after(mut self, bytes: u64) -> Self {
        self.outcome = Outcome::Cut {
            bytes,
            reset: true,
            run: true,
        };
        self
    }

    /// Like [`reset_after`](Self::reset_after), but closes the connection in the ordinary way.
    pub fn close_after(mut self, bytes: u64) -> Self {
        self.outcome = Outcome::Cut {
            bytes,
            reset: false,
            run: true,
        };
        self
    }

    /// Runs the handler, sends `bytes` bytes of the response's body, and then nothing more while the connection stays open.
    pub fn stall_after(mut self, bytes: u64) -> Self {
        self.outcome = Outcome::Stall { bytes };
        self
    }

    fn respond(mut self, change: impl FnOnce(&mut Scripted)) -> Self {
        let mut script = match self.outcome {
            Outcome::Respond(script) => script,
            _ => Scripted::default(),
        };
        change(&mut script);
        self.outcome = Outcome::Respond(script);
        self
    }
}

impl Default for Scripted {
    fn default() -> Self {
        Self {
            status: 500,
            code: "SYS_ERR".to_owned(),
            message: "This fault was asked for.".to_owned(),
            headers: Vec::new(),
            body: None,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} skip {} times {:?}: ",
            self.pattern, self.skip, self.times
        )?;
        write!(f, "delay {:?}, {:?}", self.delay, self.outcome)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_skips_and_hits() {
        let faults = Faults::default();
        let id = faults.add(Fault::on("GET /a").skip(1).times(2).status(503, "X"));
        let hit = |path| faults.hit(&Method::GET, path).is_some();
        assert_eq!(
            [hit("/a"), hit("/b"), hit("/a"), hit("/a"), hit("/a")],
            [false, false, true, true, false]
        );
        assert_eq!(faults.hits(id), 2);
        faults.clear();
        assert_eq!(faults.hits(id), 0);
    }
}
