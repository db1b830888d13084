//! The request log: what reached the emulator, for tests that count or inspect calls.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, Method};
use serde::Serialize;
use serde_json::Value;

use crate::pattern::Pattern;

/// Entries kept; older ones are dropped.
const CAPACITY: usize = 65_536;

/// Newest entries whose headers and bodies are kept, so that a long run stays small.
const DETAILED: usize = 4096;

/// Bytes of a body kept per entry.
pub(crate) const BODY_LIMIT: usize = 8 * 1024;

/// The requests that the emulator received, oldest first; the control API's own are not in it. Clones share the content.
#[derive(Clone, Default)]
pub struct RequestLog {
    entries: Arc<Mutex<VecDeque<LoggedRequest>>>,
}

/// One received request.
#[derive(Clone)]
#[non_exhaustive]
pub struct LoggedRequest {
    /// The method.
    pub method: Method,
    /// The path, as sent.
    pub path: String,
    /// The query without `?`, as sent; empty if there was none.
    pub query: String,
    /// The headers, secrets included: `Debug` does not print them. Only the newest 4096 requests keep theirs.
    pub headers: HeaderMap,
    /// The first 8 KiB of the body; empty until the handler read it. Only the newest 4096 requests keep theirs.
    pub body: Bytes,
    /// The status of the response; `None` until it is sent, or if a fault dropped it.
    pub status: Option<u16>,
    /// The request's id.
    pub request_id: String,
    number: u64,
}

impl RequestLog {
    /// All entries, oldest first.
    pub fn all(&self) -> Vec<LoggedRequest> {
        self.lock().iter().cloned().collect()
    }

    /// The entries that fit a pattern, such as `POST /auth/v1/token` or `* /v1/rdb/*` (`*` stands for any text).
    ///
    /// # Panics
    ///
    /// If the pattern can match nothing.
    #[track_caller]
    pub fn matching(&self, pattern: &str) -> Vec<LoggedRequest> {
        let pattern = Pattern::new(pattern);
        self.lock()
            .iter()
            .filter(|entry| pattern.fits(&entry.method, &entry.path))
            .cloned()
            .collect()
    }

    /// How many entries fit a pattern.
    ///
    /// # Panics
    ///
    /// If the pattern can match nothing.
    #[track_caller]
    pub fn count(&self, pattern: &str) -> usize {
        let pattern = Pattern::new(pattern);
        self.lock()
            .iter()
            .filter(|entry| pattern.fits(&entry.method, &entry.path))
            .count()
    }

    /// Forgets all entries.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// Adds an entry and returns its number.
    pub(crate) fn push(&self, mut entry: LoggedRequest) -> u64 {
        let mut entries = self.lock();
        let number = entries.back().map_or(0, |last| last.number + 1);
        entry.number = number;
        if entries.len() == CAPACITY {
            entries.pop_front();
        }
        entries.push_back(entry);
        if let Some(outdated) = entries.len().checked_sub(DETAILED + 1)
            && let Some(entry) = entries.get_mut(outdated)
        {
            entry.headers = HeaderMap::new();
            entry.body = Bytes::new();
        }
        number
    }

    pub(crate) fn finish(&self, number: u64, status: Option<u16>, body: Bytes) {
        let mut entries = self.lock();
        let Some(first) = entries.front().map(|entry| entry.number) else {
            return;
        };
        let index = number
            .checked_sub(first)
            .and_then(|index| usize::try_from(index).ok());
        if let Some(entry) = index.and_then(|index| entries.get_mut(index)) {
            entry.status = status;
            entry.body = body;
        }
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<LoggedRequest>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LoggedRequest {
    pub(crate) fn new(
        method: Method,
        uri: &http::Uri,
        headers: HeaderMap,
        request_id: String,
    ) -> Self {
        Self {
            method,
            path: uri.path().to_owned(),
            query: uri.query().unwrap_or_default().to_owned(),
            headers,
            body: Bytes::new(),
            status: None,
            request_id,
            number: 0,
        }
    }

    /// The value of a header, if it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as JSON; `Null` if it is not JSON or was longer than what is kept.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

impl fmt::Debug for RequestLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.lock().iter()).finish()
    }
}

impl fmt::Debug for LoggedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} -> ", self.method, self.path)?;
        match self.status {
            Some(status) => write!(f, "{status}"),
            None => f.write_str("no response"),
        }
    }
}

/// An entry as the control API shows it.
#[derive(Serialize)]
pub(crate) struct View {
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: String,
    status: Option<u16>,
    request_id: String,
}

impl From<LoggedRequest> for View {
    fn from(entry: LoggedRequest) -> Self {
        let text =
            |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        Self {
            method: entry.method.to_string(),
            path: entry.path,
            query: entry.query,
            headers: entry
                .headers
                .iter()
                .map(|(name, value)| (name.to_string(), text(value)))
                .collect(),
            body: String::from_utf8_lossy(&entry.body).into_owned(),
            status: entry.status,
            request_id: entry.request_id,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &str) -> LoggedRequest {
        let uri = path.parse().unwrap();
        let headers = HeaderMap::from_iter([(http::header::HOST, "x".parse().unwrap())]);
        LoggedRequest::new(Method::GET, &uri, headers, "id".to_owned())
    }

    #[test]
    fn counts_outlive_details() {
        let log = RequestLog::default();
        for _ in 0..=DETAILED {
            log.push(entry("/a"));
        }
        assert_eq!(log.count("GET /a"), DETAILED + 1);
        let all = log.all();
        assert!(all[0].headers.is_empty() && !all[1].headers.is_empty());
    }

    #[test]
    fn the_oldest_entries_go_and_numbers_stay() {
        let log = RequestLog::default();
        let first = log.push(entry("/first"));
        for _ in 1..CAPACITY {
            log.push(entry("/a"));
        }
        let last = log.push(entry("/last"));
        assert_eq!(log.count("* /first"), 0);
        log.finish(first, Some(500), Bytes::new());
        log.finish(last, Some(204), Bytes::from_static(b"x"));
        let last = log.matching("* /last").remove(0);
        assert_eq!((last.status, &last.body[..]), (Some(204), &b"x"[..]));
        assert!(log.all().iter().all(|entry| entry.status != Some(500)));
    }
}
