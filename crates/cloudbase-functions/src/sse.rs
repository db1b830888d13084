//! Server-sent events: a parser that takes bytes as they come.
//!
//! It follows the WHATWG description of `text/event-stream`: lines end with LF, CR or CRLF, a
//! leading byte-order mark is skipped, lines that start with `:` are comments, several `data` lines
//! are joined by LF, an empty line ends an event, and an event that is not ended is dropped.

use std::time::Duration;

use cloudbase_core::{Error, ErrorKind, Result};

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
        cloudbase_core::from_json(self.data.as_bytes())
    }
}

/// Makes events out of bytes that may be cut anywhere.
///
/// ```
/// use cloudbase_functions::sse::Parser;
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
    data: String,
    has_data: bool,
    id: String,
    retry: Option<Duration>,
    ready: std::collections::VecDeque<Event>,
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
            data: String::new(),
            has_data: false,
            id: String::new(),
            retry: None,
            ready: std::collections::VecDeque::new(),
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
            b"data" => {
                if self.has_data {
                    self.data.push('\n');
                }
                self.has_data = true;
                self.data.push_str(&value);
            }
            b"id" if !value.contains('\0') => self.id = value.into_owned(),
            b"retry" if value.bytes().all(|byte| byte.is_ascii_digit()) => {
                // Not a number that is too large, or none at all.
                let told = value.parse().ok().map(Duration::from_millis);
                self.retry = told.or(self.retry);
            }
            // Comments (no name) and fields of the future.
            _ => {}
        }
    }

    fn dispatch(&mut self) {
        let event = std::mem::take(&mut self.event);
        let data = std::mem::take(&mut self.data);
        let retry = self.retry.take();
        if !std::mem::take(&mut self.has_data) {
            self.retry = retry; // told with the next event, as there is none to tell it with
            return;
        }
        let event = if event.is_empty() {
            "message".to_owned()
        } else {
            event
        };
        self.ready.push_back(Event {
            event,
            data,
            id: self.id.clone(),
            retry,
        });
    }

    fn check_size(&self) -> Result<()> {
        let size = self.line.len() + self.data.len() + self.event.len() + self.id.len();
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
mod tests {
    use super::*;

    fn parse<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<Event> {
        let mut parser = Parser::default();
        let mut events = Vec::new();
        for piece in pieces {
            parser.push(piece).unwrap();
            events.extend(std::iter::from_fn(|| parser.next_event()));
        }
        events
    }

    fn event(event: &str, data: &str, id: &str) -> Event {
        Event {
            event: event.into(),
            data: data.into(),
            id: id.into(),
            retry: None,
        }
    }

    const STREAM: &str = "\u{feff}: heartbeat\r\n\r\nevent: greeting\r\ndata: 你好\ndata:  two\r\
                          data\nid: 7\n\r\n:\n\nretry: 1500\n\ndata:{\"a\": 1}\r\n\r\nid\nunknown: x\n\
                          data: 😀\n\ndata: lost";

    fn expected() -> Vec<Event> {
        let mut second = event("message", "{\"a\": 1}", "7");
        second.retry = Some(Duration::from_millis(1500));
        vec![
            event("greeting", "你好\n two\n", "7"),
            second,
            event("message", "😀", ""),
        ]
    }

    #[test]
    fn every_cut_gives_the_same_events() {
        let bytes = STREAM.as_bytes();
        assert_eq!(parse([bytes]), expected());
        for cut in 0..=bytes.len() {
            let (head, tail) = bytes.split_at(cut);
            assert_eq!(parse([head, tail]), expected(), "cut at {cut}");
            assert_eq!(parse([head, b"", tail]), expected(), "cut at {cut}");
        }
        assert_eq!(parse(bytes.chunks(1)), expected());
    }

    #[test]
    fn all_line_ends_are_line_ends() {
        let lines = "data: a\ndata: b\n\ndata: c\n\n";
        let two = vec![event("message", "a\nb", ""), event("message", "c", "")];
        for end in ["\n", "\r", "\r\n"] {
            let stream = lines.replace('\n', end);
            assert_eq!(parse(stream.as_bytes().chunks(1)), two, "{end:?}");
            assert_eq!(parse([stream.as_bytes()]), two, "{end:?}");
        }
    }

    #[test]
    fn an_event_without_data_is_none() {
        assert_eq!(parse([&b"event: ping\n\nid: 3\n\n\n\n"[..]]), []);
        assert_eq!(parse([&b"data\n\n"[..]]), [event("message", "", "")]);
        assert_eq!(
            parse([&b"event: a\n\ndata: x\n\n"[..]]),
            [event("message", "x", "")]
        );
    }

    #[test]
    fn odd_fields_are_passed_over() {
        let odd = b"retry: soon\nid: a\0b\n data: x\nDATA: y\ndata: z\n\n";
        assert_eq!(parse([&odd[..]]), [event("message", "z", "")]);
        assert_eq!(
            parse([&b"data: \xff\n\n"[..]]),
            [event("message", "\u{fffd}", "")]
        );
        let mut waits = event("message", "x", "");
        waits.retry = Some(Duration::from_millis(7));
        let odd = b"retry: 7\nretry:\nretry: 99999999999999999999\ndata: x\n\n";
        assert_eq!(parse([&odd[..]]), [waits]);
    }

    #[test]
    fn an_endless_event_is_refused() {
        let mut parser = Parser::with_limit(16);
        assert!(parser.push(b"data: 12345\n").is_ok());
        assert!(parser.push(b"data: 67890").is_ok());
        let error = parser.push(b"1").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge);
    }
}
