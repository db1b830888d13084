//! What an access token says about its bearer.

use std::fmt;

use cloudbase_core::Result;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::jwt;
use crate::lenient;

/// An access token, decoded; its signature is **not** checked (see the feature `jwks` for that).
#[doc(alias = "GetClaimsRes")]
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct TokenClaims {
    /// What the token says.
    pub claims: Claims,
    /// How it is signed.
    pub header: TokenHeader,
    /// The signature, base64url as in the token.
    pub signature: String,
}

/// Without the signature: it would make the token whole again.
impl fmt::Debug for TokenClaims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenClaims")
            .field("claims", &self.claims)
            .field("header", &self.header)
            .finish_non_exhaustive()
    }
}

/// How a token is signed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
#[serde(default)]
pub struct TokenHeader {
    /// The algorithm: `RS256`.
    pub alg: String,
    /// Which key signed it.
    pub kid: Option<String>,
}

/// The claims of an access token or access key. Which of them a token has depends on its kind.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[non_exhaustive]
#[serde(default)]
pub struct Claims {
    /// Who issued the token.
    pub iss: Option<String>,
    /// The user's id; `anon` in a publishable key.
    pub sub: Option<String>,
    /// The client id that the token is for: the environment's id unless set otherwise.
    #[serde(deserialize_with = "audience")]
    pub aud: Option<String>,
    /// When the token ends, in seconds since 1970.
    #[serde(deserialize_with = "lenient::number")]
    pub exp: Option<u64>,
    /// When it was issued, in seconds since 1970.
    #[serde(deserialize_with = "lenient::number")]
    pub iat: Option<u64>,
    /// Hash of the access token.
    pub at_hash: Option<String>,
    /// The display name.
    pub name: Option<String>,
    /// The URL of the avatar.
    pub picture: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// The phone number, `+86 13800000000`.
    pub phone_number: Option<String>,
    /// What the token is good for: `user sso`, `anonymous`.
    pub scope: Option<String>,
    /// The environment's id.
    pub project_id: Option<String>,
    /// How the user signed in: `email`, `phone`, `anonymous`, …
    pub provider: Option<String>,
    /// The kind of that provider.
    pub provider_type: Option<String>,
    /// The user's groups.
    #[serde(deserialize_with = "lenient::ids")]
    pub groups: Vec<String>,
    /// Further facts: `wxOpenId`, `wxUnionId`; `platform` in keys.
    pub meta: Option<Map<String, Value>>,
    /// The user's id, second spelling.
    pub user_id: Option<String>,
    /// The user's roles.
    #[serde(deserialize_with = "lenient::ids")]
    pub roles: Vec<String>,
    /// `internal` or `external`.
    pub user_type: Option<String>,
    /// `client_user`, or `client_server` in an API key.
    pub client_type: Option<String>,
    /// Whether the bearer is an administrator.
    pub is_system_admin: Option<bool>,
    /// Claims that this version does not know.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl TokenClaims {
    /// Decodes an access token or access key. The signature is not checked.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`](cloudbase_core::ErrorKind::Decode) if it is no JSON Web Token.
    pub fn decode(token: &str) -> Result<Self> {
        let parts = jwt::split(token)?;
        Ok(Self {
            claims: jwt::json(&parts.claims)?,
            header: jwt::json(&parts.header)?,
            signature: parts.signature.to_owned(),
        })
    }
}

/// One audience, or the first of a list.
fn audience<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => Some(text),
        Value::Array(items) => items
            .into_iter()
            .find_map(|item| item.as_str().map(str::to_owned)),
        _ => None,
    })
}

#[cfg(test)]
pub(crate) mod tests {
    use base64::Engine as _;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;

    use super::*;

    /// A token with these claims and a signature that nobody made.
    pub(crate) fn token(claims: &Value) -> String {
        let encode = |part: &str| BASE64_URL_SAFE_NO_PAD.encode(part);
        format!(
            "{}.{}.c2ln",
            encode(r#"{"alg":"RS256","kid":"k1"}"#),
            encode(&claims.to_string())
        )
    }

    #[test]
    fn known_and_unknown_claims_are_kept() {
        let token = token(&serde_json::json!({
            "sub": "19", "exp": "7200", "scope": "user sso", "groups": [{"id": "g"}, "h"], "aud": ["e"], "hats": 3,
            "name": "Lín",
        }));
        let decoded = TokenClaims::decode(&token).unwrap();
        assert_eq!(decoded.header.kid.as_deref(), Some("k1"));
        assert_eq!(decoded.signature, "c2ln");
        let claims = decoded.claims;
        assert_eq!(
            (claims.sub.as_deref(), claims.exp),
            (Some("19"), Some(7200))
        );
        assert_eq!(
            (claims.groups, claims.aud.as_deref()),
            (vec!["g".to_owned(), "h".to_owned()], Some("e"))
        );
        assert_eq!(claims.other["hats"], 3);
        assert_eq!(claims.name.as_deref(), Some("Lín"));
    }

    #[test]
    fn what_is_no_token_is_an_error_that_does_not_show_it() {
        for bad in ["", "sentinel", "a.b", "a.b.c.d", "!!.e30.x", "e30.W10.x"] {
            let error = TokenClaims::decode(bad).unwrap_err();
            assert!(!error.to_string().contains("sentinel"), "{error}");
        }
    }
}
