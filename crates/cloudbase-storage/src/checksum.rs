//! Checksums of what was sent or received, against what the object store says of it.

mod md5;

use std::fmt;

use bytes::Bytes;
use cloudbase_core::http::HeaderMap;
use cloudbase_core::http::header::ETAG;
use cloudbase_core::{Error, ErrorKind};

use self::md5::Md5;

/// The object store's header for the CRC-64 (ECMA) of an object, a decimal number.
pub(crate) const CRC64_HEADER: &str = "x-cos-hash-crc64ecma";

/// The running CRC-64 (ECMA) of a stream.
#[derive(Clone, Default)]
pub(crate) struct Crc64(crc64fast::Digest);

impl Crc64 {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
    }

    pub(crate) fn finish(&self) -> u64 {
        self.0.sum64()
    }

    #[cfg(test)]
    pub(crate) fn of(bytes: &[u8]) -> u64 {
        let mut crc = Self::default();
        crc.update(bytes);
        crc.finish()
    }
}

impl fmt::Debug for Crc64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Crc64({})", self.finish())
    }
}

/// The CRC-64 that a response names.
pub(crate) fn announced_crc64(headers: &HeaderMap) -> Option<u64> {
    headers
        .get(CRC64_HEADER)?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()
}

/// Checks a whole object against the checksum that its response announced.
pub(crate) enum Verifier {
    Crc64 {
        running: Crc64,
        announced: u64,
    },
    Md5 {
        running: Box<Md5>,
        announced: [u8; 16],
    },
    Nothing,
}

impl Verifier {
    /// By CRC-64 if the object store sends it; else by its `ETag`, which of an object that was put
    /// in one piece and is not encrypted there is its MD5.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        if let Some(announced) = announced_crc64(headers) {
            let running = Crc64::default();
            return Self::Crc64 { running, announced };
        }
        match md5_etag(headers) {
            Some(announced) => Self::Md5 {
                running: Box::default(),
                announced,
            },
            None => Self::Nothing,
        }
    }

    pub(crate) fn update(&mut self, bytes: &Bytes) {
        match self {
            Self::Crc64 { running, .. } => running.update(bytes),
            Self::Md5 { running, .. } => running.update(bytes),
            Self::Nothing => {}
        }
    }

    /// Says whether the bytes are those that were announced.
    pub(crate) fn check(self) -> Result<(), Error> {
        let (fits, name) = match self {
            Self::Crc64 { running, announced } => (running.finish() == announced, "CRC-64"),
            Self::Md5 { running, announced } => (running.finish() == announced, "MD5"),
            Self::Nothing => return Ok(()),
        };
        if fits {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Body,
            format!("the bytes received are not those of the object: its {name} differs"),
        )
        .with_sent(true))
    }
}

fn md5_etag(headers: &HeaderMap) -> Option<[u8; 16]> {
    // Only the object store itself promises that its ETag is an MD5.
    let is_cos = headers
        .keys()
        .any(|name| name.as_str().starts_with("x-cos-"))
        || headers
            .get("server")
            .is_some_and(|server| server == "tencent-cos");
    let is_encrypted = headers
        .keys()
        .any(|name| name.as_str().starts_with("x-cos-server-side-encryption"));
    if !is_cos || is_encrypted {
        return None;
    }
    let etag = headers.get(ETAG)?.to_str().ok()?;
    let digits = etag.strip_prefix('"')?.strip_suffix('"')?;
    if digits.len() != 32 || !digits.is_ascii() {
        return None;
    }
    let mut announced = [0; 16];
    for (index, byte) in announced.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&digits[index * 2..index * 2 + 2], 16).ok()?;
    }
    Some(announced)
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Crc64 { .. } => "Crc64",
            Self::Md5 { .. } => "Md5",
            Self::Nothing => "Nothing",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                let name = http::HeaderName::from_static(name);
                (name, value.parse().unwrap())
            })
            .collect()
    }

    fn check(pairs: &[(&'static str, &str)], bytes: &'static [u8]) -> (String, bool) {
        let mut verifier = Verifier::of(&headers(pairs));
        let name = format!("{verifier:?}");
        verifier.update(&Bytes::from_static(bytes));
        (name, verifier.check().is_ok())
    }

    #[test]
    fn the_crc_is_the_one_that_the_object_store_uses() {
        // The check value of CRC-64/XZ, under which the object store's "crc64ecma" is known.
        assert_eq!(Crc64::of(b"123456789"), 0x995D_C9BB_DF19_39FA);
    }

    #[test]
    fn the_crc_comes_first_and_the_md5_only_from_the_object_store() {
        let crc = ("x-cos-hash-crc64ecma", "11051210869376104954");
        let md5 = ("etag", "\"25f9e794323b453885f5181f1b624d0b\"");
        let cos = ("x-cos-request-id", "a");
        let digits = b"123456789";
        assert_eq!(check(&[crc, md5], digits), ("Crc64".into(), true));
        assert_eq!(check(&[crc], b"12345678"), ("Crc64".into(), false));
        assert_eq!(check(&[md5, cos], digits), ("Md5".into(), true));
        assert_eq!(check(&[md5, cos], b"12345678"), ("Md5".into(), false));
        let server = ("server", "tencent-cos");
        assert_eq!(check(&[md5, server], digits), ("Md5".into(), true));
        let encrypted = ("x-cos-server-side-encryption", "AES256");
        let multipart = ("etag", "\"25f9e794323b453885f5181f1b624d0b-3\"");
        for unusable in [&[md5][..], &[md5, encrypted], &[multipart, cos], &[cos]] {
            assert_eq!(check(unusable, digits), ("Nothing".into(), true));
        }
    }
}
