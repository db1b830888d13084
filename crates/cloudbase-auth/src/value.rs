//! Values: users, sessions, claims, and how they are read.

pub(crate) mod claims;
pub(crate) mod clock;
pub(crate) mod de;
pub(crate) mod error;
pub(crate) mod jwt;
pub(crate) mod named;
pub(crate) mod oauth_purpose;
pub(crate) mod session;
pub(crate) mod user;
