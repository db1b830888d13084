//! What a failure means: from a foreign error to ours, and from codes and statuses to predicates.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::io;

use super::code::Meaning;
use super::text::{REDACTED, redacted};
use super::{Error, ErrorKind};
use crate::error::BoxError;

impl Error {
    /// The failure is of a passing kind, whatever the operation: overload, lost connection, time.
    pub fn is_transient(&self) -> bool {
        if let Some(transient) = self.inner.transient {
            return transient;
        }
        match self.kind() {
            ErrorKind::Connect | ErrorKind::Dns | ErrorKind::Reset | ErrorKind::Timeout => true,
            ErrorKind::Api => {
                let passing = means(self, Meaning::Transient) || is_transient_status(status(self));
                (passing || self.is_throttled())
                    && !means(self, Meaning::Final)
                    && !is_duplicate_document(self)
            }
            _ => false,
        }
    }

    /// The thing addressed does not exist.
    pub fn is_not_found(&self) -> bool {
        match code(self) {
            // One row was asked for: was there none, or were there several?
            Some("PGRST116") => says_no_rows(self).unwrap_or(true),
            Some("INVALID_REQUEST") if status(self) == 406 => says_no_rows(self).unwrap_or(false),
            _ => status(self) == 404 || means(self, Meaning::NotFound),
        }
    }

    /// There was no valid credential: sign in (again).
    pub fn is_unauthenticated(&self) -> bool {
        match self.kind() {
            // A refresh that failed for a passing reason does not ask for a new sign-in.
            ErrorKind::Credentials => return !self.is_transient(),
            ErrorKind::Config => return false,
            _ => {}
        }
        means(self, Meaning::Unauthenticated)
            || (status(self) == 401
                && !means(self, Meaning::Password)
                && !self.is_permission_denied())
    }

    /// The credential is valid but not allowed to do this.
    pub fn is_permission_denied(&self) -> bool {
        means(self, Meaning::PermissionDenied)
            || (status(self) == 403 && !means(self, Meaning::Obstacle))
    }

    /// The thing exists already, or changed meanwhile.
    pub fn is_conflict(&self) -> bool {
        match code(self) {
            // MySQL has no code of its own for this on the wire, only its server's message.
            Some("INVALID_REQUEST" | "FAILED_OPERATION") => {
                self.message().contains("Duplicate entry")
            }
            Some("DATABASE_REQUEST_FAILED") => is_duplicate_document(self),
            // What could not be done was to send a message, for one.
            Some("aborted") => false,
            _ => matches!(status(self), 409 | 412) || means(self, Meaning::Conflict),
        }
    }

    /// A rate, quota or concurrency limit was hit.
    pub fn is_throttled(&self) -> bool {
        status(self) == 429 || means(self, Meaning::Throttled)
    }

    /// Finds our own error in whatever a tower stack returned, or makes one.
    #[doc(hidden)]
    pub fn from_boxed(error: BoxError) -> Self {
        let error = match error.downcast::<Self>() {
            Ok(ours) => return *ours,
            Err(other) => other,
        };
        // The words of other people's code may repeat what was sent.
        let theirs = |what: &str| Cow::Owned(foreign(&format!("{what}: {error}")));
        let io = find::<io::Error>(&*error).map(io::Error::kind);
        let (kind, message) = match find::<hyper::Error>(&*error) {
            _ if is_elapsed(&*error) => {
                let message = theirs("the time limit of a layer was reached");
                (ErrorKind::Timeout, message)
            }
            _ if io == Some(io::ErrorKind::TimedOut) => {
                let message = "the operating system gave up waiting";
                (ErrorKind::Timeout, message.into())
            }
            Some(hyper) if hyper.is_user() && !hyper.is_body_write_aborted() => {
                (ErrorKind::Body, "the request body failed".into())
            }
            Some(hyper) if hyper.is_parse() || hyper.is_parse_status() => {
                (ErrorKind::Decode, "the response is not HTTP".into())
            }
            Some(hyper) if hyper.is_canceled() => {
                let message = "the connection was closed before the request was sent";
                return Self::new(ErrorKind::Reset, message).with_source(error);
            }
            None if io.is_none() => {
                let message = theirs("a layer or service failed");
                (ErrorKind::Middleware, message)
            }
            _ => (ErrorKind::Reset, "the connection was lost".into()),
        };
        Self::new(kind, message).with_sent(true).with_source(error)
    }
}

/// Other people's words without tokens and without the queries of URLs, which may be signed.
pub(super) fn foreign(text: &str) -> String {
    let text = redacted(text);
    let words = text.split_inclusive(char::is_whitespace).map(|word| {
        let query = word
            .find("://")
            .and_then(|at| Some(at + word[at..].find('?')?));
        let Some(query) = query else {
            return Cow::Borrowed(word);
        };
        let (shown, hidden) = word.split_at(query);
        let rest = hidden.trim_start_matches(|c: char| !c.is_whitespace() && !")\">".contains(c));
        Cow::Owned(format!("{shown}?{REDACTED}{rest}"))
    });
    words.collect()
}

/// Whether it is the error of tower's `TimeoutLayer`, or of the runtime's `timeout`.
fn is_elapsed(error: &(dyn StdError + 'static)) -> bool {
    find::<tower::timeout::error::Elapsed>(error).is_some()
        || find::<tokio::time::error::Elapsed>(error).is_some()
}

/// The first `T` in the chain of sources.
pub(crate) fn find<'a, T: StdError + 'static>(
    error: &'a (dyn StdError + 'static),
) -> Option<&'a T> {
    let mut current = Some(error);
    while let Some(error) = current {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        // The source of an I/O error is that of the error it was made of, which itself is passed over.
        let made_of = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        current = match made_of {
            Some(made_of) => Some(made_of),
            None => error.source(),
        };
    }
    None
}

/// Whether a status is passing by itself. Those that nobody has registered are what content networks put
/// in place of a 500 (RFC 9110, 15: an unrecognised status counts as the x00 of its class).
fn is_transient_status(status: u16) -> bool {
    matches!(status, 408 | 500 | 502 | 503 | 504)
        || matches!(status, 509 | 520..=530 | 566 | 598 | 599)
}

/// Whether the details count no rows, where they count any: `The result contains 0 rows`.
fn says_no_rows(error: &Error) -> Option<bool> {
    let details = error.details()?;
    let text = details
        .as_str()
        .or_else(|| details.get("details")?.as_str())?;
    let (before, _) = text.split_once(" rows")?;
    Some(before.rsplit(' ').next() == Some("0"))
}

/// A duplicate in the words of the database, which the service reports as its failure.
fn is_duplicate_document(error: &Error) -> bool {
    code(error) == Some("DATABASE_REQUEST_FAILED") && error.message().contains("E11000")
}

fn means(error: &Error, meaning: Meaning) -> bool {
    let code = error.code();
    code.is_some_and(|code| code.meanings().contains(&meaning))
}

fn code(error: &Error) -> Option<&str> {
    error.code().map(super::ErrorCode::as_str)
}

fn status(error: &Error) -> u16 {
    let status = error.body_status().or(error.status());
    status.map_or(0, |status| status.as_u16())
}

#[cfg(test)]
mod tests;
