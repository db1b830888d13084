//! Signatures: COS request signatures, signed download URLs, and sealed tokens.

use std::{collections::BTreeMap, path::PathBuf};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    digest, hmac,
    rand::{SecureRandom, SystemRandom},
};
use serde::{Serialize, de::DeserializeOwned};

use super::key::{encode_component, encode_path};
use crate::{error::StartError, files};

/// The keys of one store: everything it signs, it alone can check.
#[derive(Clone)]
pub(crate) struct Signer {
    secret_id: String,
    secret_key: String,
    url_key: hmac::Key,
    seal_key: hmac::Key,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer")
            .field("secret_id", &self.secret_id)
            .finish_non_exhaustive()
    }
}

/// Why a signature is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignatureProblem {
    /// The text of the signature cannot be read.
    Malformed,
    /// Signed with a key that is not ours.
    UnknownKey,
    /// Outside its time.
    Expired,
    /// Does not fit the request.
    Mismatch,
}

/// The parts of a request that a COS signature covers.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signed<'a> {
    /// Lower case.
    pub(crate) method: &'a str,
    /// The object key, decoded.
    pub(crate) key: &'a str,
    /// Lower-case names.
    pub(crate) headers: &'a BTreeMap<String, String>,
}

impl Signer {
    /// Derives all keys from one secret.
    pub(crate) fn new(secret: &[u8; 32]) -> Self {
        let derive = |purpose: &str| {
            let mut hash = digest::Context::new(&digest::SHA256);
            hash.update(secret);
            hash.update(purpose.as_bytes());
            hash.finish()
        };
        let key = |purpose| hmac::Key::new(hmac::HMAC_SHA256, derive(purpose).as_ref());
        Self {
            secret_id: format!("AKID{}", &hex::encode(derive("id"))[..32]),
            secret_key: hex::encode(derive("cos")),
            url_key: key("url"),
            seal_key: key("seal"),
        }
    }

    /// The `Authorization` value for a request made between `start` and `end` (Unix seconds).
    pub(crate) fn authorization(&self, request: Signed<'_>, start: u64, end: u64) -> String {
        let time = format!("{start};{end}");
        let names: Vec<&str> = request.headers.keys().map(String::as_str).collect();
        let signature = self.signature(request, &time, &time);
        format!(
            "q-sign-algorithm=sha1&q-ak={}&q-sign-time={time}&q-key-time={time}\
             &q-header-list={}&q-url-param-list=&q-signature={signature}",
            self.secret_id,
            names.join(";"),
        )
    }

    /// Checks a COS `Authorization` value against a request at `now` (Unix seconds).
    ///
    /// `headers` are all headers of the request; those that were signed must be unchanged.
    pub(crate) fn verify(
        &self,
        authorization: &str,
        request: Signed<'_>,
        now: u64,
    ) -> Result<(), SignatureProblem> {
        let fields: BTreeMap<&str, &str> = authorization
            .trim()
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .collect();
        let field = |name| fields.get(name).copied().ok_or(SignatureProblem::Malformed);
        if field("q-sign-algorithm")? != "sha1" || !field("q-url-param-list")?.is_empty() {
            return Err(SignatureProblem::Malformed);
        }
        if field("q-ak")? != self.secret_id {
            return Err(SignatureProblem::UnknownKey);
        }
        let (sign_time, key_time) = (field("q-sign-time")?, field("q-key-time")?);
        for time in [sign_time, key_time] {
            let (start, end) = time.split_once(';').ok_or(SignatureProblem::Malformed)?;
            let start: u64 = start.parse().map_err(|_| SignatureProblem::Malformed)?;
            let end: u64 = end.parse().map_err(|_| SignatureProblem::Malformed)?;
            if now < start || now > end {
                return Err(SignatureProblem::Expired);
            }
        }
        let mut headers = BTreeMap::new();
        for name in field("q-header-list")?
            .split(';')
            .filter(|name| !name.is_empty())
        {
            let value = request
                .headers
                .get(name)
                .ok_or(SignatureProblem::Mismatch)?;
            headers.insert(name.to_owned(), value.clone());
        }
        let expected = self.signature(
            Signed {
                headers: &headers,
                ..request
            },
            sign_time,
            key_time,
        );
        if equal(expected.as_bytes(), field("q-signature")?.as_bytes()) {
            Ok(())
        } else {
            Err(SignatureProblem::Mismatch)
        }
    }

    fn signature(&self, request: Signed<'_>, sign_time: &str, key_time: &str) -> String {
        let headers: Vec<String> = request
            .headers
            .iter()
            .map(|(name, value)| format!("{}={}", encode_component(name), encode_component(value)))
            .collect();
        let text = format!(
            "{}\n/{}\n\n{}\n",
            request.method,
            request.key,
            headers.join("&")
        );
        let digest = sha1(&text);
        let sign_key = hmac_sha1(self.secret_key.as_bytes(), key_time);
        hmac_sha1(
            sign_key.as_bytes(),
            &format!("sha1\n{sign_time}\n{digest}\n"),
        )
    }

    /// The `sign` parameter of a download URL that ends at `expires` (Unix seconds).
    pub(crate) fn download_sign(&self, key: &str, expires: u64) -> String {
        let text = format!("{}\n{expires}", encode_path(key));
        hex::encode(&hmac::sign(&self.url_key, text.as_bytes()).as_ref()[..16])
    }

    /// Checks the `sign` and `t` parameters of a download URL at `now` (Unix seconds).
    pub(crate) fn verify_download(
        &self,
        key: &str,
        sign: &str,
        t: &str,
        now: u64,
    ) -> Result<(), SignatureProblem> {
        let expires: u64 = t.parse().map_err(|_| SignatureProblem::Malformed)?;
        if !equal(self.download_sign(key, expires).as_bytes(), sign.as_bytes()) {
            return Err(SignatureProblem::Mismatch);
        }
        if now > expires {
            Err(SignatureProblem::Expired)
        } else {
            Ok(())
        }
    }

    /// Seals a value into an opaque token for `purpose`.
    pub(crate) fn seal<T: Serialize>(&self, purpose: &str, value: &T) -> String {
        let payload = serde_json::to_vec(value).unwrap_or_default();
        let tag = self.tag(purpose, &payload);
        format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(payload),
            URL_SAFE_NO_PAD.encode(tag)
        )
    }

    /// The value of a token sealed by this store for `purpose`.
    pub(crate) fn open<T: DeserializeOwned>(&self, purpose: &str, token: &str) -> Option<T> {
        let (payload, tag) = token.split_once('.')?;
        let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
        let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
        if !equal(self.tag(purpose, &payload).as_ref(), &tag) {
            return None;
        }
        serde_json::from_slice(&payload).ok()
    }

    fn tag(&self, purpose: &str, payload: &[u8]) -> hmac::Tag {
        let mut mac = hmac::Context::with_key(&self.seal_key);
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(payload);
        mac.sign()
    }
}

fn sha1(text: &str) -> String {
    hex::encode(digest::digest(
        &digest::SHA1_FOR_LEGACY_USE_ONLY,
        text.as_bytes(),
    ))
}

fn hmac_sha1(key: &[u8], text: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key);
    hex::encode(hmac::sign(&key, text.as_bytes()))
}

/// Compares without an early exit.
fn equal(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |diff, (a, b)| diff | (a ^ b)) == 0
}

/// The store's secret: kept next to the objects, so that signed URLs outlive a restart.
pub(super) fn secret(path: Option<PathBuf>) -> Result<[u8; 32], StartError> {
    if let Some(path) = &path
        && let Ok(kept) = std::fs::read(path)
        && let Ok(secret) = <[u8; 32]>::try_from(kept)
    {
        return Ok(secret);
    }
    let mut secret = [0; 32];
    SystemRandom::new()
        .fill(&mut secret)
        .map_err(|_| StartError::new("the system has no random numbers"))?;
    if let Some(path) = path {
        files::replace(&path, &secret).map_err(|error| {
            StartError::caused_by(format!("cannot write {}", path.display()), error)
        })?;
    }
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
            .collect()
    }

    /// The worked example of the object store's own documentation of its signature.
    #[test]
    fn signs_as_the_object_store_documents() {
        let mut signer = Signer::new(&[0; 32]);
        signer.secret_key = "BQYIM75p8x0iWVFSIgqEKwFprpRSVHlz".to_owned();
        let time = "1557989151;1557996351";
        let sign_key = hmac_sha1(signer.secret_key.as_bytes(), time);
        assert_eq!(sign_key, "eb2519b498b02ac213cb1f3d1a3d27a3b3c9bc5f");
        let text = "put\n/exampleobject(\u{817e}\u{8baf}\u{4e91})\n\n\
                    content-length=13&content-md5=mQ%2FfVh815F3k6TAUm8m0eg%3D%3D&content-type=text%2Fplain&\
                    date=Thu%2C%2016%20May%202019%2006%3A45%3A51%20GMT&host=examplebucket-1250000000.cos.ap-beijing.myqcloud.com&\
                    x-cos-acl=private&x-cos-grant-read=uin%3D%22100000000011%22\n";
        assert_eq!(sha1(text), "8b2751e77f43a0995d6e9eb9477f4b685cca4172");
        let headers = headers(&[
            ("content-length", "13"),
            ("content-md5", "mQ/fVh815F3k6TAUm8m0eg=="),
            ("content-type", "text/plain"),
            ("date", "Thu, 16 May 2019 06:45:51 GMT"),
            (
                "host",
                "examplebucket-1250000000.cos.ap-beijing.myqcloud.com",
            ),
            ("x-cos-acl", "private"),
            ("x-cos-grant-read", "uin=\"100000000011\""),
        ]);
        let request = Signed {
            method: "put",
            key: "exampleobject(\u{817e}\u{8baf}\u{4e91})",
            headers: &headers,
        };
        assert_eq!(
            signer.signature(request, time, time),
            "3b8851a11a569213c17ba8fa7dcf2abec6935172"
        );
    }

    #[test]
    fn rejects_what_was_changed() {
        let signer = Signer::new(&[7; 32]);
        let signed = headers(&[("content-type", "text/plain")]);
        let request = |headers| Signed {
            method: "put",
            key: "a b",
            headers,
        };
        let text = signer.authorization(request(&signed), 100, 200);
        let sent = headers(&[("content-type", "text/plain"), ("host", "x")]);
        assert_eq!(signer.verify(&text, request(&sent), 150), Ok(()));
        assert_eq!(
            signer.verify(&text, request(&sent), 201),
            Err(SignatureProblem::Expired)
        );
        assert_eq!(
            signer.verify(&text, request(&sent), 99),
            Err(SignatureProblem::Expired)
        );
        let other = headers(&[("content-type", "text/html")]);
        assert_eq!(
            signer.verify(&text, request(&other), 150),
            Err(SignatureProblem::Mismatch)
        );
        let none = headers(&[]);
        assert_eq!(
            signer.verify(&text, request(&none), 150),
            Err(SignatureProblem::Mismatch)
        );
        let elsewhere = Signed {
            method: "put",
            key: "a c",
            headers: &sent,
        };
        assert_eq!(
            signer.verify(&text, elsewhere, 150),
            Err(SignatureProblem::Mismatch)
        );
        let stranger = Signer::new(&[8; 32]);
        assert_eq!(
            stranger.verify(&text, request(&sent), 150),
            Err(SignatureProblem::UnknownKey)
        );
        assert_eq!(
            signer.verify("Bearer x", request(&sent), 150),
            Err(SignatureProblem::Malformed)
        );
    }

    #[test]
    fn download_signatures_expire() {
        let signer = Signer::new(&[7; 32]);
        let sign = signer.download_sign("a", 100);
        assert_eq!(signer.verify_download("a", &sign, "100", 100), Ok(()));
        assert_eq!(
            signer.verify_download("a", &sign, "100", 101),
            Err(SignatureProblem::Expired)
        );
        assert_eq!(
            signer.verify_download("a", &sign, "200", 100),
            Err(SignatureProblem::Mismatch)
        );
        assert_eq!(
            signer.verify_download("b", &sign, "100", 100),
            Err(SignatureProblem::Mismatch)
        );
    }

    #[test]
    fn tokens_serve_one_purpose() {
        let signer = Signer::new(&[7; 32]);
        let token = signer.seal("a", &42_u32);
        assert_eq!(signer.open::<u32>("a", &token), Some(42));
        assert_eq!(signer.open::<u32>("b", &token), None);
        assert_eq!(signer.open::<u32>("a", &format!("{token}x")), None);
    }
}
