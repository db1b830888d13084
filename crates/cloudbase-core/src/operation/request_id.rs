//! The id that a call sends, so that it can be named even if no answer comes.

use http::HeaderValue;
use uuid::Builder;

/// A UUID v4, kept in place: it is made on every call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestId([u8; 36]);

impl RequestId {
    pub(crate) fn random() -> Self {
        let mut text = [0; 36];
        // It has to be unique, not secret: no call of the system for each call of the service.
        let random = fastrand::u128(..).to_ne_bytes();
        let id = Builder::from_random_bytes(random).into_uuid();
        id.hyphenated().encode_lower(&mut text);
        Self(text)
    }

    pub(crate) fn as_str(&self) -> &str {
        // Hexadecimal digits and hyphens.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    pub(crate) fn header(&self) -> Option<HeaderValue> {
        HeaderValue::from_bytes(&self.0).ok()
    }
}
