//! The methods that refresh the session, or take one over.

use std::future::IntoFuture;

use cloudbase_core::{Response, Result};
use futures_core::future::BoxFuture;
use secrecy::SecretString;

use crate::flows::Auth;
use crate::flows::request::request;
use crate::flows::sign_in::SignedIn;
use crate::value::named::named;

/// Refreshes the session; see [`Auth::refresh_session`].
///
/// It has no options: the refresh is one for all callers that wait for it.
#[derive(Debug)]
#[must_use = "nothing is sent until `send` is called or it is awaited"]
pub struct RefreshSession {
    auth: Auth,
    refresh_token: Option<SecretString>,
}

impl RefreshSession {
    pub(super) fn new(auth: Auth) -> Self {
        Self {
            auth,
            refresh_token: None,
        }
    }

    /// Refreshes with this refresh token instead of the current one.
    pub fn refresh_token(mut self, token: impl Into<SecretString>) -> Self {
        self.refresh_token = Some(token.into());
        self
    }

    /// Refreshes.
    ///
    /// # Errors
    ///
    /// See [`Auth::refresh_session`].
    pub async fn send(self) -> Result<SignedIn> {
        named("auth.refresh_session", async {
            let manager = self.auth.manager();
            let Some(token) = self.refresh_token else {
                return manager.refresh().await;
            };
            self.auth.check_can_sign_in()?;
            let refreshed = manager.take_over(self.auth.caller(), token, false).await?;
            Ok(refreshed.into_value())
        })
        .await
    }
}

impl IntoFuture for RefreshSession {
    type Output = Result<SignedIn>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

request! {
    /// Takes a session over; see [`Auth::set_session`].
    pub struct SetSession { session: super::SetSession }
    "auth.set_session" => SignedIn; auth
}

impl SetSession {
    async fn run(self) -> Result<Response<SignedIn>> {
        self.auth.check_can_sign_in()?;
        let (manager, token) = (self.auth.manager(), self.session.refresh_token);
        manager.take_over(self.auth.caller(), token, true).await
    }
}
