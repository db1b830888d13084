//! Who called, and how user code learns of it.

use base64::{Engine, engine::general_purpose::STANDARD};
use crc::{CRC_32_ISO_HDLC, Crc};
use http::HeaderMap;
use serde_json::json;

use super::function::Access;
use crate::identity::{Caller, Role};

/// The header in which the platform describes the caller to a service.
pub(super) const HEADER: &str = "x-cloudbase-context";

/// What a function written as a closure knows about its call.
#[derive(Debug, Clone)]
pub struct FunctionContext {
    name: String,
    qualifier: Option<String>,
    request_id: String,
    user_id: Option<String>,
    admin: bool,
    headers: HeaderMap,
}

impl FunctionContext {
    pub(super) fn new(
        name: &str,
        qualifier: Option<&str>,
        request_id: &str,
        caller: &Caller,
        headers: HeaderMap,
    ) -> Self {
        Self {
            name: name.to_owned(),
            qualifier: qualifier.map(str::to_owned),
            request_id: request_id.to_owned(),
            user_id: caller.user_id.clone(),
            admin: caller.is_admin(),
            headers,
        }
    }

    /// The function's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The version or alias that was asked for.
    pub fn qualifier(&self) -> Option<&str> {
        self.qualifier.as_deref()
    }

    /// The id of the request.
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// The id of the user who calls; `None` for an access key.
    pub fn user_id(&self) -> Option<&str> {
        self.user_id.as_deref()
    }

    /// Whether the caller is an administrator (an API key).
    pub fn is_admin(&self) -> bool {
        self.admin
    }

    /// The headers of the call, the credential included.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }
}

impl Access {
    pub(super) fn admits(self, caller: &Caller) -> bool {
        match self {
            Self::Everyone => true,
            Self::SignedIn => caller.is_admin() || caller.user_id.is_some(),
            Self::Registered => matches!(caller.role, Role::User | Role::Admin),
            Self::Admin => caller.is_admin(),
        }
    }
}

/// The value of the context header: base64 of gzipped JSON, as the functions framework reads it.
pub(super) fn header_value(env: &str, name: &str, caller: &Caller) -> String {
    let user = caller.user_id.is_some();
    let context = json!({
        "envId": env,
        "serviceName": name,
        "serviceVersion": "$LATEST",
        "authMethod": if user { "TCB_OAUTH2_C" } else { "UNAUTHORIZED" },
        "userType": if user { "C_SIDE_USER" } else { "NONE" },
        "isAdministrator": caller.is_admin(),
        "accessToken": caller.token,
        "userId": caller.user_id.as_deref().unwrap_or_default(),
    });
    STANDARD.encode(gzip(context.to_string().as_bytes()))
}

/// A gzip file of stored blocks: a header is far too small to be worth a compressor.
fn gzip(data: &[u8]) -> Vec<u8> {
    const HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let mut out = HEAD.to_vec();
    let mut blocks = data.chunks(usize::from(u16::MAX)).peekable();
    while let Some(block) = blocks.next() {
        // A chunk is at most `u16::MAX` long.
        let length = block.len() as u16;
        out.push(u8::from(blocks.peek().is_none()));
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        out.extend(block);
    }
    out.extend(
        Crc::<u32>::new(&CRC_32_ISO_HDLC)
            .checksum(data)
            .to_le_bytes(),
    );
    out.extend((data.len() as u32).to_le_bytes());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_of_stored_blocks() {
        // Checked against `gzip -d`.
        assert_eq!(
            hex::encode(gzip(b"hi")),
            concat!(
                "1f8b08000000000000ff",
                "010200fdff6869",
                "ac2a93d8",
                "02000000"
            )
        );
    }
}
