//! Acting for one user of many.

use std::time::Duration;

use cloudbase_core::Result;
use secrecy::{ExposeSecret as _, SecretString};

use crate::auth::Auth;
use crate::claims::{Claims, TokenClaims};
use crate::clock;
use crate::store::MemoryStore;
use cloudbase_core::Timestamp;

/// For how long a token that does not say is taken to be good. The gateway knows better.
const ASSUMED_LIFETIME: Duration = Duration::from_secs(7200);

impl Auth {
    /// A handle that acts as the user whose access token this is: for servers that are called by
    /// many users. Its calls, and those of its [`client`](Self::client), carry that token over the
    /// same connections.
    ///
    /// The handle has no part in the session of this one, and nothing of it is stored. It cannot sign
    /// anybody in, up or over (an [`Argument`](cloudbase_core::ErrorKind::Argument) error), nor be
    /// refreshed: when the token ends by its own word and this machine's clock,
    /// [`session`](Self::session) is `None` and calls fail without being sent. Make one
    /// for each request that the server gets; that costs no connection and no call.
    ///
    /// The token is not checked here; the gateway does so with each call. See the feature `jwks` for
    /// checking it without one.
    ///
    /// # Errors
    ///
    /// [`Argument`](cloudbase_core::ErrorKind::Argument) if the token is empty or holds characters
    /// that a header must not.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(auth: cloudbase_auth::Auth, bearer: String) -> cloudbase_auth::Result<()> {
    /// let theirs = auth.for_user(bearer)?;
    /// let user = theirs.refresh_user().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn for_user(&self, token: impl Into<SecretString>) -> Result<Self> {
        let token = token.into();
        let client = self.client().for_user(token.clone())?;
        let key = format!("credentials_{}", client.env_id());
        let store = MemoryStore::holding(key, as_session(&token));
        let mut theirs = Self::builder(client).session_store(store).build()?;
        theirs.caller.device = self.caller.device.clone();
        theirs.caller.captcha = self.caller.captcha.clone();
        theirs.caller.options = self.caller.options.clone();
        Ok(theirs)
    }
}

/// The token as a session is stored, without a scope: a server must never become an anonymous user
/// because the token of one has ended.
fn as_session(token: &SecretString) -> SecretString {
    let claims = TokenClaims::decode(token.expose_secret()).map(|token| token.claims);
    let claims: Claims = claims.unwrap_or_default();
    let mut session = serde_json::json!({
        "token_type": "Bearer",
        "access_token": token.expose_secret(),
        "sub": claims.sub,
        "groups": claims.groups,
    });
    let lifetime = match (claims.iat, claims.exp) {
        (Some(from), Some(to)) if to > from => to - from,
        (_, Some(_)) => u64::from(u32::MAX),
        (_, None) => {
            let end = Timestamp::from(clock::wall() + ASSUMED_LIFETIME);
            session["expires_at"] = end.to_string().into();
            ASSUMED_LIFETIME.as_secs()
        }
    };
    session["expires_in"] = lifetime.into();
    session.to_string().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::tests::token;
    use crate::session::Session;

    fn session(token: &str) -> Session {
        Session::from_json(as_session(&token.into()).expose_secret()).unwrap()
    }

    #[test]
    fn a_token_is_a_session_for_as_long_as_it_says() {
        let made = session(&token(&serde_json::json!({
            "sub": "19", "iat": 3_999_992_800_u64, "exp": 4_000_000_000_u64, "scope": "anonymous",
        })));
        assert_eq!((made.sub(), made.expires_in().as_secs()), ("19", 7200));
        assert!(!made.is_anonymous() && made.refresh_token().is_none());
        assert!(made.remaining() > Duration::from_secs(7000));
        let ended = session(&token(
            &serde_json::json!({ "sub": "19", "iat": 0, "exp": 7200 }),
        ));
        assert!(ended.remaining().is_zero());
        let opaque = session("opaque");
        assert!(opaque.remaining() > Duration::from_secs(7000));
        assert_eq!(opaque.sub(), "");
    }
}
