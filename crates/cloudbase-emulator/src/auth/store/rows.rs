//! What rows are found by.

use super::{Access, Challenge, Grant, Session, Spent, User, Verification};
use crate::auth::table::Row;

impl Row for User {
    fn properties(&self) -> Vec<(&'static str, String)> {
        let mut properties = Vec::new();
        let plain = [
            ("phone", &self.phone),
            ("username", &self.username),
            ("device", &self.anonymous_device),
        ];
        for (name, value) in plain {
            properties.extend(value.clone().map(|value| (name, value)));
        }
        let email = self.email.as_deref().map(str::to_ascii_lowercase);
        properties.extend(email.map(|email| ("email", email)));
        for identity in &self.identities {
            properties.push(("identity", person(&identity.provider, &identity.sub)));
        }
        properties
    }
}

impl Row for Session {
    fn properties(&self) -> Vec<(&'static str, String)> {
        let mut properties = vec![("user", self.user_id.clone())];
        let token = self.refresh_token.clone();
        properties.extend(token.map(|token| ("refresh_token", token)));
        properties
    }
}

impl Row for Access {
    fn properties(&self) -> Vec<(&'static str, String)> {
        vec![("session", self.session.to_string())]
    }
}

impl Row for Spent {}
impl Row for Verification {
    fn properties(&self) -> Vec<(&'static str, String)> {
        vec![(self.contact.kind(), self.contact.address().to_owned())]
    }
}

impl Row for Grant {}
impl Row for Challenge {}
impl Row for i64 {}
impl Row for u32 {}
impl Row for Vec<i64> {}

/// The value of the property `identity`.
pub(super) fn person(provider: &str, sub: &str) -> String {
    format!("{provider}\0{sub}")
}
