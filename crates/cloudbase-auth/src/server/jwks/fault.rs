//! Why a token is not good.

use std::fmt;

use cloudbase_core::{Error, ErrorKind};

/// What is wrong with an access token.
#[cfg_attr(docsrs, doc(cfg(feature = "jwks")))]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenFault {
    /// It is no JSON Web Token, or one without what each has.
    Malformed,
    /// It is signed in another way than RS256, or not at all.
    Algorithm,
    /// No published key has the name that it gives.
    UnknownKey,
    /// The signature is not that of the key.
    Signature,
    /// It has ended.
    Expired,
    /// It was issued in the future, or is not valid yet: clocks differ by more than the leeway.
    NotYetValid,
    /// It belongs to another environment.
    OtherEnvironment,
    /// It is for another client.
    Audience,
    /// Another service issued it.
    Issuer,
}

impl TokenFault {
    /// What is wrong with the token, if the error came of one that is not good; `None` if something
    /// else failed, and nothing is known about the token.
    pub fn of(error: &Error) -> Option<Self> {
        std::error::Error::source(error)?.downcast_ref().copied()
    }
}

impl fmt::Display for TokenFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "the access token is malformed",
            Self::Algorithm => "the access token is not signed with RS256",
            Self::UnknownKey => "the access token is signed with an unknown key",
            Self::Signature => "the access token's signature is wrong",
            Self::Expired => "the access token has expired",
            Self::NotYetValid => "the access token is not valid yet",
            Self::OtherEnvironment => "the access token belongs to another environment",
            Self::Audience => "the access token is for another client",
            Self::Issuer => "the access token has another issuer",
        })
    }
}

impl std::error::Error for TokenFault {}

impl From<TokenFault> for Error {
    fn from(fault: TokenFault) -> Self {
        Self::new(ErrorKind::Credentials, fault.to_string()).with_source(fault)
    }
}
