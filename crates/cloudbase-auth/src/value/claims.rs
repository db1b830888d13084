//! What an access token says about its bearer.

use std::fmt;

use cloudbase_core::Result;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::value::de::Object;
use crate::value::jwt;

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
#[serde(from = "Object")]
pub struct TokenHeader {
    /// The algorithm: `RS256`.
    pub alg: String,
    /// Which key signed it.
    pub kid: Option<String>,
}

/// The claims of an access token or access key. Which of them a token has depends on its kind. A claim
/// that cannot be read as what it should be is absent here and stays in [`other`](Self::other).
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[non_exhaustive]
#[serde(from = "Object")]
pub struct Claims {
    /// Who issued the token.
    pub iss: Option<String>,
    /// The user's id; `anon` in a publishable key.
    pub sub: Option<String>,
    /// The client id that the token is for: the environment's id unless set otherwise.
    pub aud: Option<String>,
    /// When the token ends, in seconds since 1970.
    pub exp: Option<u64>,
    /// When it was issued, in seconds since 1970.
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
    pub groups: Vec<String>,
    /// Further facts: `wxOpenId`, `wxUnionId`; `platform` in keys.
    pub meta: Option<Map<String, Value>>,
    /// The user's id, second spelling.
    pub user_id: Option<String>,
    /// The user's roles.
    pub roles: Vec<String>,
    /// `internal` or `external`.
    pub user_type: Option<String>,
    /// `client_user`, or `client_server` in an API key.
    pub client_type: Option<String>,
    /// Whether the bearer is an administrator.
    pub is_system_admin: Option<bool>,
    /// Claims that this version does not know, or cannot read.
    pub other: Map<String, Value>,
}

impl TokenClaims {
    /// Decodes an access token or access key. The signature is not checked.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`](cloudbase_core::ErrorKind::Decode) if it is no JSON Web Token.
    pub fn decode(token: impl AsRef<str>) -> Result<Self> {
        let parts = jwt::split(token.as_ref())?;
        Ok(Self {
            claims: jwt::json(&parts.claims)?,
            header: jwt::json(&parts.header)?,
            signature: parts.signature.to_owned(),
        })
    }
}

impl From<Object> for TokenHeader {
    fn from(mut header: Object) -> Self {
        Self {
            alg: header.take(&["alg"]).unwrap_or_default(),
            kid: header.take(&["kid"]),
        }
    }
}

impl From<Object> for Claims {
    fn from(mut claims: Object) -> Self {
        // One audience, or the first of a list.
        let first = |audiences: Vec<String>| audiences.into_iter().next();
        let aud = claims.take(&["aud"]);
        Self {
            aud: aud.or_else(|| first(claims.take(&["aud"])?)),
            iss: claims.take(&["iss"]),
            sub: claims.take(&["sub"]),
            exp: claims.take(&["exp"]),
            iat: claims.take(&["iat"]),
            at_hash: claims.take(&["at_hash"]),
            name: claims.take(&["name"]),
            picture: claims.take(&["picture"]),
            email: claims.take(&["email"]),
            phone_number: claims.take(&["phone_number"]),
            scope: claims.take(&["scope"]),
            project_id: claims.take(&["project_id"]),
            provider: claims.take(&["provider"]),
            provider_type: claims.take(&["provider_type"]),
            groups: claims.take(&["groups"]).unwrap_or_default(),
            meta: claims.take(&["meta"]),
            user_id: claims.take(&["user_id"]),
            roles: claims.take(&["roles"]).unwrap_or_default(),
            user_type: claims.take(&["user_type"]),
            client_type: claims.take(&["client_type"]),
            is_system_admin: claims.take(&["is_system_admin"]),
            other: claims.rest(),
        }
    }
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
    fn a_claim_of_another_type_is_read_or_left_and_costs_no_other() {
        let decode = |claims: Value| TokenClaims::decode(token(&claims)).unwrap().claims;
        let claims = decode(serde_json::json!({
            "sub": 19, "user_id": 19, "exp": "7200", "is_system_admin": "false", "aud": 7,
        }));
        assert_eq!(claims.sub.as_deref(), Some("19"));
        assert_eq!(claims.user_id.as_deref(), Some("19"));
        assert_eq!(claims.is_system_admin, Some(false));
        assert_eq!(claims.aud.as_deref(), Some("7"));
        assert!(claims.other.is_empty());

        let names = [
            "iss",
            "sub",
            "aud",
            "exp",
            "iat",
            "at_hash",
            "name",
            "picture",
            "email",
            "phone_number",
            "scope",
            "project_id",
            "provider",
            "provider_type",
            "groups",
            "meta",
            "user_id",
            "roles",
            "user_type",
            "client_type",
            "is_system_admin",
        ];
        for name in names {
            let mut odd = serde_json::json!({ "sub": "19", "scope": "user", "name": "Lin" });
            odd[name] = match name {
                "meta" => "x".into(),
                _ => serde_json::json!({ "a": { "b": 1 } }),
            };
            let claims = decode(odd.clone());
            assert_eq!(claims.other.get(name), Some(&odd[name]), "{name} stays");
            for (other, value) in [
                ("sub", &claims.sub),
                ("scope", &claims.scope),
                ("name", &claims.name),
            ] {
                assert_eq!(
                    value.is_some(),
                    other != name,
                    "{other} beside an odd {name}"
                );
            }
        }
    }

    #[test]
    fn what_is_no_token_is_an_error_that_does_not_show_it() {
        for bad in ["", "sentinel", "a.b", "a.b.c.d", "!!.e30.x", "e30.W10.x"] {
            let error = TokenClaims::decode(bad).unwrap_err();
            assert!(!error.to_string().contains("sentinel"), "{error}");
        }
    }
}
