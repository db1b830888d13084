//! Cloud signatures (TC3-HMAC-SHA256), which server SDKs send where they have a SecretId instead of a token.
//!
//! Their form is checked and nothing else: the emulator has no secret to check them with.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, header};

/// Products that take a signature; the others want it exchanged for a token first.
const PRODUCTS: [&str; 4] = [
    "/v1/functions/",
    "/v1/cloudrun/",
    "/v1/apis/",
    "/v1/storages/",
];

const SCHEME: &str = "TC3-HMAC-SHA256";

/// Whether an operation takes a signature in place of a token.
pub(crate) fn is_taken_at(path: &str) -> bool {
    PRODUCTS.iter().any(|product| path.starts_with(product))
}

/// A signature that was sent: whether it has the right form. `None` if nothing was sent.
pub(crate) fn sent(headers: &HeaderMap) -> Option<bool> {
    let (scheme, rest) = authorization(headers)?;
    scheme
        .eq_ignore_ascii_case(SCHEME)
        .then(|| is_well_formed(rest))
}

/// Whether a SecretId and its SecretKey were sent as user name and password.
pub(crate) fn has_secret(headers: &HeaderMap) -> bool {
    let Some((scheme, pair)) = authorization(headers) else {
        return false;
    };
    scheme.eq_ignore_ascii_case("basic")
        && STANDARD
            .decode(pair)
            .ok()
            .and_then(|pair| String::from_utf8(pair).ok())
            .is_some_and(|pair| {
                pair.split_once(':')
                    .is_some_and(|(id, key)| !id.is_empty() && !key.is_empty())
            })
}

fn authorization(headers: &HeaderMap) -> Option<(&str, &str)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, rest) = value.trim().split_once(' ')?;
    Some((scheme, rest.trim()))
}

/// `Credential={SecretId}/{date}/{service}/tc3_request, SignedHeaders=…, Signature=…`; more may follow.
fn is_well_formed(fields: &str) -> bool {
    let field = |name: &str| {
        fields
            .split(',')
            .filter_map(|field| field.trim().split_once('='))
            .find(|(key, value)| *key == name && !value.is_empty())
            .map(|(_, value)| value)
    };
    let scope = field("Credential").is_some_and(|credential| {
        let parts: Vec<&str> = credential.split('/').collect();
        matches!(parts[..], [id, date, service, "tc3_request"]
            if !id.is_empty() && !date.is_empty() && !service.is_empty())
    });
    scope && field("SignedHeaders").is_some() && field("Signature").is_some()
}
