//! The session to take over from elsewhere.

use secrecy::SecretString;

/// A session to take over; see [`Auth::set_session`](crate::Auth::set_session).
#[doc(alias = "SetSessionReq")]
#[derive(Clone, Debug)]
pub struct SetSession {
    pub(super) refresh_token: SecretString,
}

impl SetSession {
    /// The session to which this refresh token belongs.
    pub fn new(refresh_token: impl Into<SecretString>) -> Self {
        Self {
            refresh_token: refresh_token.into(),
        }
    }

    /// Accepted for likeness with the other SDKs; the service returns a new access token.
    #[must_use]
    pub fn access_token(self, _token: impl Into<SecretString>) -> Self {
        self
    }
}
