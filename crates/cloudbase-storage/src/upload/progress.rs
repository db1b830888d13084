//! Watches the bytes of an upload pass: their number, their checksum, and what went wrong.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use cloudbase_core::{Error, ErrorKind, Result};
use futures_core::Stream;

use crate::checksum::Crc64;

/// How far an upload has come.
///
/// Counts what the connection has taken. If the upload has to start again, so does the count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UploadProgress {
    /// Bytes sent so far.
    pub sent: u64,
    /// Bytes to send, if known.
    pub total: Option<u64>,
}

pub(crate) type OnProgress = Box<dyn FnMut(UploadProgress) + Send>;

/// What an upload's sender and its body share.
pub(crate) struct UploadMonitor {
    on_progress: Mutex<Option<OnProgress>>,
    outcome: Mutex<Outcome>,
}

#[derive(Default)]
struct Outcome {
    failure: Option<Error>,
    crc64: Option<u64>,
}

impl UploadMonitor {
    pub(crate) fn new(on_progress: Option<OnProgress>) -> Arc<Self> {
        Arc::new(Self {
            on_progress: Mutex::new(on_progress),
            outcome: Mutex::default(),
        })
    }

    /// Why the source failed, if it did: the connection only knows that it did.
    pub(crate) fn take_failure(&self) -> Option<Error> {
        self.outcome().failure.take()
    }

    /// The checksum of what was sent, once all was.
    pub(crate) fn crc64(&self) -> Option<u64> {
        self.outcome().crc64
    }

    fn outcome(&self) -> std::sync::MutexGuard<'_, Outcome> {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn report(&self, progress: UploadProgress) {
        let mut callback = self
            .on_progress
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(callback) = &mut *callback {
            callback(progress);
        }
    }
}

impl fmt::Debug for UploadMonitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UploadMonitor").finish_non_exhaustive()
    }
}

/// What is wrong with a source of more than `length` bytes.
pub(crate) fn longer_than(length: u64) -> Error {
    let rule = format!("gave more than the {length} bytes it was said to have");
    Error::argument("source", rule)
}

/// Passes a source on and checks that it gives as many bytes as it should.
///
/// The last piece is held back until the source has said that it ends there: a connection stops
/// asking at the stated length, and would cut off whatever a longer source still has.
pub(crate) struct Monitored<S> {
    inner: Pin<Box<S>>,
    monitor: Arc<UploadMonitor>,
    length: Option<u64>,
    taken: u64,
    sent: u64,
    crc: Crc64,
    held: Option<Bytes>,
    done: bool,
}

impl<S> Monitored<S> {
    pub(crate) fn new(inner: S, length: Option<u64>, monitor: Arc<UploadMonitor>) -> Self {
        Self {
            inner: Box::pin(inner),
            monitor,
            length,
            taken: 0,
            sent: 0,
            crc: Crc64::default(),
            held: None,
            done: false,
        }
    }

    fn pass(&mut self, bytes: Bytes) -> Bytes {
        self.crc.update(&bytes);
        self.sent += bytes.len() as u64;
        self.monitor.report(UploadProgress {
            sent: self.sent,
            total: self.length,
        });
        bytes
    }

    fn finish(&mut self) {
        self.done = true;
        self.monitor.outcome().crc64 = Some(self.crc.finish());
    }

    fn fail(&mut self, error: Error) -> Error {
        self.done = true;
        self.monitor.outcome().failure = Some(error);
        Error::new(ErrorKind::Body, "the source of the upload failed")
    }
}

impl<S> Stream for Monitored<S>
where
    S: Stream<Item = Result<Bytes>>,
{
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        while !this.done {
            match ready!(this.inner.as_mut().poll_next(cx)) {
                Some(Ok(bytes)) => {
                    this.taken += bytes.len() as u64;
                    match this.length {
                        Some(length) if this.taken > length => {
                            return Poll::Ready(Some(Err(this.fail(longer_than(length)))));
                        }
                        // An empty piece at the end must not take the place of the last one.
                        Some(length) if this.taken == length && this.held.is_none() => {
                            this.held = Some(bytes);
                        }
                        _ if bytes.is_empty() => {}
                        _ => return Poll::Ready(Some(Ok(this.pass(bytes)))),
                    }
                }
                Some(Err(error)) => {
                    return Poll::Ready(Some(Err(this.fail(error))));
                }
                None => {
                    let taken = this.taken;
                    if let Some(length) = this.length.filter(|length| taken < *length) {
                        let rule = format!("gave {taken} bytes, but was said to have {length}");
                        return Poll::Ready(Some(Err(this.fail(Error::argument("source", rule)))));
                    }
                    let last = this.held.take().map(|held| this.pass(held));
                    this.finish();
                    return Poll::Ready(last.map(Ok));
                }
            }
        }
        Poll::Ready(None)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{StreamExt as _, stream};

    use super::*;

    async fn run(
        pieces: &[&'static [u8]],
        length: Option<u64>,
    ) -> (Vec<u8>, Option<Error>, Arc<UploadMonitor>) {
        let source: Vec<_> = pieces
            .iter()
            .map(|piece| Ok::<_, Error>(Bytes::from_static(piece)))
            .collect();
        let monitor = UploadMonitor::new(None);
        let mut body = Monitored::new(stream::iter(source), length, monitor.clone());
        let mut sent = Vec::new();
        while let Some(item) = body.next().await {
            match item {
                Ok(bytes) => sent.extend_from_slice(&bytes),
                Err(_) => break,
            }
        }
        let failure = monitor.take_failure();
        (sent, failure, monitor)
    }

    #[tokio::test]
    async fn the_stated_length_must_be_the_real_one() {
        let (sent, failure, monitor) = run(&[b"ab", b"", b"cd", b""], Some(4)).await;
        assert_eq!((&sent[..], failure.is_none()), (&b"abcd"[..], true));
        assert_eq!(monitor.crc64(), Some(Crc64::of(b"abcd")));
        for (pieces, length) in [
            (&[&b"ab"[..], b"cd", b"e"][..], 4),
            (&[b"abcde"], 4),
            (&[b"ab"], 4),
            (&[], 1),
        ] {
            let (sent, failure, monitor) = run(pieces, Some(length)).await;
            let failure = failure.unwrap();
            assert!(failure.message().starts_with("`source` gave"), "{failure}");
            assert!(
                (sent.len() as u64) < length,
                "nothing that looks whole was sent"
            );
            assert_eq!(monitor.crc64(), None);
        }
    }

    #[tokio::test]
    async fn an_empty_piece_is_neither_sent_nor_reported() {
        let reported = Arc::<Mutex<Vec<u64>>>::default();
        let seen = reported.clone();
        let monitor = UploadMonitor::new(Some(Box::new(move |progress: UploadProgress| {
            seen.lock().unwrap().push(progress.sent);
        })));
        let source = [&b""[..], b"ab", b"", b"c", b""].map(Bytes::from_static);
        let source = stream::iter(source.map(Ok::<_, Error>));
        let body = Monitored::new(source, None, monitor);
        let sent: Vec<_> = body.map(|piece| piece.unwrap()).collect().await;
        assert_eq!(sent, ["ab", "c"]);
        assert_eq!(*reported.lock().unwrap(), [2, 3]);
    }

    #[tokio::test]
    async fn an_unknown_length_is_whatever_comes() {
        let (sent, failure, monitor) = run(&[b"ab", b"c"], None).await;
        assert_eq!((&sent[..], failure.is_none()), (&b"abc"[..], true));
        assert_eq!(monitor.crc64(), Some(Crc64::of(b"abc")));
    }
}
