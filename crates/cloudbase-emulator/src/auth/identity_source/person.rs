//! Users of the development identity source.

use serde::{Deserialize, Serialize};

use crate::auth::store::Identity;

/// A person at the development identity source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Person {
    pub(super) sub: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) phone_number: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) picture: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) union_id: Option<String>,
}

impl Person {
    /// A person by the id that the source knows them by; in a mini program their `open_id`.
    pub fn new(sub: impl Into<String>) -> Self {
        Self {
            sub: sub.into(),
            ..Self::default()
        }
    }

    /// Sets the name.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets the e-mail address.
    #[must_use]
    pub fn email(mut self, email: impl Into<String>) -> Self {
        self.email = Some(email.into());
        self
    }

    /// Sets the phone number, which a mini-program code of the type `phone` needs.
    #[must_use]
    pub fn phone(mut self, number: impl Into<String>) -> Self {
        self.phone_number = Some(number.into());
        self
    }

    /// Sets the picture's address.
    #[must_use]
    pub fn picture(mut self, url: impl Into<String>) -> Self {
        self.picture = Some(url.into());
        self
    }

    /// Sets the id that is the same in all applications of one developer, which a mini-program code of the type `union_id`
    /// needs.
    #[must_use]
    pub fn union_id(mut self, id: impl Into<String>) -> Self {
        self.union_id = Some(id.into());
        self
    }

    pub(super) fn at(self, provider: &str) -> Identity {
        Identity {
            provider: provider.to_owned(),
            sub: self.sub,
            name: self.name,
            picture: self.picture,
            email: self.email,
            phone: self.phone_number,
            ..Identity::default()
        }
    }
}
