//! By what host a client reached the emulator: URLs in the response must lead it back there.

use std::fmt;

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::uri::Authority;

use crate::error::GatewayError;

/// The `Host` of a request that was let in, with the port that the client used: 127.0.0.1 to a program on this
/// machine, 10.0.2.2 to an Android emulator, the name of this machine to a phone.
#[derive(Clone, Debug)]
pub(crate) struct Reached(pub(super) Authority);

impl Reached {
    /// The host without its port, in brackets if it is an IPv6 address.
    pub(crate) fn host(&self) -> &str {
        self.0.host()
    }
}

/// The origin of what the client called: `http://10.0.2.2:8787`.
impl fmt::Display for Reached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}", self.0)
    }
}

impl<S: Sync> FromRequestParts<S> for Reached {
    type Rejection = GatewayError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, GatewayError> {
        let reached = parts.extensions.get::<Self>().cloned();
        reached.ok_or_else(|| GatewayError::internal("A request was let in without its host."))
    }
}
