//! The id that a call sends, so that it can be named even if no response comes.

use http::HeaderValue;
use uuid::Builder;

/// How long an id may be.
const LIMIT: usize = 64;

/// The caller's id or a UUID v4, kept in place: one is made on every call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestId {
    text: [u8; LIMIT],
    length: u8,
}

impl RequestId {
    pub(crate) const RULE: &str = "must be 1 to 64 visible ASCII characters";

    /// The caller's; `None` if it is against the [rule](Self::RULE).
    pub(super) fn new(id: &str) -> Option<Self> {
        let valid = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_graphic());
        let mut text = [0; LIMIT];
        text.get_mut(..id.len())
            .filter(|_| valid)?
            .copy_from_slice(id.as_bytes());
        Some(Self {
            text,
            length: u8::try_from(id.len()).ok()?,
        })
    }

    pub(crate) fn random() -> Self {
        let mut text = [0; LIMIT];
        // It has to be unique, not secret: no call of the system for each call of the service.
        let random = fastrand::u128(..).to_ne_bytes();
        let id = Builder::from_random_bytes(random).into_uuid();
        id.hyphenated().encode_lower(&mut text);
        Self { text, length: 36 }
    }

    fn as_bytes(&self) -> &[u8] {
        &self.text[..usize::from(self.length)]
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default() // it is ASCII
    }

    pub(crate) fn header(&self) -> Option<HeaderValue> {
        HeaderValue::from_bytes(self.as_bytes()).ok()
    }
}
