//! A session: what a sign-in leaves behind, and what is stored of it.

mod stored;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use cloudbase_core::credential::Lineage;
use cloudbase_core::{Error, ErrorCode, ErrorKind, Result};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value};

use crate::value::claims::TokenClaims;
use crate::value::clock;
use crate::value::de::Object;
use crate::value::user::User;
use cloudbase_core::Timestamp;

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

/// Which generation of the auth API a session belongs to: it is refreshed there.
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

    /// The ids of the user's groups, where the sign-in returned them.
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

    /// The session after the service has rejected its refresh token. That is stored, too: other
    /// processes and later runs must be able to say why it ends.
    pub(crate) fn rejected(&self, code: Option<ErrorCode>) -> Self {
        let mut session = self.clone();
        let inner = Arc::make_mut(&mut session.inner);
        inner.refresh_token = None;
        inner.rejection = code;
        session
    }

    /// Why the service does not refresh the session any more, if that is so.
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
