//! The layers of the stack: what happens to a call between the client and a connection.
//!
//! Each is a struct around the [`Next`] one with one straight-line `async fn send`, and at the same time
//! a tower layer for stacks of the user's own, by [`tower_layer`].

mod attempt_timeout;
mod base_uri;
mod bottom;
mod concurrency_limit;
#[cfg(feature = "gzip")]
mod decompress;
mod headers;
mod next;
mod reply;
mod retry;
mod token_refresh;
mod total_timeout;
mod trace;

pub use self::attempt_timeout::{AttemptTimeout, AttemptTimeoutLayer};
pub use self::base_uri::{BaseUri, BaseUriLayer};
pub(crate) use self::bottom::bottom;
pub use self::concurrency_limit::{ConcurrencyLimit, ConcurrencyLimitLayer};
pub use self::headers::{Headers, HeadersLayer};
pub use self::next::Tower;
pub(crate) use self::next::{Either, Next};
pub(crate) use self::reply::Reply;
pub use self::retry::{Retry, RetryLayer};
pub use self::token_refresh::{TokenRefresh, TokenRefreshLayer};
pub use self::total_timeout::{TotalTimeout, TotalTimeoutLayer};
pub use self::trace::{AttemptTrace, AttemptTraceLayer, CallTrace, CallTraceLayer};
