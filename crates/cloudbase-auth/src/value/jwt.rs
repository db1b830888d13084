//! Takes a JSON Web Token apart without judging it.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use cloudbase_core::{Error, ErrorKind, Result};
use serde::de::DeserializeOwned;

/// The three parts of a token, decoded where they are encoded JSON.
pub(crate) struct Parts<'a> {
    pub(crate) header: Vec<u8>,
    pub(crate) claims: Vec<u8>,
    pub(crate) signature: &'a str,
}

/// Splits a token.
///
/// # Errors
///
/// [`ErrorKind::Decode`] if it is no JSON Web Token. The token is not repeated.
pub(crate) fn split(token: &str) -> Result<Parts<'_>> {
    let mut parts = token.split('.');
    let (Some(header), Some(claims), Some(signature), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(malformed("it does not have three parts"));
    };
    let decode = |part: &str| {
        BASE64_URL_SAFE_NO_PAD
            .decode(part.trim_end_matches('='))
            .map_err(|_| malformed("a part is not base64url"))
    };
    Ok(Parts {
        header: decode(header)?,
        claims: decode(claims)?,
        signature,
    })
}

pub(crate) fn json<T: DeserializeOwned>(part: &[u8]) -> Result<T> {
    serde_json::from_slice(part).map_err(|_| malformed("a part is not the JSON expected"))
}

fn malformed(what: &str) -> Error {
    Error::new(
        ErrorKind::Decode,
        format!("the access token cannot be read: {what}"),
    )
}
