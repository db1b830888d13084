//! Acts for one user of many, by the access token that a server was given.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use crate::value::claims::{Claims, TokenClaims};
use crate::value::clock;
use cloudbase_core::Timestamp;

/// For how long a token that does not say is taken to be good. The gateway knows better.
const ASSUMED_LIFETIME: Duration = Duration::from_secs(7200);

/// The token as a session is stored, without a scope: a server must never become an anonymous user
/// because the token of one has ended.
pub(crate) fn as_session(token: &SecretString) -> SecretString {
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
    use crate::value::claims::tests::token;
    use crate::value::session::Session;

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
