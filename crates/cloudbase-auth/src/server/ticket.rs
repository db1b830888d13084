//! Tickets with which users of a system of one's own sign in: made on a server, with the private key
//! that the console gives out.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use cloudbase_core::{Error, ErrorKind, Result};
use rsa::RsaPrivateKey;
use rsa::pkcs1::DecodeRsaPrivateKey as _;
use rsa::pkcs1v15::SigningKey;
use rsa::pkcs8::DecodePrivateKey as _;
use rsa::rand_core::OsRng;
use rsa::sha2::Sha256;
use rsa::signature::{RandomizedSigner as _, SignatureEncoding as _};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::args::validate;

/// How long a ticket can be used.
const LIFETIME: Duration = Duration::from_secs(600);
const HOUR: Duration = Duration::from_secs(3600);
const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

/// Issues tickets for [`sign_in_with_custom_ticket`](crate::Auth::sign_in_with_custom_ticket).
///
/// It belongs on a server: a holder of the key can be any user. A ticket is good for ten minutes.
/// Cheap to clone.
///
/// # Examples
///
/// ```no_run
/// use cloudbase_auth::TicketIssuer;
///
/// # fn example() -> Result<(), Box<dyn std::error::Error>> {
/// // The file that the console offers under custom login.
/// let key = std::fs::read_to_string("tcb_custom_login.json")?;
/// let issuer = TicketIssuer::new("my-env-1a2b3c", &key)?;
/// let ticket = issuer.issue("user-4711")?;
/// # Ok(())
/// # }
/// ```
#[cfg_attr(docsrs, doc(cfg(feature = "custom-ticket")))]
#[derive(Clone)]
pub struct TicketIssuer {
    inner: Arc<Inner>,
    refresh: Duration,
    expire: Duration,
}

struct Inner {
    env_id: String,
    key_id: String,
    key: SigningKey<Sha256>,
}

impl TicketIssuer {
    /// An issuer for the environment `env_id` with the key in `key_file`: the console's JSON, with
    /// `private_key_id` and `private_key` (PEM, PKCS#1 or PKCS#8).
    ///
    /// # Errors
    ///
    /// [`Config`](ErrorKind::Config) if that is no such JSON, no RSA key, or the key of another
    /// environment.
    pub fn new(env_id: impl Into<String>, key_file: impl AsRef<str>) -> Result<Self> {
        #[derive(Deserialize)]
        struct KeyFile {
            private_key_id: String,
            private_key: String,
            env_id: Option<String>,
        }
        let env_id = env_id.into();
        let file: KeyFile = serde_json::from_str(key_file.as_ref()).map_err(|_| {
            Error::config(
                "key_file",
                "must be the console's JSON with `private_key_id` and `private_key`",
            )
        })?;
        if file.env_id.is_some_and(|id| id != env_id) {
            return Err(Error::config(
                "key_file",
                "is the key of another environment",
            ));
        }
        if validate::token("private_key_id", &file.private_key_id).is_err() {
            return Err(Error::config("private_key_id", "must be visible ASCII"));
        }
        Ok(Self {
            inner: Arc::new(Inner {
                env_id,
                key_id: file.private_key_id,
                key: SigningKey::new(private_key(&file.private_key)?),
            }),
            refresh: HOUR,
            expire: WEEK,
        })
    }

    /// How often a session of these tickets refreshes its access token, as the ticket says it. Default
    /// 1 h.
    #[must_use]
    pub fn refresh(mut self, interval: Duration) -> Self {
        self.refresh = interval;
        self
    }

    /// How long a session of these tickets lasts, as the ticket says it. Default 7 days.
    #[must_use]
    pub fn expire(mut self, lifetime: Duration) -> Self {
        self.expire = lifetime;
        self
    }

    /// A ticket for the user whom your system knows as `uid`: 4 to 32 letters, digits and
    /// ``_-#@~=*(){}[]:.,<>+``. The user is made at the first sign-in.
    ///
    /// Takes about a millisecond of computing.
    ///
    /// # Errors
    ///
    /// [`Argument`](ErrorKind::Argument) if `uid` is invalid.
    pub fn issue(&self, uid: impl AsRef<str>) -> Result<SecretString> {
        self.issue_at(uid.as_ref(), SystemTime::now())
    }

    fn issue_at(&self, uid: &str, now: SystemTime) -> Result<SecretString> {
        #[derive(Serialize)]
        struct Header {
            alg: &'static str,
            typ: &'static str,
        }
        /// Times are milliseconds, unlike in other tokens.
        #[derive(Serialize)]
        struct Claims<'a> {
            alg: &'static str,
            env: &'a str,
            iat: u64,
            exp: u64,
            uid: &'a str,
            refresh: u64,
            expire: u64,
        }
        let fits = (4..=32).contains(&uid.len())
            && uid
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_-#@~=*(){}[]:.,<>+".contains(&byte));
        if !fits {
            return Err(Error::argument(
                "uid",
                "must be 4 to 32 letters, digits and `_-#@~=*(){}[]:.,<>+`",
            ));
        }
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        let claims = Claims {
            alg: "RS256",
            env: &self.inner.env_id,
            iat: millis(now),
            exp: millis(now + LIFETIME),
            uid,
            refresh: millis(self.refresh),
            expire: millis(now.saturating_add(self.expire)),
        };
        let header = Header {
            alg: "RS256",
            typ: "JWT",
        };
        let signed = format!("{}.{}", encode(&header)?, encode(&claims)?);
        let unsigned = |_| Error::new(ErrorKind::Local, "the ticket could not be signed");
        // Blinded by random numbers: how long it takes reveals nothing about the key.
        let signature = self
            .inner
            .key
            .try_sign_with_rng(&mut OsRng, signed.as_bytes())
            .map_err(unsigned)?;
        let signature = BASE64_URL_SAFE_NO_PAD.encode(signature.to_bytes());
        Ok(format!("{}/@@/{signed}.{signature}", self.inner.key_id).into())
    }
}

fn encode(part: &impl Serialize) -> Result<String> {
    let json = serde_json::to_vec(part)
        .map_err(|_| Error::new(ErrorKind::Encode, "the ticket cannot be written as JSON"))?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(json))
}

/// The console's keys have 1024 bits: who else takes only longer ones cannot sign with them.
fn private_key(pem: &str) -> Result<RsaPrivateKey> {
    let pem = pem.trim();
    let key = match pem.contains("BEGIN RSA PRIVATE KEY") {
        true => RsaPrivateKey::from_pkcs1_pem(pem).ok(),
        false => RsaPrivateKey::from_pkcs8_pem(pem).ok(),
    };
    key.ok_or_else(|| {
        Error::config(
            "private_key",
            "must be an RSA key in PEM, PKCS#1 or PKCS#8, without a password",
        )
    })
}

impl fmt::Debug for TicketIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TicketIssuer")
            .field("env_id", &self.inner.env_id)
            .field("key_id", &self.inner.key_id)
            .field("refresh", &self.refresh)
            .field("expire", &self.expire)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use rsa::pkcs1::{EncodeRsaPrivateKey as _, LineEnding};
    use rsa::pkcs1v15::{Signature, VerifyingKey};
    use rsa::pkcs8::EncodePrivateKey as _;
    use rsa::signature::{Keypair as _, Verifier as _};
    use secrecy::ExposeSecret as _;
    use serde_json::{Value, json};

    use super::*;

    fn key() -> RsaPrivateKey {
        RsaPrivateKey::new(&mut OsRng, 1024).unwrap()
    }

    fn file(pem: &str) -> String {
        json!({ "private_key_id": "key-1", "private_key": pem, "env_id": "env-a" }).to_string()
    }

    /// The claims of a ticket, if its signature is right.
    fn claims(ticket: &str, key: &VerifyingKey<Sha256>) -> Option<Value> {
        let (id, token) = ticket.split_once("/@@/")?;
        assert_eq!(id, "key-1");
        let (signed, signature) = token.rsplit_once('.')?;
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).ok()?;
        let signature = Signature::try_from(&*signature).ok()?;
        key.verify(signed.as_bytes(), &signature).ok()?;
        let claims = signed.split_once('.')?.1;
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
    }

    #[test]
    fn both_forms_of_a_key_sign_what_the_protocol_says() {
        let key = key();
        let public = SigningKey::<Sha256>::new(key.clone()).verifying_key();
        let now = UNIX_EPOCH + Duration::from_millis(1_795_331_070_123);
        for pem in [
            key.to_pkcs1_pem(LineEnding::LF).unwrap(),
            key.to_pkcs8_pem(LineEnding::CRLF).unwrap(),
        ] {
            let issuer = TicketIssuer::new("env-a", file(&pem)).unwrap();
            let ticket = issuer.issue_at("user-4711", now).unwrap();
            assert_eq!(
                claims(ticket.expose_secret(), &public).unwrap(),
                json!({
                    "alg": "RS256", "env": "env-a", "uid": "user-4711",
                    "iat": 1_795_331_070_123_u64, "exp": 1_795_331_670_123_u64,
                    "refresh": 3_600_000, "expire": 1_795_935_870_123_u64,
                })
            );
            let body = pem.lines().nth(1).unwrap();
            assert!(!format!("{issuer:?}").contains(body));
        }
        let other = SigningKey::<Sha256>::new(self::key()).verifying_key();
        let issuer = TicketIssuer::new("env-a", file(&key.to_pkcs1_pem(LineEnding::LF).unwrap()));
        let ticket = issuer.unwrap().issue("user-4711").unwrap();
        assert!(claims(ticket.expose_secret(), &other).is_none());
    }

    #[test]
    fn what_is_no_key_or_no_user_is_rejected_without_showing_it() {
        let good = file(&key().to_pkcs1_pem(LineEnding::LF).unwrap());
        for (env_id, file) in [
            ("env-a", "sentinel".to_owned()),
            ("env-a", r#"{"private_key_id":"k"}"#.to_owned()),
            ("env-a", file("sentinel")),
            (
                "env-a",
                file(
                    "-----BEGIN RSA PRIVATE KEY-----\nc2VudGluZWw=\n-----END RSA PRIVATE KEY-----",
                ),
            ),
            ("env-b", good.clone()),
        ] {
            let error = TicketIssuer::new(env_id, &file).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(!format!("{error:?}").contains("sentinel"), "{error:?}");
        }
        let issuer = TicketIssuer::new("env-a", &good).unwrap();
        for uid in ["", "abc", "with space", "ü-user", &"x".repeat(33)] {
            assert_eq!(
                issuer.issue(uid).unwrap_err().kind(),
                ErrorKind::Argument,
                "{uid}"
            );
        }
    }
}
