//! What happens to a session.

mod bus;

use cloudbase_core::{Error, ErrorCode};

pub(crate) use self::bus::EventBus;
pub use self::bus::{AuthEvents, Subscription};
use crate::value::oauth_purpose::OAuthPurpose;
use crate::value::session::Session;

/// Something that happened to the session.
#[doc(alias = "AuthStateChangeEvent")]
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum AuthEvent {
    /// A stored session was found, once after the start: by the first call that needs a session, or by
    /// the first reader of events.
    #[doc(alias = "INITIAL_SESSION")]
    InitialSession(Session),
    /// A user signed in. Reported with the tokens: the profile follows as
    /// [`UserUpdated`](Self::UserUpdated).
    #[doc(alias = "SIGNED_IN")]
    SignedIn(Session),
    /// The session has ended.
    #[doc(alias = "SIGNED_OUT")]
    SignedOut(SignOutReason),
    /// The session has a new access token.
    #[doc(alias = "TOKEN_REFRESHED")]
    TokenRefreshed(Session),
    /// The user's profile was fetched after a sign-in, or changed.
    #[doc(alias = "USER_UPDATED")]
    UserUpdated(Session),
    /// A forgotten password was reset; the sign-in with the new one follows.
    #[doc(alias = "PASSWORD_RECOVERY")]
    PasswordRecovery,
    /// An identity was bound to the account, or could not be.
    #[doc(alias = "BIND_IDENTITY")]
    BindIdentity(BoundIdentity),
    /// The session could not be stored: it goes on in memory, and the next change tries again. Or the
    /// stored session could not be read at the start: it is looked for again.
    StoreFailed(Error),
    /// The reader was so slow that it missed this many events.
    Lagged(u64),
}

/// How the binding of an identity went.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BoundIdentity {
    /// The identity source.
    pub provider: String,
    /// What the callback was for.
    pub purpose: OAuthPurpose,
    /// Where the user was to come back to, query and fragment included.
    pub redirect_url: Option<String>,
    /// Why it failed, if it did.
    pub error: Option<Error>,
}

/// Why a session has ended.
///
/// A session ends when its access token does, not when the service rejects a refresh. Readers
/// of events are notified at that moment if a refresh has been rejected, and at the next call that
/// needs the session if none has been tried: nothing runs in the background of a session that is not
/// used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignOutReason {
    /// The program signed out.
    Requested,
    /// The account was deleted.
    UserDeleted,
    /// The service does not refresh the session any more: its refresh token was revoked, used up by
    /// another device (an environment allows one session a user unless set otherwise), or too old.
    Rejected {
        /// What the service called it.
        code: ErrorCode,
    },
    /// The access token ended, and there was nothing to refresh it with.
    Expired,
    /// Another process that shares the store signed out. Noticed at the next refresh, or at the
    /// first call after [`reload_session`](crate::Auth::reload_session).
    Elsewhere,
}

impl AuthEvent {
    /// The name that the other SDKs give the event.
    pub fn name(&self) -> &'static str {
        match self {
            Self::InitialSession(_) => "INITIAL_SESSION",
            Self::SignedIn(_) => "SIGNED_IN",
            Self::SignedOut(_) => "SIGNED_OUT",
            Self::TokenRefreshed(_) => "TOKEN_REFRESHED",
            Self::UserUpdated(_) => "USER_UPDATED",
            Self::PasswordRecovery => "PASSWORD_RECOVERY",
            Self::BindIdentity(_) => "BIND_IDENTITY",
            Self::StoreFailed(_) => "STORE_FAILED",
            Self::Lagged(_) => "LAGGED",
        }
    }

    /// The session after the event, for events that come with one.
    pub fn session(&self) -> Option<&Session> {
        match self {
            Self::InitialSession(session)
            | Self::SignedIn(session)
            | Self::TokenRefreshed(session)
            | Self::UserUpdated(session) => Some(session),
            _ => None,
        }
    }
}
