//! Names the session that a token belongs to.

use std::sync::Arc;

/// The session that a [`Token`](crate::credential::Token) belongs to: the same for all tokens that follow each
/// other by refreshes, another one after each sign-in.
///
/// A call keeps the lineage of its first attempt. Cheap to clone; not a secret.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Lineage(Arc<str>);

impl<T: Into<Arc<str>>> From<T> for Lineage {
    fn from(id: T) -> Self {
        Self(id.into())
    }
}
