//! Keeps a panic of the user's code from ending the task of a connection, which is not the user's.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;

use bytes::Bytes;
use http_body::Frame;

use crate::error::{BoxError, Error, ErrorKind};

type Polled = Option<Result<Frame<Bytes>, BoxError>>;

/// What `poll` gives, or an error that says that it panicked: with the task of a connection only "the
/// connection is gone" would be left to say. What has panicked must not be polled again.
pub(crate) fn catch_panic(poll: impl FnOnce() -> Poll<Polled>) -> Poll<Polled> {
    catch_unwind(AssertUnwindSafe(poll)).unwrap_or_else(|_| {
        // The panic itself has been reported by the hook; its text may hold anything.
        let error = Error::new(
            ErrorKind::Body,
            "user code panicked while it produced the request body",
        );
        Poll::Ready(Some(Err(error.with_sent(true).into())))
    })
}
