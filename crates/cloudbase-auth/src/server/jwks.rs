//! Verification of access tokens on this machine, against the keys that the service publishes.

mod cache;
mod fault;
mod issuer;
mod keys;

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cloudbase_core::{Client, Error, Result};
use http::Uri;
use secrecy::ExposeSecret as _;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;

use self::cache::KeyCache;
pub use self::fault::TokenFault;
use crate::value::claims::Claims;
use crate::value::jwt;

/// How far the clocks of the service and of this machine may differ.
const LEEWAY: Duration = Duration::from_secs(60);
/// No access token is that long.
const MAX_TOKEN: usize = 16 * 1024;

/// Checks access tokens without a call to the service: signature, lifetime, environment.
///
/// The public keys come from a JWKS document, which is fetched when it is needed first, kept for ten
/// minutes, and fetched again when a token names a key that is not in it (at most once within 30
/// seconds: made-up tokens cost the service nothing). A fetch takes at most 5 s, and all who need it
/// share its outcome. Keys older than ten minutes serve for another hour while one fetch runs behind
/// them, so that a token with a known key never waits for the network. Cheap to clone; clones share
/// the keys.
///
/// Only RS256 is accepted. A user who has signed out, or was blocked, has a token that is good until
/// it ends: where that matters, ask the service with
/// [`Auth::introspect_token`](crate::Auth::introspect_token).
///
/// # Examples
///
/// ```no_run
/// # async fn example(client: cloudbase_core::Client, bearer: &str) -> cloudbase_auth::Result<()> {
/// use cloudbase_auth::{TokenFault, TokenVerifier};
///
/// let verifier = TokenVerifier::builder(client, "https://keys.example.org/jwks.json").build()?;
/// match verifier.verify(bearer).await {
///     Ok(claims) => println!("called by {}", claims.sub.unwrap_or_default()),
///     Err(error) if TokenFault::of(&error) == Some(TokenFault::Expired) => println!("sign in again"),
///     Err(error) => return Err(error),
/// }
/// # Ok(())
/// # }
/// ```
#[cfg_attr(docsrs, doc(cfg(feature = "jwks")))]
#[derive(Clone)]
pub struct TokenVerifier {
    inner: Arc<Inner>,
}

struct Inner {
    keys: KeyCache,
    env_id: String,
    audiences: Vec<String>,
    issuer: Option<String>,
    leeway: Duration,
}

impl TokenVerifier {
    /// Starts a verifier of tokens of the client's environment. `jwks_url` is where its public keys
    /// are; the client's connections fetch them, without any credential.
    ///
    /// The service documents no such URL for an environment of its own, and none is known. Without one
    /// ask the service about each token ([`Auth::introspect_token`](crate::Auth::introspect_token)), or
    /// serve a document with the environment's key yourself, if you have that. The emulator has one.
    pub fn builder(client: Client, jwks_url: impl Into<String>) -> TokenVerifierBuilder {
        TokenVerifierBuilder {
            client,
            url: jwks_url.into(),
            audiences: Vec::new(),
            issuer: None,
            leeway: LEEWAY,
            cache_for: cache::LIFETIME,
        }
    }

    /// Checks a token and returns what it says.
    ///
    /// # Errors
    ///
    /// [`Credentials`](cloudbase_core::ErrorKind::Credentials) if the token is not good;
    /// [`TokenFault::of`] says why. Anything else if the keys cannot be fetched: then nothing is
    /// known about the token, and [`retry_after`](Error::retry_after) says when they are fetched
    /// again. [`Local`](cloudbase_core::ErrorKind::Local) outside a tokio runtime.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing: a fetch of the keys is a task of its own.
    pub async fn verify(&self, token: impl Into<SecretString>) -> Result<Claims> {
        let token = token.into();
        self.verify_at(token.expose_secret(), SystemTime::now())
            .await
    }

    async fn verify_at(&self, token: &str, now: SystemTime) -> Result<Claims> {
        let unsigned = Unsigned::read(token)?;
        let key = match self.inner.keys.get(&unsigned.kid).await? {
            Some(key) => key,
            None => return Err(TokenFault::UnknownKey.into()),
        };
        if !key.has_signed(unsigned.signed, &unsigned.signature) {
            return Err(TokenFault::Signature.into());
        }
        // Nothing of the token is looked at before its signature is known to be good.
        let claims: Value = jwt::json(&unsigned.claims).map_err(|_| TokenFault::Malformed)?;
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        self.inner.judge(&claims, now)?;
        serde_json::from_value(claims).map_err(|_| TokenFault::Malformed.into())
    }
}

impl Inner {
    fn judge(&self, claims: &Value, now: u64) -> Result<(), TokenFault> {
        let leeway = self.leeway.as_secs();
        // Claims that decide must be of the type that the standard says, unlike all others.
        let seconds = |name: &str| match &claims[name] {
            Value::Null => Ok(None),
            // Some issuers write fractions.
            Value::Number(number) => number
                .as_u64()
                .or_else(|| number.as_f64().filter(|n| *n >= 0.0).map(|n| n as u64))
                .map(Some)
                .ok_or(TokenFault::Malformed),
            _ => Err(TokenFault::Malformed),
        };
        // The service makes no token without an end.
        let end = seconds("exp")?.ok_or(TokenFault::Malformed)?;
        if end.saturating_add(leeway) <= now {
            return Err(TokenFault::Expired);
        }
        let begin = seconds("iat")?.max(seconds("nbf")?).unwrap_or_default();
        if begin > now.saturating_add(leeway) {
            return Err(TokenFault::NotYetValid);
        }
        let text = |name: &str| match &claims[name] {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(text.as_str())),
            _ => Err(TokenFault::Malformed),
        };
        if text("project_id")?.is_some_and(|id| id != self.env_id) {
            return Err(TokenFault::OtherEnvironment);
        }
        match (&self.issuer, text("iss")?) {
            (Some(expected), issuer) if issuer != Some(expected) => return Err(TokenFault::Issuer),
            // Without a wish, the name of the environment in it is what counts. Keys have none.
            (None, Some(issuer)) if !issuer::is_of(issuer, &self.env_id) => {
                return Err(TokenFault::OtherEnvironment);
            }
            _ => {}
        }
        let meant = |audience: &str| match self.audiences.is_empty() {
            true => audience == self.env_id,
            false => self.audiences.iter().any(|expected| expected == audience),
        };
        let fits = match &claims["aud"] {
            Value::String(audience) => meant(audience),
            Value::Array(all) => all.iter().filter_map(Value::as_str).any(meant),
            _ => false,
        };
        match fits {
            true => Ok(()),
            false if self.audiences.is_empty() => Err(TokenFault::OtherEnvironment),
            false => Err(TokenFault::Audience),
        }
    }
}

/// A token whose signature nobody has looked at.
struct Unsigned<'a> {
    kid: String,
    claims: Vec<u8>,
    signed: &'a [u8],
    signature: Vec<u8>,
}

impl<'a> Unsigned<'a> {
    fn read(token: &'a str) -> Result<Self, TokenFault> {
        #[derive(Deserialize)]
        struct Header {
            alg: String,
            kid: Option<String>,
            crit: Option<Value>,
        }
        if token.len() > MAX_TOKEN {
            return Err(TokenFault::Malformed);
        }
        let parts = jwt::split(token).map_err(|_| TokenFault::Malformed)?;
        let header: Header = jwt::json(&parts.header).map_err(|_| TokenFault::Malformed)?;
        // One algorithm and no other: a token must not choose how it is judged.
        if header.alg != "RS256" || header.crit.is_some() {
            return Err(TokenFault::Algorithm);
        }
        let signature = keys::base64(parts.signature).ok_or(TokenFault::Malformed)?;
        let signed = token.rsplit_once('.').map_or("", |(signed, _)| signed);
        Ok(Self {
            kid: header.kid.ok_or(TokenFault::UnknownKey)?,
            claims: parts.claims,
            signed: signed.as_bytes(),
            signature,
        })
    }
}

/// Puts a [`TokenVerifier`] together.
#[cfg_attr(docsrs, doc(cfg(feature = "jwks")))]
#[derive(Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct TokenVerifierBuilder {
    client: Client,
    url: String,
    audiences: Vec<String>,
    issuer: Option<String>,
    leeway: Duration,
    cache_for: Duration,
}

impl TokenVerifierBuilder {
    /// Accepts tokens for the client id `audience`; may be called more than once. Default: the
    /// environment's id.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// Accepts tokens of exactly this issuer. Default: the service's own for this environment
    /// (`https://<environment>.<region>.tcb-api.tencentcloudapi.com`, or the environment's gateway
    /// host), and tokens that name none.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// By how much clocks may differ. Default 60 s, at most 5 min.
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// How long the keys are kept. Default 10 min.
    pub fn cache_for(mut self, lifetime: Duration) -> Self {
        self.cache_for = lifetime;
        self
    }

    /// Makes the verifier. Fetches nothing yet.
    ///
    /// # Errors
    ///
    /// [`Config`](cloudbase_core::ErrorKind::Config) if the URL is not one with `http` or `https`, or
    /// the leeway is too large.
    pub fn build(self) -> Result<TokenVerifier> {
        let url: Option<Uri> = self.url.parse().ok();
        let url = url.filter(|url| {
            url.authority().is_some() && matches!(url.scheme_str(), Some("http" | "https"))
        });
        let Some(url) = url else {
            return Err(Error::config("jwks_url", "must be an `https://` URL"));
        };
        if self.leeway > Duration::from_secs(300) {
            return Err(Error::config("leeway", "must be at most 5 minutes"));
        }
        Ok(TokenVerifier {
            inner: Arc::new(Inner {
                env_id: self.client.env_id().as_str().to_owned(),
                keys: KeyCache::new(self.client, url, self.cache_for),
                audiences: self.audiences,
                issuer: self.issuer,
                leeway: self.leeway,
            }),
        })
    }
}

impl fmt::Debug for TokenVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenVerifier")
            .field("env_id", &self.inner.env_id)
            .field("audiences", &self.inner.audiences)
            .field("issuer", &self.inner.issuer)
            .field("leeway", &self.inner.leeway)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
