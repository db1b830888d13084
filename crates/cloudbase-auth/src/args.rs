//! What callers give, validated before anything is sent.

pub(crate) mod contact;
pub(crate) mod phone;
pub(crate) mod validate;
