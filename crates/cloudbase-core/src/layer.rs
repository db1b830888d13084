//! The layers of the stack, public so that a user can compose a stack of his own.

mod auth;
mod base_uri;
mod deadline;
mod headers;
mod limit;
mod retry;
mod span;
mod spare;

pub use self::auth::{Auth, AuthLayer};
pub use self::base_uri::{BaseUri, BaseUriLayer};
pub use self::deadline::{Deadline, DeadlineLayer};
pub use self::headers::{Headers, HeadersLayer};
pub use self::limit::{Limit, LimitLayer};
pub use self::retry::{Retry, RetryLayer};
pub use self::span::{AttemptSpan, AttemptSpanLayer, CallSpan, CallSpanLayer};

use std::pin::Pin;
use std::task::{Context, Poll};

use http::Response;
use pin_project_lite::pin_project;

use crate::body::Body;
use crate::service::BoxError;

pin_project! {
    /// The future of a request that was sent on, or refused at once.
    #[project = CheckedProjection]
    #[derive(Debug)]
    #[allow(missing_docs)]
    pub enum Checked<F> {
        Sent { #[pin] future: F },
        Refused { error: Option<BoxError> },
    }
}

impl<F> Future for Checked<F>
where
    F: Future<Output = Result<Response<Body>, BoxError>>,
{
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        match self.project() {
            CheckedProjection::Sent { future } => future.poll(cx),
            CheckedProjection::Refused { error } => match error.take() {
                Some(error) => Poll::Ready(Err(error)),
                None => Poll::Pending,
            },
        }
    }
}
