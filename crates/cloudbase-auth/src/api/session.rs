//! The calls that yield a session without a user's doing: refresh, anonymous, custom ticket.

use cloudbase_core::{Error, Idempotency, Response, Result};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;

use super::{Call, Caller};
use crate::args::validate;
use crate::token::ticket_callback::{TicketSource, ask};
use crate::value::session::{ApiVersion, Session};

/// Sends a call whose response is a token object.
pub(crate) async fn obtain(caller: &Caller, call: &Call) -> Result<Response<Session>> {
    caller.read(call, Session::arrived).await
}

/// Spends `token`; the response holds the one that follows it.
pub(crate) async fn refresh(
    caller: &Caller,
    version: ApiVersion,
    token: &SecretString,
) -> Result<Response<Session>> {
    #[derive(Serialize)]
    struct Body<'a> {
        grant_type: &'static str,
        refresh_token: &'a str,
        client_id: &'a str,
    }
    let path = match version {
        ApiVersion::V1 => "/auth/v1/token",
        ApiVersion::V2 => "/auth/v2/token",
    };
    let call = Call::post("auth.refresh_session", path)
        .idempotency(Idempotency::Unsafe)
        .json(&Body {
            grant_type: "refresh_token",
            refresh_token: token.expose_secret(),
            client_id: caller.client.env_id().as_str(),
        });
    obtain(caller, &call).await
}

/// Signs an anonymous user in: the one that belongs to the device id.
pub(crate) fn anonymous_call(provider_token: Option<&SecretString>) -> Call {
    #[derive(Serialize)]
    struct Body<'a> {
        #[serde(skip_serializing_if = "Option::is_none")]
        provider_token: Option<&'a str>,
    }
    // The same device gets the same user however often it asks; a provider token is spent.
    let idempotency = match provider_token {
        None => Idempotency::Idempotent,
        Some(_) => Idempotency::Unsafe,
    };
    Call::post("auth.sign_in_anonymously", "/auth/v1/signin/anonymously")
        .idempotency(idempotency)
        .json(&Body {
            provider_token: provider_token.map(|token| token.expose_secret()),
        })
}

/// Trades a ticket that the program's own server made.
pub(crate) async fn custom_ticket(
    caller: &Caller,
    source: &TicketSource,
) -> Result<Response<Session>> {
    #[derive(Serialize)]
    struct Body<'a> {
        provider_id: &'static str,
        ticket: &'a str,
    }
    let ticket = ask(source).await?;
    validate::token("ticket", ticket.expose_secret())?;
    let call = Call::post("auth.sign_in_with_custom_ticket", "/auth/v1/signin/custom")
        .idempotency(Idempotency::Unsafe)
        .json(&Body {
            provider_id: "custom",
            ticket: ticket.expose_secret(),
        });
    obtain(caller, &call).await
}

/// Whether a failed refresh says that the refresh token is good for nothing any more.
pub(crate) fn is_rejected(error: &Error) -> bool {
    error.code().is_some_and(|code| {
        matches!(
            code.as_str(),
            "invalid_grant"
                | "REFRESH_TOKEN_EXPIRED"
                | "INVALID_REFRESH_TOKEN"
                | "REFRESH_TOKEN_EXHAUSTED"
        )
    })
}
