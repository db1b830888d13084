//! Joins the body of a request to the call that waits for the response: cancels the body when the call
//! is over, and reports to the call why the body has failed.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::Context;

use tokio::sync::oneshot;

use crate::error::{BoxError, Error, ErrorKind};

/// The body of a request is sent while this lives: a connection would go on to send the rest after the
/// response.
#[derive(Debug)]
pub(crate) struct CancelOnResponse {
    _kept: oneshot::Sender<Infallible>,
    failure: oneshot::Receiver<BoxError>,
}

/// The other end, in the body.
pub(super) struct CancelCheck {
    dropped: oneshot::Receiver<Infallible>,
    report: oneshot::Sender<BoxError>,
}

impl CancelOnResponse {
    pub(super) fn new() -> (Self, CancelCheck) {
        let (_kept, dropped) = oneshot::channel();
        let (report, failure) = oneshot::channel();
        (Self { _kept, failure }, CancelCheck { dropped, report })
    }

    /// What the body failed with. Of HTTP/2 one would learn only that the stream was reset.
    pub(crate) fn failure(&mut self) -> Option<BoxError> {
        self.failure.try_recv().ok()
    }
}

impl CancelCheck {
    /// The error to end the body with, if the call is over. Else `cx` is woken when it is.
    pub(super) fn cancelled(&mut self, cx: &mut Context<'_>) -> Option<BoxError> {
        Pin::new(&mut self.dropped)
            .poll(cx)
            .is_ready()
            .then(|| broken("the response came before the body was sent"))
    }

    /// Reports `error` to the call; returns what is left for the transport.
    pub(super) fn fail(self, error: BoxError) -> BoxError {
        match self.report.send(error) {
            Ok(()) => broken("the body of the request failed"),
            Err(error) => error,
        }
    }
}

fn broken(message: &'static str) -> BoxError {
    Error::new(ErrorKind::Body, message).into()
}
