//! How far an upload has come.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http_body::Frame;
use tokio::time::Instant;

use crate::error::BoxError;

/// How far an upload has come, as seen from outside.
#[derive(Debug)]
pub(crate) struct Progress {
    expected: Option<u64>,
    moved: Mutex<Moved>,
}

#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Moved {
    /// Bytes that the transport has taken.
    pub(crate) bytes: u64,
    /// When it took the last of them, or asked for the first: it is connected then.
    pub(crate) last: Option<Instant>,
    /// Whether it has taken all.
    pub(crate) done: bool,
}

impl Progress {
    pub(crate) fn new(expected: Option<u64>) -> Self {
        Self {
            expected,
            moved: Mutex::default(),
        }
    }

    pub(crate) fn moved(&self) -> Moved {
        *self.lock()
    }

    pub(crate) fn is_done(&self) -> bool {
        self.lock().done
    }

    pub(crate) fn begin(&self) {
        self.lock().last.get_or_insert_with(Instant::now);
    }

    pub(crate) fn record(&self, frame: &Option<Result<Frame<Bytes>, BoxError>>) {
        let mut moved = self.lock();
        let taken = match frame {
            Some(Ok(frame)) => frame.data_ref().map_or(0, |data| data.len() as u64),
            Some(Err(_)) | None => {
                moved.done = true;
                0
            }
        };
        moved.bytes += taken;
        // A transport that knows the length does not ask for the end.
        moved.done |= self
            .expected
            .is_some_and(|expected| moved.bytes >= expected);
        if taken > 0 {
            moved.last = Some(Instant::now());
        }
    }

    fn lock(&self) -> MutexGuard<'_, Moved> {
        self.moved.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
