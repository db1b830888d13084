//! Server-sent events: a parser that takes bytes as they come.
//!
//! It follows the WHATWG description of `text/event-stream`: lines end with LF, CR or CRLF, a
//! leading byte-order mark is skipped, lines that start with `:` are comments, several `data` lines
//! are joined by LF, an empty line ends an event, and an event that is not ended is dropped.

mod event_stream;

use std::collections::VecDeque;
use std::time::Duration;

pub use self::event_stream::EventStream;
use crate::error::{Error, ErrorKind, Result};

/// One event of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// Its type: the `event` field, `message` if the server named none.
    pub event: String,
    /// Its data; several `data` lines are joined by `\n`.
    pub data: String,
    /// The last `id` that the stream has named so far; empty before the first.
    pub id: String,
    /// How long to wait before connecting again, if this event came with a `retry` field.
    pub retry: Option<Duration>,
}

impl Event {
    /// The data, read as JSON.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`] with the JSON path of the first value that does not fit.
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T> {
        crate::from_json(self.data.as_bytes())
    }
}

/// Makes events out of bytes that may be cut anywhere.
///
/// ```
/// use cloudbase_core::sse::Parser;
///
/// let mut parser = Parser::default();
/// parser.push(b"data: one\n\ndata: t")?;
/// assert_eq!(parser.next_event().unwrap().data, "one");
/// assert_eq!(parser.next_event(), None);
/// parser.push(b"wo\n\n")?;
/// assert_eq!(parser.next_event().unwrap().data, "two");
/// # Ok::<(), cloudbase_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Parser {
    /// The line that is not ended yet.
    line: Vec<u8>,
    /// The last byte was a CR, so that an LF that follows belongs to it.
    after_cr: bool,
    /// Nothing but a possible byte-order mark was seen.
    at_start: bool,
    event: String,
    data: Option<String>,
    id: String,
    retry: Option<Duration>,
    ready: VecDeque<Event>,
    limit: usize,
}

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

impl Default for Parser {
    /// A parser for events of up to 10 MiB.
    fn default() -> Self {
        Self::with_limit(10 * 1024 * 1024)
    }
}

impl Parser {
    /// A parser for events of up to `bytes`: a server that never ends one must not use up the
    /// memory.
    pub fn with_limit(bytes: usize) -> Self {
        Self {
            line: Vec::new(),
            after_cr: false,
            at_start: true,
            event: String::new(),
            data: None,
            id: String::new(),
            retry: None,
            ready: VecDeque::new(),
            limit: bytes,
        }
    }

    /// Takes the next bytes of the stream.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TooLarge`] if an event grows over the limit.
    pub fn push(&mut self, bytes: &[u8]) -> Result<()> {
        let mut rest = bytes;
        if self.after_cr && !rest.is_empty() {
            self.after_cr = false;
            rest = rest.strip_prefix(b"\n").unwrap_or(rest);
        }
        while let Some(end) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            self.line.extend_from_slice(&rest[..end]);
            let ended_by_cr = rest[end] == b'\r';
            rest = &rest[end + 1..];
            if ended_by_cr {
                if rest.is_empty() {
                    self.after_cr = true;
                }
                rest = rest.strip_prefix(b"\n").unwrap_or(rest);
            }
            self.take_line()?;
        }
        self.line.extend_from_slice(rest);
        self.check_size()
    }

    /// The next whole event.
    pub fn next_event(&mut self) -> Option<Event> {
        self.ready.pop_front()
    }

    fn take_line(&mut self) -> Result<()> {
        let mut line = std::mem::take(&mut self.line);
        let start = if std::mem::take(&mut self.at_start) && line.starts_with(BYTE_ORDER_MARK) {
            BYTE_ORDER_MARK.len()
        } else {
            0
        };
        self.field(&line[start..]);
        line.clear();
        self.line = line; // its memory serves the next line
        self.check_size()
    }

    fn field(&mut self, line: &[u8]) {
        if line.is_empty() {
            return self.dispatch();
        }
        let colon = line.iter().position(|byte| *byte == b':');
        let (name, value) = match colon {
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (line, &[][..]),
        };
        let value = String::from_utf8_lossy(value.strip_prefix(b" ").unwrap_or(value));
        match name {
            b"event" => self.event = value.into_owned(),
            b"data" => match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(&value);
                }
                None => self.data = Some(value.into_owned()),
            },
            b"id" if !value.contains('\0') => self.id = value.into_owned(),
            b"retry" if value.bytes().all(|byte| byte.is_ascii_digit()) => {
                // A number that is too large, or no digits, leaves the last one in place.
                let given = value.parse().ok().map(Duration::from_millis);
                self.retry = given.or(self.retry);
            }
            // Comments (no name) and fields of the future.
            _ => {}
        }
    }

    fn dispatch(&mut self) {
        let mut event = std::mem::take(&mut self.event);
        // An event without data is none, and leaves its `retry` to the next.
        let Some(data) = self.data.take() else {
            return;
        };
        if event.is_empty() {
            event.push_str("message");
        }
        self.ready.push_back(Event {
            event,
            data,
            id: self.id.clone(),
            retry: self.retry.take(),
        });
    }

    fn check_size(&self) -> Result<()> {
        let data = self.data.as_ref().map_or(0, String::len);
        let size = self.line.len() + data + self.event.len() + self.id.len();
        if size > self.limit {
            return Err(Error::new(
                ErrorKind::TooLarge,
                format!("an event is longer than {} bytes", self.limit),
            )
            .with_sent(true));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
