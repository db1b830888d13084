//! The id of an object in the environment's built-in bucket: `cloud://env.bucket/path`.

use std::fmt;
use std::str::FromStr;

use cloudbase_core::{Error, Result};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::key::check;

/// What a file id begins with.
pub(crate) const SCHEME: &str = "cloud://";

/// The id of an object in the environment's built-in bucket.
///
/// ```
/// use cloudbase_storage::FileId;
///
/// let id: FileId = "cloud://shop-1a2b.7368-shop-1a2b-1300000000/images/a.png".parse()?;
/// assert_eq!(id.env_id(), "shop-1a2b");
/// assert_eq!(id.bucket(), "7368-shop-1a2b-1300000000");
/// assert_eq!(id.key(), "images/a.png");
/// assert!("images/a.png".parse::<FileId>().is_err());
/// # Ok::<(), cloudbase_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId {
    text: Box<str>,
    bucket: usize,
    key: usize,
}

impl FileId {
    /// Checks an id.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Argument`](cloudbase_core::ErrorKind::Argument) unless it looks like
    /// `cloud://env.bucket/path` and its path is a legal [object key](crate::ObjectKey).
    pub fn new(id: &str) -> Result<Self> {
        Self::checked("file id", id)
    }

    pub(crate) fn checked(argument: &str, id: &str) -> Result<Self> {
        let form = || {
            Error::argument(
                argument,
                "must look like `cloud://env.bucket/path`, as in `Uploaded::file_id`",
            )
        };
        let rest = id.strip_prefix(SCHEME).ok_or_else(form)?;
        let (place, key) = rest.split_once('/').ok_or_else(form)?;
        let (env, bucket) = place.split_once('.').ok_or_else(form)?;
        let odd = |c: char| c.is_control() || c.is_whitespace() || "?#%\\@:".contains(c);
        if env.is_empty() || bucket.is_empty() || place.chars().any(odd) {
            return Err(form());
        }
        check(argument, key)?;
        Ok(Self {
            bucket: SCHEME.len() + env.len() + 1,
            key: SCHEME.len() + place.len() + 1,
            text: id.into(),
        })
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The environment.
    pub fn env_id(&self) -> &str {
        &self.text[SCHEME.len()..self.bucket - 1]
    }

    /// The bucket of the object store.
    pub fn bucket(&self) -> &str {
        &self.text[self.bucket..self.key - 1]
    }

    /// The object's name in the bucket.
    pub fn key(&self) -> &str {
        &self.text[self.key..]
    }
}

impl FromStr for FileId {
    type Err = Error;

    fn from_str(id: &str) -> Result<Self> {
        Self::new(id)
    }
}

impl AsRef<str> for FileId {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.text, f)
    }
}

impl Serialize for FileId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for FileId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::new(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_ids_are_rejected() {
        let long = format!("cloud://e.b/{}", "a".repeat(851));
        for bad in [
            "",
            "a.png",
            "cloud://",
            "cloud://e.b",
            "cloud://e.b/",
            "cloud://e/a",
            "cloud://.b/a",
            "cloud://e./a",
            "http://e.b/a",
            "cloud://e.b/../a",
            "cloud://e.b/a\n",
            "cloud://e b.c/a",
            "cloud://e.b?/a",
            "cloud://e.b%2f/a",
            &long,
        ] {
            let error = FileId::new(bad).unwrap_err();
            assert!(
                error.message().starts_with("`file id` must"),
                "{bad:?}: {error}"
            );
        }
    }

    #[test]
    fn an_id_survives_json() {
        let id = FileId::new("cloud://e.b.c/a b/你?#%2e.png").unwrap();
        assert_eq!((id.env_id(), id.bucket()), ("e", "b.c"));
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(serde_json::from_str::<FileId>(&json).unwrap(), id);
        assert!(serde_json::from_str::<FileId>("\"a.png\"").is_err());
    }
}
