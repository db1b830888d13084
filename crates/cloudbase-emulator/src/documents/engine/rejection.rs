//! Why an operation is rejected.

use std::fmt;

/// An operation that is not valid, or that the emulator does not support. The message names the operator and the rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rejection {
    /// The code of the response's body.
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

pub(crate) type Result<T, E = Rejection> = std::result::Result<T, E>;

impl Rejection {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            code: "INVALID_PARAM",
            message: message.into(),
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Returns from the function with a [`Rejection`], whose message is formatted as by `format!`.
macro_rules! reject {
    ($($message:tt)*) => {
        return Err($crate::documents::engine::Rejection::new(format!($($message)*)))
    };
}

pub(crate) use reject;
