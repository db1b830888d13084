//! The codes of the service's errors: known ones as constants, unknown ones kept.

mod known;

use std::borrow::Cow;
use std::fmt;

pub(super) use self::known::AUTH;
use super::display::NAME_LIMIT;
use super::text::Shown;

/// A code of the service: `ACCESS_TOKEN_EXPIRED` from the gateway, `invalid_grant` from auth.
///
/// An open set: compare with the constants, or with a string. A constant is called as its text, in upper
/// case and with underscores: `invalid_grant` is [`INVALID_GRANT`](Self::INVALID_GRANT), `NoSuchKey` is
/// [`NO_SUCH_KEY`](Self::NO_SUCH_KEY). Where several texts would have one name, the text that is that name
/// letter for letter has it, and the others begin with where they come from: `AUTH_`, `COS_`, `GATEWAY_`
/// ([`AUTH_PERMISSION_DENIED`](Self::AUTH_PERMISSION_DENIED) is `permission_denied`). The five characters of
/// an SQLSTATE follow `SQLSTATE_`.
///
/// ```
/// use cloudbase_core::ErrorCode;
///
/// let code = ErrorCode::from("MISSING_CREDENTIALS");
/// assert_eq!(code, ErrorCode::MISSING_CREDENTIALS);
/// assert_eq!(code, "MISSING_CREDENTIALS");
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ErrorCode(Cow<'static, str>);

/// What a code means whatever the status beside it: the classes of `classify`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    Conflict,
    /// Not mended by asking again: a quota that is used up, what the service calls final, or a call within a
    /// transaction that has failed.
    Final,
    NotFound,
    /// Comes with 403, and says that something else than a permission is in the way.
    Obstacle,
    /// Comes with 401: another password is needed, not another sign-in.
    Password,
    PermissionDenied,
    Throttled,
    Transient,
    Unauthenticated,
}

impl ErrorCode {
    /// A code that is known when the program is written.
    pub const fn from_static(code: &'static str) -> Self {
        Self(Cow::Borrowed(code))
    }

    /// The code as the service spells it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for ErrorCode {
    fn from(code: &str) -> Self {
        Self(Cow::Owned(code.to_owned()))
    }
}

impl From<String> for ErrorCode {
    fn from(code: String) -> Self {
        Self(Cow::Owned(code))
    }
}

impl PartialEq<str> for ErrorCode {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for ErrorCode {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

impl AsRef<str> for ErrorCode {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Shown(&self.0, NAME_LIMIT), f)
    }
}

impl fmt::Debug for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests;
