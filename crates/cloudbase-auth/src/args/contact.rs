//! An e-mail address or a phone number: where a code can be sent.

use cloudbase_core::Result;
use serde::Serialize;
use serde::ser::{SerializeMap as _, Serializer};

use super::{phone, validate};

/// Exactly one of the two, as the caller wrote it or in the service's form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Contact {
    Email(String),
    Phone(String),
}

impl Contact {
    /// The one that `text` is: an address has an `@`, a number has not.
    pub(crate) fn guess(text: String) -> Self {
        if text.contains('@') {
            Self::Email(text)
        } else {
            Self::Phone(text)
        }
    }

    /// Checked, and in the form that the service accepts.
    pub(crate) fn normalised(self) -> Result<Self> {
        match self {
            Self::Email(email) => {
                let email = email.trim();
                validate::email("email", email)?;
                Ok(Self::Email(email.to_owned()))
            }
            Self::Phone(number) => phone::normalise("phone", &number).map(Self::Phone),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Email(text) | Self::Phone(text) => text,
        }
    }

    pub(crate) fn is_email(&self) -> bool {
        matches!(self, Self::Email(_))
    }
}

/// As the field `email` or `phone_number`; made to be flattened into a body.
impl Serialize for Contact {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        match self {
            Self::Email(email) => map.serialize_entry("email", email)?,
            Self::Phone(number) => map.serialize_entry("phone_number", number)?,
        }
        map.end()
    }
}
