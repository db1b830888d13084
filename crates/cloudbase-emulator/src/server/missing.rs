//! Products of the service that the emulator does not have: a call of one is no typing error, and the response says so.

use http::StatusCode;

use crate::error::{AuthError, GatewayError};

/// Paths, each with everything below it, and the product that is there at the service.
const PRODUCTS: &[(&str, &str)] = &[
    ("/v1/realtime", "realtime channels"),
    ("/v1/ai", "AI models"),
    ("/v1/aibot", "AI agents"),
    ("/web", "the older action protocol of client SDKs"),
    ("/admin", "the older action protocol of server SDKs"),
];

/// The function of the service's own that data models run raw SQL by, in the JS SDK.
const SQL_FUNCTION: &str = "lowcode-datasource";

/// The response for a path of a product that is not emulated.
pub(super) fn product(path: &str) -> Option<GatewayError> {
    let (_, product) = PRODUCTS.iter().find(|(base, _)| {
        path.strip_prefix(base)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })?;
    Some(not_emulated(product))
}

/// The response for an auth endpoint that there is not.
pub(super) fn auth(path: &str) -> AuthError {
    let description = if path.starts_with("/auth/v2/") {
        "the emulator does not emulate encrypted passwords and the other endpoints of /auth/v2"
    } else {
        "the emulator has no such auth endpoint"
    };
    AuthError::new("unimplemented", description)
}

/// The response for a WebSocket of user code.
pub(crate) fn web_socket() -> GatewayError {
    not_emulated("WebSocket connections: call the function or service itself, without the gateway")
}

/// The response for a function that there is not.
pub(crate) fn function(name: &str) -> GatewayError {
    if name == SQL_FUNCTION {
        return not_emulated(
            "$runSQL of data models (a function of the service's own); use mysqlCommand",
        );
    }
    GatewayError::not_found("FUNCTION_NOT_FOUND", "There is no function of this name.")
}

fn not_emulated(product: &str) -> GatewayError {
    GatewayError::new(
        StatusCode::NOT_IMPLEMENTED,
        "NOT_EMULATED",
        format!("The emulator does not emulate {product}."),
    )
}
