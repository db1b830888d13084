//! Reads a body into memory, up to a limit.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::SizeHint;

use super::{Rounds, StallTimeout};
use crate::error::{BoxError, Error, ErrorKind};

/// Collects a body.
#[derive(Debug)]
pub(crate) struct BodyReader {
    limit: u64,
    over: Over,
    stall: Option<StallTimeout>,
    /// Most responses are one frame, which is passed on without a copy.
    first: Bytes,
    rest: Vec<u8>,
}

/// What to do with a body that is longer than the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    /// Fail, and say whose limit it was.
    Fail(SizeLimit),
    /// Keep its beginning: an error says enough in that.
    Truncate,
}

/// What sets the limit, and so lifts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SizeLimit {
    Argument,
    /// The setting `max_response_size`, of the client or of the call.
    MaxResponseSize,
}

impl BodyReader {
    pub(crate) fn new(limit: u64, over: Over) -> Self {
        Self {
            limit,
            over,
            stall: None,
            first: Bytes::new(),
            rest: Vec::new(),
        }
    }

    /// Fails once nothing has come for `stall`.
    pub(crate) fn set_stall_timeout(&mut self, stall: Duration) {
        self.stall = Some(StallTimeout::new(stall));
    }

    /// Goes on with `body`, the same each time.
    pub(crate) fn poll<B>(
        &mut self,
        body: &mut B,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Bytes, BoxError>>
    where
        B: http_body::Body<Data = Bytes> + Unpin,
        B::Error: Into<BoxError>,
    {
        if let Over::Fail(by) = self.over
            && body.size_hint().lower() > self.limit
        {
            return Poll::Ready(Err(by.exceeded(self.limit).into()));
        }
        let mut rounds = Rounds::new();
        loop {
            let polled = Pin::new(&mut *body).poll_frame(cx).map_err(Into::into);
            if let Some(stall) = &mut self.stall {
                stall.observe(cx, &polled)?;
            }
            let Some(frame) = ready!(polled) else {
                break;
            };
            if let Ok(data) = frame?.into_data()
                && !self.take(data, body.size_hint())?
            {
                break;
            }
            if rounds.is_enough(cx) {
                return Poll::Pending;
            }
        }
        Poll::Ready(Ok(self.take_content()))
    }

    /// What has come so far, which is then gone from here.
    pub(crate) fn take_content(&mut self) -> Bytes {
        if self.rest.is_empty() {
            std::mem::take(&mut self.first)
        } else {
            std::mem::take(&mut self.rest).into()
        }
    }

    /// Adds a piece; false once the limit is reached and that is fine.
    fn take(&mut self, mut data: Bytes, left: SizeHint) -> Result<bool, BoxError> {
        let room = self.limit - (self.first.len() + self.rest.len()) as u64;
        let fits = data.len() as u64 <= room;
        if !fits {
            match self.over {
                Over::Fail(by) => return Err(by.exceeded(self.limit).into()),
                Over::Truncate => data.truncate(room as usize),
            }
        }
        if self.first.is_empty() && self.rest.is_empty() {
            self.first = data;
            return Ok(fits);
        }
        if self.rest.is_empty() {
            let more = left.exact().unwrap_or(0).min(self.limit) as usize;
            self.rest.reserve(self.first.len() + data.len() + more);
            self.rest.extend_from_slice(&self.first);
            self.first = Bytes::new();
        }
        self.rest.extend_from_slice(&data);
        Ok(fits)
    }
}

impl SizeLimit {
    pub(crate) fn exceeded(self, bytes: u64) -> Error {
        let message = match self {
            Self::Argument => format!("the body is longer than the `limit` of {bytes} bytes"),
            Self::MaxResponseSize => {
                format!("the response is longer than {bytes} bytes, the `max_response_size`")
            }
        };
        Error::new(ErrorKind::TooLarge, message).with_sent(true)
    }
}
