//! Joins the body of a request to whoever waits for the answer: ends the one without the other, and
//! tells the other why the one has failed.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::Context;

use tokio::sync::oneshot;

use crate::error::{Error, ErrorKind};
use crate::service::BoxError;

/// The body of a request is sent for as long as this lives: a connection would go on to send the
/// rest of one that was answered.
#[derive(Debug)]
pub(crate) struct Wanted {
    _kept: oneshot::Sender<Infallible>,
    failure: oneshot::Receiver<BoxError>,
}

/// The other end, in the body.
pub(super) struct WhileWanted {
    dropped: oneshot::Receiver<Infallible>,
    failure: oneshot::Sender<BoxError>,
}

impl Wanted {
    pub(super) fn new() -> (Self, WhileWanted) {
        let (kept, dropped) = oneshot::channel();
        let (failed, failure) = oneshot::channel();
        let wanted = Self {
            _kept: kept,
            failure,
        };
        let body = WhileWanted {
            dropped,
            failure: failed,
        };
        (wanted, body)
    }

    /// What the body failed with. Of HTTP/2 one would learn only that the stream was reset.
    pub(crate) fn failure(&mut self) -> Option<BoxError> {
        self.failure.try_recv().ok()
    }
}

impl WhileWanted {
    /// Why the body has to end, if nobody wants it any more. Else `cx` is woken when that changes.
    pub(super) fn unwanted(&mut self, cx: &mut Context<'_>) -> Option<BoxError> {
        Pin::new(&mut self.dropped)
            .poll(cx)
            .is_ready()
            .then(|| broken("the answer came before the body was sent"))
    }

    /// Tells whoever waits for the answer of `error`; what is left for the transport.
    pub(super) fn fail(self, error: BoxError) -> BoxError {
        match self.failure.send(error) {
            Ok(()) => broken("the body of the request failed"),
            Err(error) => error,
        }
    }
}

fn broken(message: &'static str) -> BoxError {
    Error::new(ErrorKind::Body, message).into()
}
