//! The layers of the stack, public so that a user can compose a stack of his own.

mod auth;
mod base_uri;
mod collect;
mod deadline;
mod headers;
mod limit;
mod require_call;
mod retry;
mod span;
mod spare;

pub use self::auth::{Auth, AuthFuture, AuthLayer};
pub use self::base_uri::{BaseUri, BaseUriFuture, BaseUriLayer};
pub(crate) use self::collect::collect_answer;
pub use self::collect::{CollectFuture, CollectLayer, Collected};
pub use self::deadline::{Deadline, DeadlineFuture, DeadlineLayer};
pub use self::headers::{Headers, HeadersLayer};
pub(crate) use self::limit::FAR;
pub use self::limit::{Limit, LimitFuture, LimitLayer};
pub(crate) use self::require_call::{ByHand, RequireCall};
pub use self::retry::{Retry, RetryFuture, RetryLayer};
pub use self::span::{AttemptSpan, AttemptSpanLayer, CallSpan, CallSpanLayer, Spanned};
