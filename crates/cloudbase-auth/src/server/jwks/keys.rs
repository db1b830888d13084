//! Public keys and the document that they are published in.

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents};
use serde::Deserialize;
use serde_json::Value;

/// The keys of a document by their names.
pub(super) type Keys = HashMap<String, Arc<PublicKey>>;

/// An RSA key: modulus and exponent.
pub(super) struct PublicKey {
    n: Vec<u8>,
    e: Vec<u8>,
}

impl PublicKey {
    /// Whether this is the RS256 signature of the key's owner.
    pub(super) fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        let key = RsaPublicKeyComponents {
            n: &self.n,
            e: &self.e,
        };
        key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            .is_ok()
    }
}

/// The RSA keys for RS256 signatures in a JWKS document; `None` if it is no such document.
pub(super) fn parse(document: &[u8]) -> Option<Keys> {
    #[derive(Deserialize)]
    struct Document {
        keys: Vec<Value>,
    }
    #[derive(Deserialize)]
    struct Key {
        kty: String,
        kid: String,
        n: String,
        e: String,
        alg: Option<String>,
        r#use: Option<String>,
    }
    let document: Document = serde_json::from_slice(document).ok()?;
    let read = |key: Value| {
        // Keys of other kinds have other fields: what cannot be used is passed over.
        let key: Key = serde_json::from_value(key).ok()?;
        let meant = key.kty == "RSA"
            && key.alg.is_none_or(|alg| alg == "RS256")
            && key.r#use.is_none_or(|purpose| purpose == "sig");
        let (n, e) = (base64(&key.n)?, base64(&key.e)?);
        let start = n.iter().position(|byte| *byte != 0)?;
        let n = n[start..].to_vec();
        meant.then(|| (key.kid, Arc::new(PublicKey { n, e })))
    };
    Some(document.keys.into_iter().filter_map(read).collect())
}

/// Decodes base64url, with padding or without.
pub(super) fn base64(text: &str) -> Option<Vec<u8>> {
    BASE64_URL_SAFE_NO_PAD
        .decode(text.trim_end_matches('='))
        .ok()
}
