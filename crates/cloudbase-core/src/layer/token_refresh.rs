//! Attaches the newest token; after a rejected one, refreshes it once and sends the call once more.

use std::sync::Arc;

use http::StatusCode;
use http::header::AUTHORIZATION;

use super::next::tower_layer;
use super::{Next, Reply};
use crate::credential::{Credentials, Resolution, Token};
use crate::error::{BoxError, Envelope, Error, Result};
use crate::operation::{Call, CallInfo, CredentialUse};

/// Attaches tokens and refreshes them; see [`TokenRefresh`].
#[derive(Clone, Debug)]
pub struct TokenRefreshLayer {
    credentials: Arc<Credentials>,
}

impl TokenRefreshLayer {
    /// The layer with these credentials.
    pub fn new(credentials: Arc<Credentials>) -> Self {
        Self { credentials }
    }

    pub(crate) fn around<N>(&self, next: N) -> TokenRefresh<N> {
        TokenRefresh {
            next,
            credentials: self.credentials.clone(),
        }
    }
}

/// Attaches the token that a call wants; see [`CredentialUse`]. All attempts of a call are made for
/// the user of its first one, or for nobody if that was made for nobody.
///
/// Where the gateway rejects the session's token as expired or invalid (401 with one of the token
/// codes; a denied permission does not count), this is reported to the provider, and the call is sent once
/// more with a newer token if its body can be sent again. A streamed body cannot: its caller gets the 401.
#[derive(Clone, Debug)]
pub struct TokenRefresh<N> {
    next: N,
    credentials: Arc<Credentials>,
}

tower_layer!(TokenRefreshLayer, TokenRefresh);

impl<N: Next> Next for TokenRefresh<N> {
    async fn send(&self, call: &mut Call) -> Result<Reply, BoxError> {
        // A caller who sets the header means it.
        if call.request.headers().contains_key(AUTHORIZATION) {
            return self.next.send(call).await;
        }
        let credential = call.credential();
        let Some((token, from_session)) = self.resolve(&call.info, credential).await? else {
            return self.next.send(call).await;
        };
        if !from_session {
            authorize(call, &token);
            return self.next.send(call).await;
        }
        call.save();
        call.info.set_sent(token.header().clone());
        authorize(call, &token);
        // A block, so that the future of a call has room for the response or the replay, not for both.
        {
            let reply = self.next.send(call).await?;
            if !is_token_rejected(call.info.context().envelope, &reply) {
                return Ok(reply);
            }
            let repeatable = call.is_repeatable();
            let newer = self.refresh(&call.info, &token, repeatable).await?;
            let Some(newer) = newer.filter(|_| call.restore()) else {
                return Ok(reply);
            };
            call.info.set_sent(newer.header().clone());
            authorize(call, &newer);
        }
        self.next.send(call).await
    }
}

impl<N> TokenRefresh<N> {
    /// The token that the call is to carry, and whether the session gave it.
    async fn resolve(
        &self,
        info: &CallInfo,
        credential: CredentialUse,
    ) -> Result<Option<(Token, bool)>, BoxError> {
        let context = info.context();
        if let Some(own) = context.options.token()
            && credential != CredentialUse::None
        {
            return Ok(Some((Token::bearer(own, None)?, false)));
        }
        // An attempt that is not made says nothing of those before it, which may have reached the service.
        let late = |error: Error| error.with_sent(info.attempts() > 0);
        let resolution = self
            .credentials
            .resolve(credential, info.identity(), context.direct);
        match resolution.map_err(late)? {
            Resolution::Known(token) => Ok(token),
            Resolution::Pending(token) => {
                let token = info.within_deadline(token).await.map_err(late)??;
                let settled = self.credentials.settle(credential, info.identity(), token);
                Ok(settled.map_err(late)?)
            }
        }
    }

    /// A newer token of the same session for a call whose token was rejected, if the call can be sent
    /// again.
    async fn refresh(
        &self,
        info: &CallInfo,
        rejected: &Token,
        repeatable: bool,
    ) -> Result<Option<Token>, BoxError> {
        let Some(provider) = self.credentials.session() else {
            return Ok(None);
        };
        provider.reject(rejected);
        if !repeatable {
            return Ok(None);
        }
        tracing::debug!(
            generation = rejected.generation(),
            "token rejected, refreshing"
        );
        let waited = info.within_deadline(provider.token()).await;
        let newer = match waited.map_err(|error| error.with_sent(false))? {
            Ok(newer) => newer,
            // The session is over, which is what the response says.
            Err(error) if error.is_unauthenticated() && error.code().is_some() => None,
            Err(error) => return Err(error.with_sent(false).into()),
        };
        Ok(newer.filter(|newer| {
            newer.generation() != rejected.generation() && newer.lineage() == rejected.lineage()
        }))
    }
}

fn authorize(call: &mut Call, token: &Token) {
    let headers = call.request.headers_mut();
    headers.insert(AUTHORIZATION, token.header().clone());
}

/// Whether the response rejects the token itself, as far as a refresh can mend that.
fn is_token_rejected(envelope: Envelope, reply: &Reply) -> bool {
    if reply.response.status() != StatusCode::UNAUTHORIZED {
        return false;
    }
    let Some(code) = reply.error.as_ref().and_then(Error::code) else {
        return false;
    };
    match code.as_str() {
        "ACCESS_TOKEN_EXPIRED" | "ACCESS_TOKEN_INVALID" | "INVALID_ACCESS_TOKEN" => true,
        // Elsewhere it may be the word of the user's own service, which has done its work already.
        "unauthenticated" => envelope == Envelope::Auth,
        _ => false,
    }
}
