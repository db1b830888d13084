//! The emulator's signing key and the JSON web tokens made with it.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{self, RsaKeyPair};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

pub(crate) mod der;

/// The `kid` of the development key in every token's header.
pub(crate) const KEY_ID: &str = "7c4f9a52-31d8-4b06-9e6d-c10ddba5e0ee";

/// The development key pair. It is published on purpose: nothing that it signs is worth anything outside a machine
/// that runs the emulator.
pub(crate) const DEVELOPMENT_KEY: &str = include_str!("keys/development.pem");

/// When the two access keys were issued: 2026-01-01T00:00:00Z.
const KEYS_ISSUED_AT: i64 = 1_767_225_600;

/// Signs and checks tokens for one environment.
#[derive(Clone)]
pub(crate) struct Keys {
    pair: Arc<RsaKeyPair>,
    env_id: Arc<str>,
    region: Arc<str>,
}

/// The claims of a token. All are optional on reading: older keys lack most of them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Claims {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) iss: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sub: Option<String>,
    pub(crate) aud: String,
    pub(crate) exp: i64,
    pub(crate) iat: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) nonce: Option<String>,
    /// Random per token; the emulator also uses it as the token's id.
    pub(crate) at_hash: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) picture: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) phone_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scope: Option<String>,
    pub(crate) project_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) provider: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) provider_type: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) groups: Vec<String>,
    pub(crate) meta: Map<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) administrator_id: Option<String>,
    pub(crate) user_type: String,
    pub(crate) client_type: String,
    pub(crate) is_system_admin: bool,
}

/// Why a token was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenFault {
    /// Not a token of three base64url segments with readable JSON.
    Malformed,
    /// Signed by a key that this environment does not trust, or made for another environment.
    Kid,
    /// The signature does not fit.
    Signature,
    /// Past its `exp`.
    Expired,
}

#[derive(Serialize, Deserialize)]
struct Header {
    alg: String,
    kid: String,
}

impl Keys {
    /// Reads the development key.
    pub(crate) fn development(env_id: &str, region: &str) -> Result<Self, String> {
        let der = decode_pem(DEVELOPMENT_KEY).ok_or("the development key is not PEM")?;
        let pair = RsaKeyPair::from_pkcs8(&der).map_err(|error| error.to_string())?;
        Ok(Self {
            pair: Arc::new(pair),
            env_id: env_id.into(),
            region: region.into(),
        })
    }

    /// The environment that this emulator stands for.
    pub(crate) fn env_id(&self) -> &str {
        &self.env_id
    }

    /// The public key that stands for the anonymous visitor.
    ///
    /// It is the same at every start, so that it can stand in a project's configuration.
    pub(crate) fn publishable_key(&self) -> String {
        let hash = self.fixed_hash("publishable");
        let iat = KEYS_ISSUED_AT;
        self.sign(&Claims {
            sub: Some("anon".into()),
            exp: iat.saturating_add(2_303_683_200),
            iat,
            nonce: Some(hash.clone()),
            at_hash: hash,
            name: Some("Anonymous".into()),
            scope: Some("anonymous".into()),
            meta: platform("PublishableKey"),
            client_type: "client_user".into(),
            ..self.claims()
        })
    }

    /// The secret key that stands for the administrator.
    ///
    /// It is the same at every start.
    pub(crate) fn api_key(&self) -> String {
        self.sign(&Claims {
            iss: None,
            exp: 253_402_300_799,
            iat: KEYS_ISSUED_AT,
            at_hash: self.fixed_hash("api"),
            meta: platform("ApiKey"),
            administrator_id: Some("100000000001".into()),
            client_type: "client_server".into(),
            is_system_admin: true,
            ..self.claims()
        })
    }

    fn fixed_hash(&self, kind: &str) -> String {
        let text = format!("{kind} {}", self.env_id);
        let hash = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
        URL_SAFE_NO_PAD.encode(&hash.as_ref()[..16])
    }

    /// Claims that every token of this environment has.
    pub(crate) fn claims(&self) -> Claims {
        let (env_id, region) = (&*self.env_id, &*self.region);
        Claims {
            iss: Some(format!(
                "https://{env_id}.{region}.tcb-api.tencentcloudapi.com"
            )),
            aud: env_id.to_owned(),
            project_id: env_id.to_owned(),
            ..Claims::default()
        }
    }

    /// Signs the claims of a token of this environment.
    pub(crate) fn sign(&self, claims: &Claims) -> String {
        self.sign_as(KEY_ID, claims)
    }

    /// Signs any claims with the development key under another name for it.
    pub(crate) fn sign_as<T: Serialize>(&self, key_id: &str, claims: &T) -> String {
        let header = Header {
            alg: "RS256".into(),
            kid: key_id.into(),
        };
        let mut token = String::with_capacity(1024);
        encode_segment(&header, &mut token);
        token.push('.');
        encode_segment(claims, &mut token);
        let mut signed = vec![0; self.pair.public().modulus_len()];
        let random = SystemRandom::new();
        // Signing fails only if the system has no randomness; the token is then one that nobody accepts.
        let outcome = self.pair.sign(
            &signature::RSA_PKCS1_SHA256,
            &random,
            token.as_bytes(),
            &mut signed,
        );
        if outcome.is_err() {
            tracing::error!("the system's random source failed; the token is not signed");
        }
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(&signed, &mut token);
        token
    }

    /// Checks a token that this emulator may have made.
    pub(crate) fn verify(&self, token: &str, now_secs: i64) -> Result<Claims, TokenFault> {
        let claims = self.verify_ignoring_expiry(token)?;
        if claims.exp <= now_secs {
            Err(TokenFault::Expired)
        } else {
            Ok(claims)
        }
    }

    /// Like [`verify`](Self::verify) for the calls that an expired token may still make.
    pub(crate) fn verify_ignoring_expiry(&self, token: &str) -> Result<Claims, TokenFault> {
        self.verify_as(KEY_ID, token)
    }

    /// Checks signature and environment of a token made with [`sign_as`](Self::sign_as).
    pub(crate) fn verify_as(&self, key_id: &str, token: &str) -> Result<Claims, TokenFault> {
        // A custom-login ticket used as a bearer is treated like a token of an unknown key.
        if token.contains("/@@/") {
            return Err(TokenFault::Kid);
        }
        let claims: Claims = self.open(key_id, token)?;
        // All emulators share the key, so the environment does what the key does on the real gateway.
        if claims.aud != *self.env_id {
            Err(TokenFault::Kid)
        } else {
            Ok(claims)
        }
    }

    /// What was signed with [`sign_as`](Self::sign_as), if this development key signed it under this name.
    pub(crate) fn open<T: DeserializeOwned>(
        &self,
        key_id: &str,
        token: &str,
    ) -> Result<T, TokenFault> {
        let jwt = Jwt::parse(token).ok_or(TokenFault::Malformed)?;
        let header: Header =
            serde_json::from_slice(&jwt.header).map_err(|_| TokenFault::Malformed)?;
        let claims: T = serde_json::from_slice(&jwt.claims).map_err(|_| TokenFault::Malformed)?;
        if header.kid != key_id || header.alg != "RS256" {
            return Err(TokenFault::Kid);
        }
        let public = self.pair.public().as_ref();
        let key = signature::UnparsedPublicKey::new(&signature::RSA_PKCS1_2048_8192_SHA256, public);
        key.verify(jwt.signed, &jwt.signature)
            .map_err(|_| TokenFault::Signature)?;
        Ok(claims)
    }

    /// The public half as a JSON web key set.
    pub(crate) fn jwks(&self, key_id: &str) -> Value {
        let (modulus, exponent) =
            der::rsa_public_key(self.pair.public().as_ref()).unwrap_or_default();
        json!({"keys": [{
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": key_id,
            "n": URL_SAFE_NO_PAD.encode(modulus),
            "e": URL_SAFE_NO_PAD.encode(exponent),
        }]})
    }
}

/// A token cut into its parts.
pub(crate) struct Jwt<'a> {
    pub(crate) header: Vec<u8>,
    pub(crate) claims: Vec<u8>,
    pub(crate) signature: Vec<u8>,
    /// The bytes that the signature covers.
    pub(crate) signed: &'a [u8],
}

impl<'a> Jwt<'a> {
    pub(crate) fn parse(token: &'a str) -> Option<Self> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let decode = |segment: &str| URL_SAFE_NO_PAD.decode(segment.trim_end_matches('=')).ok();
        Some(Self {
            header: decode(header)?,
            claims: decode(claims)?,
            signature: decode(signature)?,
            signed: signed.as_bytes(),
        })
    }
}

/// `bytes` random bytes as base64url without padding.
pub(crate) fn random_token(bytes: usize) -> String {
    let mut buffer = vec![0; bytes];
    if SystemRandom::new().fill(&mut buffer).is_err() {
        // No system randomness: fall back to ids that are at least unique.
        return format!(
            "{}{}",
            uuid::Uuid::new_v4().simple(),
            uuid::Uuid::new_v4().simple()
        );
    }
    URL_SAFE_NO_PAD.encode(&buffer)
}

/// The content of the first block of a PEM text.
pub(crate) fn decode_pem(pem: &str) -> Option<Vec<u8>> {
    let body: String = pem
        .lines()
        .map(str::trim)
        .skip_while(|line| !line.starts_with("-----BEGIN"))
        .skip(1)
        .take_while(|line| !line.starts_with("-----END"))
        .collect();
    STANDARD.decode(body).ok().filter(|der| !der.is_empty())
}

fn encode_segment<T: Serialize>(value: &T, into: &mut String) {
    let json = serde_json::to_vec(value).unwrap_or_default();
    URL_SAFE_NO_PAD.encode_string(json, into);
}

fn platform(name: &str) -> Map<String, Value> {
    Map::from_iter([("platform".to_owned(), Value::from(name))])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(env_id: &str) -> Keys {
        Keys::development(env_id, "ap-shanghai").unwrap()
    }

    #[test]
    fn own_keys_are_accepted() {
        let (keys, now) = (keys("env-a"), 1_800_000_000);
        let publishable = keys.verify(&keys.publishable_key(), now).unwrap();
        assert_eq!(publishable.sub.as_deref(), Some("anon"));
        assert!(keys.verify(&keys.api_key(), now).unwrap().is_system_admin);
        assert_eq!(keys.api_key(), keys.api_key());
    }

    #[test]
    fn other_tokens_are_distinguished() {
        let (ours, now) = (keys("env-a"), 1_800_000_000);
        let foreign = keys("env-b").api_key();
        assert_eq!(ours.verify(&foreign, now).unwrap_err(), TokenFault::Kid);
        assert_eq!(ours.verify("x", now).unwrap_err(), TokenFault::Malformed);
        assert_eq!(ours.verify("a/@@/b.c.d", now).unwrap_err(), TokenFault::Kid);
        let expired = ours.sign(&Claims {
            exp: now,
            ..ours.claims()
        });
        assert_eq!(ours.verify(&expired, now).unwrap_err(), TokenFault::Expired);
        assert!(ours.verify(&expired, now - 1).is_ok());
        let (signed, _) = expired.rsplit_once('.').unwrap();
        let forged = format!("{signed}.{}", URL_SAFE_NO_PAD.encode([7; 256]));
        assert_eq!(
            ours.verify(&forged, now - 1).unwrap_err(),
            TokenFault::Signature
        );
    }

    #[test]
    fn the_published_key_has_both_numbers() {
        let set = keys("env-a").jwks(KEY_ID);
        assert_eq!(set["keys"][0]["e"], "AQAB");
        assert_eq!(set["keys"][0]["n"].as_str().unwrap().len(), 342);
    }
}
