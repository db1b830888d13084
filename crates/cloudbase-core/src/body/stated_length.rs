//! Checks that the body of a request gives as many bytes as it was said to have.

use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::Frame;

use super::Source;
use super::monitor::{Polled, poll_some};
use crate::error::Error;

/// The length that a body was said to have, and how much of it has come.
///
/// The last piece is held back until the source has ended: a connection stops asking at the stated
/// length, and would cut off whatever a longer source still has.
pub(super) struct StatedLength {
    stated: u64,
    came: u64,
    last: Option<Bytes>,
    trailers: Option<Frame<Bytes>>,
    has_ended: bool,
}

impl StatedLength {
    pub(super) fn new(stated: u64) -> Self {
        Self {
            stated,
            came: 0,
            last: None,
            trailers: None,
            has_ended: false,
        }
    }

    /// Whether the length is 0 and the source was not asked yet: a connection that knows the length
    /// would not ask.
    pub(super) fn is_unasked(&self) -> bool {
        self.stated == 0 && !self.has_ended
    }

    pub(super) fn is_end(&self, source: &Source) -> bool {
        let has_ended = self.has_ended || (self.came == self.stated && source.is_end());
        has_ended && self.last.is_none() && self.trailers.is_none()
    }

    pub(super) fn poll_frame(&mut self, source: &mut Source, cx: &mut Context<'_>) -> Poll<Polled> {
        while !self.has_ended {
            match ready!(poll_some(source, cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => {
                        self.came += data.len() as u64;
                        if self.came > self.stated {
                            return Poll::Ready(Some(Err(self.more().into())));
                        }
                        if self.came < self.stated {
                            return Poll::Ready(Some(Ok(Frame::data(data))));
                        }
                        self.last = Some(data);
                        self.has_ended = source.is_end();
                    }
                    Err(trailers) => {
                        self.trailers = Some(trailers);
                        self.has_ended = true;
                    }
                },
                None => self.has_ended = true,
                failed => return Poll::Ready(failed),
            }
        }
        if self.came < self.stated {
            return Poll::Ready(Some(Err(self.fewer().into())));
        }
        let last = self.last.take().map(Frame::data);
        Poll::Ready(last.or_else(|| self.trailers.take()).map(Ok))
    }

    fn more(&self) -> Error {
        let rule = format!(
            "gave more than the {} bytes it was said to have",
            self.stated
        );
        Error::argument("body", rule)
    }

    fn fewer(&self) -> Error {
        let rule = format!(
            "gave {} of the {} bytes it was said to have",
            self.came, self.stated
        );
        Error::argument("body", rule)
    }
}
