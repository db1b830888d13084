//! Object keys and file ids: what is legal, and how they travel in URLs and on disk.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use ring::digest;

/// Longest object key in bytes, the object store's own limit.
pub(crate) const MAX_KEY_BYTES: usize = 850;

/// Everything but the unreserved characters of RFC 3986 and the path separator.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'/');
/// Everything but the unreserved characters of RFC 3986.
const COMPONENT: &AsciiSet = &PATH.add(b'/');

/// Why an object key is invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyProblem {
    Empty,
    LeadingSlash,
    TooLong,
    ControlCharacter,
    ParentSegment,
    /// The service does not document it.
    Character(char),
}

impl fmt::Display for KeyProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problem = match self {
            Self::Empty => "must not be empty",
            Self::LeadingSlash => "must not start with '/'",
            Self::TooLong => "must not be longer than 850 bytes",
            Self::ControlCharacter => "must not contain control characters",
            Self::ParentSegment => "must not contain a '..' segment",
            Self::Character(c) => {
                return write!(
                    f,
                    "must not contain {c:?}; allowed are digits, letters, Chinese characters, spaces and / ! - _ . *"
                );
            }
        };
        f.write_str(problem)
    }
}

/// Checks an object key; every key that passes round-trips byte for byte.
pub(crate) fn check(key: &str) -> Result<(), KeyProblem> {
    if key.is_empty() {
        Err(KeyProblem::Empty)
    } else if key.starts_with('/') {
        Err(KeyProblem::LeadingSlash)
    } else if key.len() > MAX_KEY_BYTES {
        Err(KeyProblem::TooLong)
    } else if key.chars().any(char::is_control) {
        Err(KeyProblem::ControlCharacter)
    } else if key.split('/').any(|segment| segment == "..") {
        Err(KeyProblem::ParentSegment)
    } else {
        Ok(())
    }
}

/// Checks that a key has only characters that the service documents.
pub(crate) fn check_characters(key: &str) -> Result<(), KeyProblem> {
    let is_chinese = |c: char| matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}');
    let is_documented =
        |c: char| c.is_ascii_alphanumeric() || "/!-_. *".contains(c) || is_chinese(c);
    match key.chars().find(|c| !is_documented(*c)) {
        Some(c) => Err(KeyProblem::Character(c)),
        None => Ok(()),
    }
}

/// Percent-encodes a key for use in a URL path, keeping `/`.
pub(crate) fn encode_path(key: &str) -> String {
    utf8_percent_encode(key, PATH).to_string()
}

/// Percent-encodes a value for use in a query string.
pub(crate) fn encode_component(value: &str) -> String {
    utf8_percent_encode(value, COMPONENT).to_string()
}

/// Decodes the key of a raw URL path (without its leading `/`); `None` when it is not UTF-8.
pub(crate) fn decode_path(raw: &str) -> Option<String> {
    percent_decode_str(raw)
        .decode_utf8()
        .ok()
        .map(|key| key.into_owned())
}

/// Decodes one part of a query string, where `+` stands for a space.
pub(crate) fn decode_component(raw: &str) -> String {
    percent_decode_str(&raw.replace('+', " "))
        .decode_utf8_lossy()
        .into_owned()
}

/// The name under which an object's record is kept on disk: never made of user input.
pub(crate) fn disk_name(bucket: &str, key: &str) -> String {
    let mut hash = digest::Context::new(&digest::SHA256);
    hash.update(&(bucket.len() as u64).to_be_bytes());
    hash.update(bucket.as_bytes());
    hash.update(key.as_bytes());
    hex::encode(hash.finish())
}

/// Whether a file may have been named by [`disk_name`].
pub(crate) fn is_disk_name(name: &str) -> bool {
    name.len() == 64 && is_lower_hex(name)
}

pub(crate) fn is_lower_hex(text: &str) -> bool {
    text.bytes()
        .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The name of the environment's built-in bucket, shaped like the real ones.
pub(crate) fn physical_bucket(env: &str) -> String {
    let prefix = hex::encode(env.bytes().take(2).collect::<Vec<_>>());
    format!("{prefix}-{env}-1300000000")
}

/// The file id of an object: `cloud://{env}.{bucket}/{key}`.
pub(crate) fn file_id(env: &str, bucket: &str, key: &str) -> String {
    format!("cloud://{env}.{bucket}/{key}")
}

/// The bucket and key of a file id of this environment.
pub(crate) fn parse_file_id<'a>(env: &str, id: &'a str) -> Option<(&'a str, &'a str)> {
    let rest = id
        .strip_prefix("cloud://")?
        .strip_prefix(env)?
        .strip_prefix('.')?;
    let (bucket, key) = rest.split_once('/')?;
    (!bucket.is_empty() && check(key).is_ok()).then_some((bucket, key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejects_what_could_leave_its_place() {
        for (key, problem) in [
            ("", KeyProblem::Empty),
            ("/a", KeyProblem::LeadingSlash),
            ("a/../b", KeyProblem::ParentSegment),
            ("..", KeyProblem::ParentSegment),
            ("a\nb", KeyProblem::ControlCharacter),
            ("a\u{7f}", KeyProblem::ControlCharacter),
        ] {
            assert_eq!(check(key), Err(problem), "{key:?}");
        }
        assert_eq!(check(&"k".repeat(851)), Err(KeyProblem::TooLong));
        assert_eq!(check(&"k".repeat(850)), Ok(()));
    }

    #[test]
    fn legal_keys_survive_a_url() {
        for key in [
            "a b+c",
            "?x=1#y",
            "%2e%2e/a",
            "\u{1f600}/\u{4f60}\u{597d}",
            "a//b",
            "a...b",
            "*!~",
        ] {
            assert_eq!(check(key), Ok(()), "{key:?}");
            assert_eq!(decode_path(&encode_path(key)).as_deref(), Some(key));
        }
        assert_eq!(decode_path("%ff"), None);
    }

    #[test]
    fn documented_characters() {
        for good in ["a/B-9_!.* x", "\u{4f60}\u{597d}.png", "\u{3400}\u{20000}"] {
            assert_eq!(check_characters(good), Ok(()), "{good:?}");
        }
        for bad in [
            '?',
            '#',
            '%',
            '&',
            '(',
            '+',
            '~',
            '\u{e9}',
            '\u{1f600}',
            '\u{3042}',
            '\u{3002}',
        ] {
            let key = format!("b/a{bad}");
            assert_eq!(check_characters(&key), Err(KeyProblem::Character(bad)));
        }
    }

    #[test]
    fn file_ids_belong_to_one_environment() {
        let id = file_id("shop-1a2b", &physical_bucket("shop-1a2b"), "images/a.png");
        assert_eq!(
            id,
            "cloud://shop-1a2b.7368-shop-1a2b-1300000000/images/a.png"
        );
        assert_eq!(
            parse_file_id("shop-1a2b", &id),
            Some(("7368-shop-1a2b-1300000000", "images/a.png"))
        );
        assert_eq!(parse_file_id("other", &id), None);
        assert_eq!(parse_file_id("shop-1a2b", "images/a.png"), None);
        assert_eq!(parse_file_id("shop-1a2b", "cloud://shop-1a2b.b/../x"), None);
    }

    #[test]
    fn disk_names_do_not_collide_across_buckets() {
        assert_ne!(disk_name("ab", "c"), disk_name("a", "bc"));
        assert!(
            disk_name("a", "../x")
                .bytes()
                .all(|b| b.is_ascii_hexdigit())
        );
    }
}
