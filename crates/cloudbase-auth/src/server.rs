//! For servers that are called by many users.

pub(crate) mod for_user;
#[cfg(feature = "jwks")]
pub(crate) mod jwks;
#[cfg(feature = "custom-ticket")]
pub(crate) mod ticket;
