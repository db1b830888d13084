//! A session: what a sign-in leaves behind, and what is stored of it.

mod ancestor;
pub(crate) mod ask;
#[cfg(test)]
mod clock_tests;
pub(crate) mod events;
mod expiry;
mod interruption;
pub(crate) mod manager;
mod methods;
mod refresh;
mod saving;
#[cfg(test)]
mod schedule_tests;
#[cfg(test)]
mod sharing_tests;
mod sign_out;
mod state;
pub(crate) mod wire;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use cloudbase_core::credential::Lineage;
use cloudbase_core::{Error, ErrorCode, ErrorKind, Result, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};

pub use self::methods::{RefreshSession, SetSession};
pub use self::sign_out::{SignOut, SignOutOutcome};
use crate::claims::TokenClaims;
use crate::clock;
use crate::de::Object;
use crate::user::User;

/// How much earlier than the service says a session counts as ended; what the other SDKs store, too.
pub(crate) const LEEWAY: Duration = Duration::from_secs(30);

/// A signed-in user's tokens. Cheap to clone; `Debug` shows no token.
///
/// A session does not change: after a refresh there is a new one.
#[derive(Clone)]
pub struct Session {
    inner: Arc<Inner>,
}

#[derive(Clone)]
struct Inner {
    access_token: SecretString,
    refresh_token: Option<SecretString>,
    token_type: String,
    expires_in: Duration,
    expires_at: Option<Timestamp>,
    scope: Option<String>,
    sub: String,
    groups: Vec<String>,
    version: ApiVersion,
    user: Option<User>,
    rejection: Option<ErrorCode>,
    /// The id of the sign-in that this session comes from; absent in one that another program has
    /// stored.
    lineage: Option<String>,
    /// What the service or another SDK has put beside all this: `id_token`.
    other: Map<String, Value>,
}

/// Which generation of the auth API a session belongs to: it is renewed there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ApiVersion {
    V1,
    V2,
}

impl ApiVersion {
    fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::V2 => "v2",
        }
    }
}

impl Session {
    /// The access token. It goes into `Authorization` by itself; this is for other clients.
    pub fn access_token(&self) -> &SecretString {
        &self.inner.access_token
    }

    /// The refresh token; some anonymous and custom sessions have none. It is good for one refresh.
    pub fn refresh_token(&self) -> Option<&SecretString> {
        self.inner.refresh_token.as_ref()
    }

    /// Always `Bearer`.
    pub fn token_type(&self) -> &str {
        &self.inner.token_type
    }

    /// For how long the access token was issued.
    pub fn expires_in(&self) -> Duration {
        self.inner.expires_in
    }

    /// When the access token ends by the clock of this machine, 30 seconds taken off as the other
    /// SDKs do. The SDK also goes by a clock that cannot be set: a token is over when either clock
    /// says so.
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.inner.expires_at
    }

    /// What the session is good for: `user sso`, `anonymous`.
    pub fn scope(&self) -> Option<&str> {
        self.inner.scope.as_deref()
    }

    /// The user's id.
    pub fn sub(&self) -> &str {
        &self.inner.sub
    }

    /// The ids of the user's groups, where the sign-in told them.
    pub fn groups(&self) -> &[String] {
        &self.inner.groups
    }

    /// The user, as known last.
    pub fn user(&self) -> Option<&User> {
        self.inner.user.as_ref()
    }

    /// Whether nobody in particular is signed in.
    pub fn is_anonymous(&self) -> bool {
        let by_profile = || self.user().is_some_and(|user| user.is_anonymous);
        self.has_anonymous_scope().unwrap_or_else(by_profile)
    }

    /// Whether the scope is that of an anonymous user; `None` if the session has no scope. A profile
    /// says less: its name is the user's own choice.
    pub(crate) fn has_anonymous_scope(&self) -> Option<bool> {
        let scope = self.scope()?;
        Some(scope.split(' ').any(|part| part == "anonymous"))
    }

    /// Reads a session as this and the other CloudBase SDKs store it.
    ///
    /// # Errors
    ///
    /// [`Decode`](ErrorKind::Decode) if it is none, or of a version that this SDK does not know.
    pub fn from_json(json: &str) -> Result<Self> {
        let unusable =
            |what: &str| Error::new(ErrorKind::Decode, format!("the stored session {what}"));
        let mut stored: Object =
            serde_json::from_str(json).map_err(|_| unusable("is not valid"))?;
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

    /// The session that a sign-in or a refresh has just brought.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Decode`] if it has no usable token, or nothing says how long it lives.
    pub(crate) fn arrived(tokens: Object) -> Result<Self> {
        let mut session = Self::read(tokens)?;
        let inner = Arc::make_mut(&mut session.inner);
        let left = inner.expires_in.saturating_sub(LEEWAY);
        inner.expires_at = clock::wall().checked_add(left).map(Timestamp::from);
        inner.lineage = Some(new_lineage());
        Ok(session)
    }

    /// A session by its tokens: the response of every sign-in endpoint and of a refresh.
    fn read(mut tokens: Object) -> Result<Self> {
        let bad = |what| {
            let message = format!("the response has no {what}");
            Error::new(ErrorKind::Decode, message)
        };
        let access_token = tokens.take::<SecretString>(&["access_token", "accessToken"]);
        let access_token = access_token
            .filter(|token| {
                let text = token.expose_secret();
                !text.is_empty() && text.bytes().all(|byte| (b'!'..=b'~').contains(&byte))
            })
            .ok_or_else(|| bad("usable `access_token`"))?;
        let claims = || {
            TokenClaims::decode(access_token.expose_secret())
                .map(|token| token.claims)
                .ok()
        };
        let by_claims = || {
            let claims = claims()?;
            claims.exp?.checked_sub(claims.iat?)
        };
        let expires_in = tokens
            .take(&["expires_in", "expiresIn"])
            .or_else(by_claims)
            .ok_or_else(|| bad("usable `expires_in`, and its token does not say either"))?;
        let sub = tokens.take(&["sub"]).or_else(|| claims()?.sub);
        let token_type = tokens.take(&["token_type", "tokenType"]);
        Ok(Self {
            inner: Arc::new(Inner {
                token_type: token_type.unwrap_or_else(|| "Bearer".to_owned()),
                // A year is as good as for ever, and no clock overflows.
                expires_in: Duration::from_secs(expires_in.min(366 * 86_400)),
                refresh_token: tokens.take(&["refresh_token", "refreshToken"]),
                expires_at: None,
                scope: tokens.take(&["scope"]),
                sub: sub.unwrap_or_default(),
                groups: tokens.take(&["groups"]).unwrap_or_default(),
                version: ApiVersion::V1,
                user: None,
                rejection: None,
                lineage: None,
                other: tokens.rest(),
                access_token,
            }),
        })
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

    /// Which sign-in the session comes from: its random id, or the user where another program has
    /// stored the session without one.
    pub(crate) fn lineage(&self) -> Lineage {
        let id = self.inner.lineage.as_deref();
        Lineage::from(id.unwrap_or(&self.inner.sub))
    }

    pub(crate) fn version(&self) -> ApiVersion {
        self.inner.version
    }

    pub(crate) fn with_user(&self, user: User) -> Self {
        let mut session = self.clone();
        Arc::make_mut(&mut session.inner).user = Some(user);
        session
    }

    /// The session after the service has refused its refresh token. That is stored, too: other
    /// processes and later runs must be able to say why it ends.
    pub(crate) fn rejected(&self, code: Option<ErrorCode>) -> Self {
        let mut session = self.clone();
        let inner = Arc::make_mut(&mut session.inner);
        inner.refresh_token = None;
        inner.rejection = code;
        session
    }

    /// Why the service does not renew the session any more, if that is so.
    pub(crate) fn rejection(&self) -> Option<&ErrorCode> {
        self.inner.rejection.as_ref()
    }

    /// What a refresh leaves as it was: the response does not repeat everything. The lineage stays
    /// with the user: a silent anonymous sign-in may return another one.
    pub(crate) fn succeeding(mut self, previous: &Self) -> Self {
        let inner = Arc::make_mut(&mut self.inner);
        let old = &*previous.inner;
        inner.version = old.version;
        if inner.sub.is_empty() {
            inner.sub.clone_from(&old.sub);
        }
        // Nothing of one user goes over to another.
        if inner.sub != old.sub {
            return self;
        }
        inner.lineage.clone_from(&old.lineage);
        if inner.refresh_token.is_none() {
            inner.refresh_token.clone_from(&old.refresh_token);
        }
        if inner.scope.is_none() {
            inner.scope.clone_from(&old.scope);
        }
        if inner.groups.is_empty() {
            inner.groups.clone_from(&old.groups);
        }
        if inner.user.is_none() {
            inner.user.clone_from(&old.user);
        }
        for (name, value) in &old.other {
            let own = inner.other.entry(name.as_str());
            own.or_insert_with(|| value.clone());
        }
        self
    }

    /// How long a session that comes out of a store may be used, by the wall clock, which may have
    /// been set since: never longer than the token was issued for.
    pub(crate) fn remaining(&self) -> Duration {
        let left = self
            .inner
            .expires_at
            .and_then(|at| at.as_system_time().duration_since(clock::wall()).ok());
        left.unwrap_or_default().min(self.inner.expires_in)
    }

    /// Whether the access token is over by the wall clock, which goes on while the machine sleeps.
    pub(crate) fn is_over(&self) -> bool {
        let end = self
            .inner
            .expires_at
            .and_then(|at| at.as_system_time().checked_add(LEEWAY));
        end.is_some_and(|end| end <= clock::wall())
    }

    /// Whether both belong to the same user, as far as they say.
    pub(crate) fn has_user_of(&self, other: &Self) -> bool {
        self.sub() == other.sub() || self.sub().is_empty() || other.sub().is_empty()
    }

    /// The same session as another program has stored it, which knows nothing of lineages: it goes
    /// on under the one that it has here.
    pub(crate) fn or_lineage_of(mut self, known: &Self) -> Self {
        if self.inner.lineage.is_none() && self.sub() == known.sub() {
            Arc::make_mut(&mut self.inner)
                .lineage
                .clone_from(&known.inner.lineage);
        }
        self
    }

    /// How long a session that has just arrived may be used.
    pub(crate) fn lifetime(&self) -> Duration {
        self.inner.expires_in
    }

    /// Whether both hold the same tokens.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let secret =
            |token: Option<&SecretString>| token.map(|token| token.expose_secret().to_owned());
        self.has_access_token_of(other)
            && secret(self.refresh_token()) == secret(other.refresh_token())
    }

    pub(crate) fn has_access_token_of(&self, other: &Self) -> bool {
        self.access_token().expose_secret() == other.access_token().expose_secret()
    }
}

/// The id of a sign-in: unique, not secret.
fn new_lineage() -> String {
    format!("{:032x}", fastrand::u128(..))
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

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("sub", &self.sub())
            .field("scope", &self.scope())
            .field("lineage", &self.lineage())
            .field("expires_in", &self.expires_in())
            .field("expires_at", &self.expires_at())
            .field("refresh_token", &self.refresh_token().map(|_| "[redacted]"))
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STORED: &str = r#"{"token_type":"Bearer","access_token":"eyJ.a.b","refresh_token":"m.Q0m","expires_in":7200,
        "scope":"user sso","sub":"1900","version":"v1","expires_at":"2026-11-22T07:04:30.000Z"}"#;

    #[test]
    fn a_session_of_the_js_sdk_is_read_and_written_back() {
        let session = Session::from_json(STORED).unwrap();
        assert_eq!(session.sub(), "1900");
        assert_eq!(session.refresh_token().unwrap().expose_secret(), "m.Q0m");
        assert_eq!(session.expires_in(), Duration::from_secs(7200));
        let written: Value = serde_json::from_str(session.to_json().expose_secret()).unwrap();
        assert_eq!(written, serde_json::from_str::<Value>(STORED).unwrap());
    }

    #[test]
    fn a_session_in_flutter_spelling_keeps_its_user() {
        let session = Session::from_json(
            r#"{"accessToken":"a.b.c","refreshToken":"r","expiresIn":"7200","expiresAt":1795331070000,"tokenType":"Bearer",
                "user":{"id":"u1","email":"lin@example.org"}}"#,
        )
        .unwrap();
        assert_eq!(session.user().unwrap().id, "u1");
        assert_eq!(
            session.expires_at().unwrap().to_string(),
            "2026-11-22T07:04:30.000Z"
        );
        let again = Session::from_json(session.to_json().expose_secret()).unwrap();
        assert_eq!(again.user(), session.user());
    }

    #[test]
    fn fields_of_other_sdks_are_kept_through_refreshes() {
        let json = r#"{"access_token":"a","refresh_token":"r","expires_in":7200,"sub":"A",
            "id_token":"i","weda":{"x":1}}"#;
        let stored = Session::from_json(json).unwrap();
        let fields = |session: &Session| -> Value {
            serde_json::from_str(session.to_json().expose_secret()).unwrap()
        };
        assert_eq!(fields(&stored)["id_token"], "i");
        let next = r#"{"access_token":"b","expires_in":7200,"sub":"A","id_token":"j"}"#;
        let refreshed = fields(&arrived(next).succeeding(&stored));
        assert_eq!(refreshed["id_token"], "j", "what the response says counts");
        assert_eq!(refreshed["weda"]["x"], 1);
        assert_eq!(refreshed["access_token"], "b");
    }

    #[test]
    fn what_another_user_had_is_not_carried_into_a_session() {
        let old = r#"{"access_token":"a","refresh_token":"r","expires_in":7200,"sub":"A","scope":"user sso",
            "groups":["editors"],"weda":{"x":1},"user":{"sub":"A","name":"Lin"}}"#;
        let old = Session::from_json(old).unwrap();
        let next = |sub: &str| {
            let next = format!(r#"{{"access_token":"b","expires_in":7200{sub}}}"#);
            arrived(&next).succeeding(&old)
        };
        let theirs = next(r#","sub":"B""#);
        assert!(theirs.refresh_token().is_none() && theirs.scope().is_none());
        assert!(theirs.groups().is_empty() && theirs.user().is_none());
        assert!(!theirs.to_json().expose_secret().contains("weda"));
        for same in [next(r#","sub":"A""#), next("")] {
            assert_eq!(same.scope(), Some("user sso"));
            assert_eq!(same.refresh_token().unwrap().expose_secret(), "r");
            assert_eq!(same.groups(), ["editors"]);
            assert!(same.to_json().expose_secret().contains("weda"));
            assert_eq!(same.user(), old.user());
        }
    }

    #[test]
    fn the_scope_decides_who_is_anonymous() {
        let session = |scope: &str, profile: &str| {
            let json = format!(
                r#"{{"access_token":"a","expires_in":7200,"sub":"A"{scope},"user":{{"sub":"A"{profile}}}}}"#
            );
            Session::from_json(&json).unwrap()
        };
        for (scope, profile, is_anonymous) in [
            (r#","scope":"user sso""#, r#","name":"anonymous""#, false),
            (r#","scope":"user""#, r#","isAnonymous":true"#, false),
            (r#","scope":"anonymous""#, r#","name":"Lin""#, true),
            (r#","scope":"user anonymous""#, "", true),
            (r#","scope":"""#, r#","name":"anonymous""#, true),
            ("", r#","is_anonymous":true"#, true),
            ("", r#","name":"Lin""#, false),
        ] {
            let session = session(scope, profile);
            assert_eq!(session.is_anonymous(), is_anonymous, "{scope} {profile}");
            assert_eq!(
                session.user().unwrap().is_anonymous,
                is_anonymous,
                "{scope} {profile}"
            );
        }
    }

    fn arrived(json: &str) -> Session {
        Session::arrived(serde_json::from_str(json).unwrap()).unwrap()
    }

    #[test]
    fn a_lineage_lasts_from_sign_in_to_sign_in() {
        const A: &str = r#"{"access_token":"a","refresh_token":"r","expires_in":7200,"sub":"A"}"#;
        const B: &str = r#"{"access_token":"b","expires_in":7200,"sub":"B"}"#;
        const NOBODY: &str = r#"{"access_token":"c","expires_in":7200}"#;
        let first = arrived(A);
        assert_ne!(
            first.lineage(),
            arrived(A).lineage(),
            "the same user, signed in again"
        );
        let stored = Session::from_json(first.to_json().expose_secret()).unwrap();
        assert_eq!(stored.lineage(), first.lineage(), "read by another process");
        for (refreshed, same) in [(A, true), (NOBODY, true), (B, false)] {
            let next = arrived(refreshed).succeeding(&stored);
            assert_eq!(next.lineage() == first.lineage(), same, "{refreshed}");
        }
        // What another program has stored is known by its user, through refreshes too.
        let foreign = Session::from_json(STORED).unwrap();
        assert_eq!(foreign.lineage(), Lineage::from("1900"));
        let next = arrived(r#"{"access_token":"n","expires_in":7200,"sub":"1900"}"#);
        assert_eq!(next.succeeding(&foreign).lineage(), foreign.lineage());
        let nameless = || Session::from_json(r#"{"access_token":"x","expires_in":1}"#).unwrap();
        assert_ne!(nameless().lineage(), nameless().lineage());
    }

    #[test]
    fn without_a_stored_end_the_token_tells_it() {
        let token = crate::claims::tests::token(
            &serde_json::json!({"sub": "9", "exp": 4_000_000_030_u64, "iat": 3_999_992_830_u64}),
        );
        let session =
            Session::from_json(&serde_json::json!({ "access_token": token }).to_string()).unwrap();
        assert_eq!(
            session.expires_at().unwrap().as_unix_millis(),
            4_000_000_000_000
        );
        assert_eq!(
            (session.sub(), session.expires_in()),
            ("9", Duration::from_secs(7200))
        );
        assert_eq!(
            session.remaining(),
            Duration::from_secs(7200),
            "capped by the lifetime"
        );
    }

    #[test]
    fn what_is_no_session_is_refused_without_showing_it() {
        for bad in [
            "",
            "{}",
            "[]",
            "null",
            r#"{"access_token":"sentinel"}"#,
            r#"{"access_token":"","expires_in":1}"#,
            r#"{"access_token":"sentinel\n","expires_in":1}"#,
            r#"{"access_token":"sentinel","expires_in":1,"version":"v9"}"#,
        ] {
            let error = Session::from_json(bad).unwrap_err();
            assert!(
                !format!("{error} {error:?}").contains("sentinel"),
                "{error:?}"
            );
        }
        assert!(!format!("{:?}", Session::from_json(STORED).unwrap()).contains("m.Q0m"));
    }
}
