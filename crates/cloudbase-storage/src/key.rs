//! The name of an object: the one place where it is checked and encoded.

use std::fmt;
use std::str::FromStr;

use cloudbase_core::sdk::{is_unreserved, push_encoded};
use cloudbase_core::{Error, Result};

use crate::file_id;

/// The longest name that the object store takes, in bytes.
const MAX_LENGTH: usize = 850;

/// The name of an object in its bucket: `images/a.png`.
///
/// A `/` at either end is taken off and `//` counts as `/`, as in the other SDKs. Everything else
/// is kept byte for byte and encoded only where it goes into a URL.
///
/// The service documents names of digits, letters, Chinese characters, spaces and `/ ! - _ . *`, and
/// up to 850 bytes. This type accepts others too, such as `?`, `#`, `%`, `(`, `é` or an emoji, and sends
/// them as they are; the service may reject them, and does for [copies](crate::Storage::copy).
///
/// ```
/// use cloudbase_storage::ObjectKey;
///
/// let key = ObjectKey::new("/images//你 1.png")?;
/// assert_eq!(key.as_str(), "images/你 1.png");
/// assert_eq!(key.encoded(), "images/%E4%BD%A0%201.png");
/// assert!(ObjectKey::new("images/../secret").is_err());
/// # Ok::<(), cloudbase_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectKey(Box<str>);

impl ObjectKey {
    /// Checks a name.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Argument`](cloudbase_core::ErrorKind::Argument) if it is empty, longer than
    /// 850 bytes, has control characters, or a segment `.` or `..`, or is a file id (`cloud://…`).
    pub fn new(name: &str) -> Result<Self> {
        Self::checked("object key", name)
    }

    pub(crate) fn checked(argument: &str, name: &str) -> Result<Self> {
        if name.trim_start_matches('/').starts_with(file_id::SCHEME) {
            return Err(Error::argument(
                argument,
                "must be a path such as `images/a.png`, not a file id (`cloud://…`)",
            ));
        }
        let name = clean(name);
        check(argument, &name)?;
        Ok(Self(name.into()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last segment.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// The name as the path of a URL, without a leading `/`: each segment percent-encoded, `/`
    /// kept.
    pub fn encoded(&self) -> String {
        encode_path(&self.0)
    }
}

/// Makes one `/` of several and takes one off either end.
fn clean(name: &str) -> String {
    let mut clean = String::with_capacity(name.len());
    for c in name.chars() {
        if c != '/' || !(clean.is_empty() || clean.ends_with('/')) {
            clean.push(c);
        }
    }
    if clean.ends_with('/') {
        clean.pop();
    }
    clean
}

/// Checks the name of an object, as part of a key or of a file id.
pub(crate) fn check(argument: &str, name: &str) -> Result<()> {
    let rule = if name.is_empty() {
        "must not be empty"
    } else if name.len() > MAX_LENGTH {
        "must not be longer than 850 bytes"
    } else if name.chars().any(char::is_control) {
        "must not contain control characters such as CR, LF or NUL"
    } else if name.split('/').any(|segment| matches!(segment, "." | "..")) {
        "must not have a segment `.` or `..`"
    } else {
        return Ok(());
    };
    Err(Error::argument(argument, rule))
}

/// The name as the path of a URL: each segment percent-encoded, `/` kept.
pub(crate) fn encode_path(path: &str) -> String {
    let mut encoded = String::with_capacity(path.len() + 16);
    push_encoded(&mut encoded, path, |byte| {
        byte == b'/' || is_unreserved(byte)
    });
    encoded
}

impl FromStr for ObjectKey {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::new(name)
    }
}

impl AsRef<str> for ObjectKey {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl serde::Serialize for ObjectKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::url::decode;

    #[test]
    fn names_are_cleaned_as_by_the_other_sdks() {
        let cases = [
            ("a.png", "a.png"),
            ("/a/b/", "a/b"),
            ("a//b///c", "a/b/c"),
            ("%2e%2e/x", "%2e%2e/x"),
            (" a ", " a "),
            ("...", "..."),
        ];
        for (given, kept) in cases {
            assert_eq!(ObjectKey::new(given).unwrap().as_str(), kept, "{given}");
        }
        let longest = "你".repeat(283) + "a";
        assert_eq!(ObjectKey::new(&longest).unwrap().as_str(), longest);
    }

    #[test]
    fn what_could_lead_elsewhere_is_rejected() {
        let long = "a".repeat(851);
        for bad in [
            "", "/", "//", ".", "..", "../a", "a/..", "a/./b", "/../", "a\0", "a\r\nb", "\u{85}",
            &long,
        ] {
            let error = ObjectKey::new(bad).unwrap_err();
            assert!(
                error.message().starts_with("`object key` must not"),
                "{bad:?}"
            );
        }
    }

    /// What names are made of, the awkward parts most often.
    fn name(random: &mut fastrand::Rng) -> String {
        const PIECES: &[&str] = &[
            "..",
            ".",
            "/",
            "//",
            "%2e%2e",
            "%2F",
            "%",
            "?",
            "#",
            "+",
            " ",
            "&",
            "=",
            "😀",
            "\u{1f468}\u{200d}\u{1f469}",
            "你",
            "a",
            "b.png",
            "\0",
            "\r\n",
            "\u{85}",
            "\\",
        ];
        let mut name = String::new();
        for _ in 0..random.usize(0..9) {
            match random.u8(0..10) {
                0 => name.push(random.char(..)),
                1 => name.push_str(&"x".repeat(random.usize(0..430))),
                2 => name.extend((0..random.usize(1..9)).map(|_| random.char(' '..='~'))),
                _ => name.push_str(PIECES[random.usize(..PIECES.len())]),
            }
        }
        name
    }

    #[test]
    fn every_legal_name_survives_and_no_other_passes() {
        let mut survived = 0;
        for seed in 0..100_000 {
            let name = name(&mut fastrand::Rng::with_seed(seed));
            let segments = || name.split('/').filter(|segment| !segment.is_empty());
            let length: usize = segments().map(|segment| segment.len() + 1).sum();
            let legal = (2..=851).contains(&length)
                && !name.chars().any(char::is_control)
                && !segments().any(|segment| segment == "." || segment == "..");
            let Ok(key) = ObjectKey::new(&name) else {
                assert!(!legal, "seed {seed}: {name:?}");
                continue;
            };
            assert!(legal, "seed {seed}: {name:?}");
            assert!(key.as_str().split('/').eq(segments()), "seed {seed}");
            assert_eq!(ObjectKey::new(key.as_str()).unwrap(), key, "seed {seed}");
            let encoded = key.encoded();
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%/".contains(&byte);
            assert!(encoded.bytes().all(plain), "seed {seed}");
            let uri: http::Uri = format!("http://host/{encoded}").parse().unwrap();
            assert_eq!(decode(&uri.path()[1..]), key.as_str(), "seed {seed}");
            // However the service spells the object's URL, it is read as this object's.
            let spelled = [
                format!("http://host/{encoded}?sign=1"),
                format!("http://host/{key}?sign=1"),
            ];
            for spelled in spelled {
                let url = crate::url::of_object(&spelled, key.as_str()).unwrap();
                assert_eq!(url, format!("http://host/{encoded}?sign=1"), "seed {seed}");
            }
            survived += 1;
        }
        assert!(survived > 20_000, "only {survived} names were legal");
    }
}
