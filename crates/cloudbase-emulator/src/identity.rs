//! Who makes a call: the extractor that reads the Bearer token, or a cloud signature, as the gateway does.

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;
use http::{HeaderMap, header};

use crate::error::GatewayError;
use crate::keys::{Claims, TokenFault};
use crate::state::AppState;

pub(crate) mod signature;

/// What the caller may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The publishable key, or a user who signed in anonymously (then [`Caller::user_id`] is set).
    Anonymous,
    /// A registered user.
    User,
    /// The API key, or a cloud signature.
    Admin,
}

/// The caller of a `/v1` operation. Extracting it rejects the request with the gateway's 401 codes;
/// `Option<Caller>` is `None` only if no credential was sent at all.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) role: Role,
    /// The user's id (`sub`); `None` for the two access keys.
    pub(crate) user_id: Option<String>,
    /// The token itself, for services that it is passed on to; empty with a cloud signature.
    pub(crate) token: String,
}

impl Caller {
    pub(crate) fn is_admin(&self) -> bool {
        self.role == Role::Admin
    }

    /// The caller that sent a cloud signature: the administrator, where one is taken.
    fn signed(well_formed: bool, path: &str) -> Result<Self, GatewayError> {
        if !signature::is_taken_at(path) {
            return Err(GatewayError::unauthorized(
                "MISSING_CREDENTIALS",
                "This path takes a Bearer token and no TC3 signature: exchange the signature for a token at \
                 POST /auth/v1/token/clientCredential.",
            ));
        }
        if !well_formed {
            return Err(GatewayError::unauthorized(
                "INVALID_CREDENTIALS",
                "The TC3 signature is not Credential={SecretId}/{date}/tcb/tc3_request, SignedHeaders=…, Signature=….",
            ));
        }
        Ok(Self {
            role: Role::Admin,
            user_id: None,
            token: String::new(),
        })
    }

    fn new(claims: Claims, token: &str) -> Self {
        let is_key = claims.user_id.is_none();
        let role = if claims.is_system_admin || claims.client_type == "client_server" {
            Role::Admin
        } else if is_key || claims.scope.as_deref() == Some("anonymous") {
            Role::Anonymous
        } else {
            Role::User
        };
        Self {
            role,
            user_id: claims.user_id,
            token: token.to_owned(),
        }
    }
}

impl FromRequestParts<AppState> for Caller {
    type Rejection = GatewayError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, GatewayError> {
        if let Some(well_formed) = signature::sent(&parts.headers) {
            return Self::signed(well_formed, parts.uri.path());
        }
        let token = bearer(&parts.headers).ok_or_else(|| {
            GatewayError::unauthorized("MISSING_CREDENTIALS", "Credentials are missing.")
        })?;
        let claims = state
            .keys
            .verify(token, state.clock.now_secs())
            .map_err(rejection)?;
        if !state.auth.is_live(&claims) {
            return Err(GatewayError::unauthorized(
                "ACCESS_TOKEN_INVALID",
                "The access token was revoked.",
            ));
        }
        Ok(Self::new(claims, token))
    }
}

impl OptionalFromRequestParts<AppState> for Caller {
    type Rejection = GatewayError;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &AppState,
    ) -> Result<Option<Self>, GatewayError> {
        if bearer(&parts.headers).is_none() && signature::sent(&parts.headers).is_none() {
            return Ok(None);
        }
        <Self as FromRequestParts<AppState>>::from_request_parts(parts, state)
            .await
            .map(Some)
    }
}

/// The token of an `Authorization: Bearer …` header; the scheme's case does not matter.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.trim().split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

fn rejection(fault: TokenFault) -> GatewayError {
    let (code, message) = match fault {
        TokenFault::Malformed => ("INVALID_CREDENTIALS", "Credentials are invalid."),
        TokenFault::Kid => (
            "ACCESS_TOKEN_KID_INVALID",
            "The token was signed by a key that this environment does not trust.",
        ),
        TokenFault::Signature => ("ACCESS_TOKEN_INVALID", "The access token is invalid."),
        TokenFault::Expired => ("ACCESS_TOKEN_EXPIRED", "The access token has expired."),
    };
    GatewayError::unauthorized(code, message)
}
