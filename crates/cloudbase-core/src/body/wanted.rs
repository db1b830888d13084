//! Ends the body of a request that nobody wants sent any more.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

use super::Source;
use crate::error::{Error, ErrorKind};
use crate::service::BoxError;

/// The body of a request is sent for as long as this lives: a connection would go on to send the
/// rest of one that was answered.
#[derive(Debug)]
pub(crate) struct Wanted {
    _kept: oneshot::Sender<Infallible>,
}

/// The other end, in the body.
pub(super) struct WhileWanted {
    dropped: oneshot::Receiver<Infallible>,
}

impl Wanted {
    pub(super) fn new() -> (Self, WhileWanted) {
        let (kept, dropped) = oneshot::channel();
        (Self { _kept: kept }, WhileWanted { dropped })
    }
}

impl WhileWanted {
    /// Whether the body is wanted; if it is, `cx` is woken when that changes.
    pub(super) fn check(
        &mut self,
        source: &mut Source,
        cx: &mut Context<'_>,
    ) -> Result<(), BoxError> {
        match Pin::new(&mut self.dropped).poll(cx) {
            Poll::Pending => Ok(()),
            Poll::Ready(_) => {
                // Whatever the source holds is let go of now, not with the connection.
                *source = Source::Memory(bytes::Bytes::new());
                let error = Error::new(ErrorKind::Body, "the answer came before the body was sent");
                Err(error.into())
            }
        }
    }
}
