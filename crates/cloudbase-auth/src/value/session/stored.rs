//! The form in which this and the other CloudBase SDKs store a session.

use std::sync::Arc;

use cloudbase_core::{Error, ErrorCode, ErrorKind, Result};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::{ApiVersion, LEEWAY, Session, new_lineage};
use crate::value::claims::TokenClaims;
use crate::value::de::Object;
use crate::value::user::User;
use cloudbase_core::Timestamp;

impl Session {
    /// Reads a session as this and the other CloudBase SDKs store it.
    ///
    /// # Errors
    ///
    /// [`Decode`](ErrorKind::Decode) if it is not a session, or of a version that this SDK does not know.
    pub fn from_json(json: impl AsRef<str>) -> Result<Self> {
        let unusable =
            |what: &str| Error::new(ErrorKind::Decode, format!("the stored session {what}"));
        let mut stored: Object =
            serde_json::from_str(json.as_ref()).map_err(|_| unusable("is not valid"))?;
        let version = match stored.take::<String>(&["version"]).as_deref() {
            None | Some("v1") => ApiVersion::V1,
            Some("v2") => ApiVersion::V2,
            Some(_) => return Err(unusable("is of a newer version")),
        };
        let expires_at = stored.take(&["expires_at", "expiresAt"]);
        let rejection: Option<String> = stored.take(&["rejection"]);
        let lineage = stored.take(&["lineage"]);
        let profile = stored.take(&["user"]);
        let mut session = Self::read(stored).map_err(|_| unusable("is not complete"))?;
        let user = profile.map(|profile| User::from_profile(profile, Some(&session)));
        let inner = Arc::make_mut(&mut session.inner);
        inner.version = version;
        inner.expires_at = expires_at.or_else(|| ends_by_claims(&inner.access_token));
        inner.rejection = rejection.map(ErrorCode::from);
        // Without even a user there is nothing that a second reader could go by.
        let nameless = inner.sub.is_empty().then(new_lineage);
        inner.lineage = lineage.or(nameless);
        inner.user = user;
        Ok(session)
    }

    /// The session as JSON, as this and the other CloudBase SDKs store it. Holds the tokens.
    pub fn to_json(&self) -> SecretString {
        let inner = &*self.inner;
        let mut object = inner.other.clone();
        let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
        put("token_type", inner.token_type.as_str().into());
        put("access_token", inner.access_token.expose_secret().into());
        if let Some(token) = &inner.refresh_token {
            put("refresh_token", token.expose_secret().into());
        }
        put("expires_in", inner.expires_in.as_secs().into());
        if let Some(scope) = &inner.scope {
            put("scope", scope.as_str().into());
        }
        put("sub", inner.sub.as_str().into());
        if !inner.groups.is_empty() {
            put("groups", inner.groups.clone().into());
        }
        put("version", inner.version.as_str().into());
        if let Some(at) = inner.expires_at {
            put("expires_at", at.to_string().into());
        }
        if let Some(code) = &inner.rejection {
            put("rejection", code.as_str().into());
        }
        if let Some(lineage) = &inner.lineage {
            put("lineage", lineage.as_str().into());
        }
        if let Some(user) = &inner.user {
            put("user", Value::Object(user.profile.clone()));
        }
        Value::Object(object).to_string().into()
    }
}

/// When a token ends by its own word, with the leeway taken off.
fn ends_by_claims(token: &SecretString) -> Option<Timestamp> {
    let exp = TokenClaims::decode(token.expose_secret())
        .ok()?
        .claims
        .exp?;
    let at = i64::try_from(exp).ok()?.checked_mul(1000)?;
    Timestamp::from_unix_millis(at.checked_sub(LEEWAY.as_millis() as i64)?)
}
