//! Bytes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde::ser::Serializer;

use super::Value;
use super::keys::{by_value, write_entry};

/// Bytes, with the subtype that says what they are: 0 for anything.
///
/// ```
/// use cloudbase_data::documents::Binary;
///
/// let icon = Binary::from(vec![1, 2, 3]);
/// assert_eq!((icon.bytes(), icon.subtype()), (&[1, 2, 3][..], 0));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Binary {
    bytes: Vec<u8>,
    subtype: u8,
}

impl Binary {
    /// Bytes of a subtype: 4 for a UUID, 5 for MD5, 128 and above for the user's own.
    pub fn new(subtype: u8, bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        Self { bytes, subtype }
    }

    /// The bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes, leaving the subtype behind.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// The subtype.
    pub fn subtype(&self) -> u8 {
        self.subtype
    }

    pub(super) fn parse(base64: &str, subtype: &str) -> Option<Self> {
        let subtype = u8::from_str_radix(subtype, 16).ok()?;
        let bytes = STANDARD.decode(base64).ok()?;
        Some(Self { bytes, subtype })
    }
}

impl From<Vec<u8>> for Binary {
    fn from(bytes: Vec<u8>) -> Self {
        Self::new(0, bytes)
    }
}

impl From<&[u8]> for Binary {
    fn from(bytes: &[u8]) -> Self {
        Self::new(0, bytes)
    }
}

impl Serialize for Binary {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Content {
            base64: String,
            #[serde(rename = "subType")]
            subtype: String,
        }

        let content = Content {
            base64: STANDARD.encode(&self.bytes),
            subtype: format!("{:02x}", self.subtype),
        };
        write_entry(serializer, "$binary", &content)
    }
}

by_value!(Binary, "bytes", Value::Binary(value) => Some(value));
