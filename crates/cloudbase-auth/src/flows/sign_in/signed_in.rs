//! What most calls of this crate end in: a session and its user.

use crate::value::session::Session;
use crate::value::user::User;

/// A user is signed in.
#[doc(alias = "SignInRes")]
#[doc(alias = "SignInResData")]
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SignedIn {
    /// The session.
    pub session: Session,
    /// Its user.
    pub user: User,
}
