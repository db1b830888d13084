//! Attaches the newest token; after a refused one, renews once and sends the call once more.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::header::AUTHORIZATION;
use http::{Request, Response, StatusCode};
use tower::{Layer, Service};

use super::spare::Spare;
use crate::body::Body;
use crate::credential::{Credentials, Token};
use crate::error::{Error, Result, parse_envelope};
use crate::operation::{CallInfo, CredentialUse, Envelope};
use crate::service::BoxError;

/// Puts [`Auth`] around a service.
#[derive(Clone, Debug)]
pub struct AuthLayer {
    credentials: Arc<Credentials>,
}

impl AuthLayer {
    /// The layer with these credentials.
    pub fn new(credentials: Arc<Credentials>) -> Self {
        Self { credentials }
    }
}

impl<S> Layer<S> for AuthLayer {
    type Service = Auth<S>;

    fn layer(&self, inner: S) -> Auth<S> {
        Auth {
            inner,
            credentials: self.credentials.clone(),
        }
    }
}

/// Attaches the token that a call wants; see [`CredentialUse`].
///
/// Where the gateway refuses the session's token as expired or invalid (401 with one of the token
/// codes; a refused permission is none), the provider is told, and the call is sent once more with
/// a newer token if its body can be sent again. A streamed body cannot: its caller gets the 401.
#[derive(Clone, Debug)]
pub struct Auth<S> {
    inner: S,
    credentials: Arc<Credentials>,
}

impl<S> Service<Request<Body>> for Auth<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = BoxError> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let spare = self.inner.clone();
        let ready = std::mem::replace(&mut self.inner, spare);
        Box::pin(send(ready, self.credentials.clone(), request))
    }
}

async fn send<S>(
    mut service: S,
    credentials: Arc<Credentials>,
    mut request: Request<Body>,
) -> Result<Response<Body>, BoxError>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = BoxError>,
{
    let call = request.extensions().get::<CallInfo>().cloned();
    let wanted = match &call {
        Some(call) => call.credential(),
        // A request of the user's own, for a path on the gateway.
        None if request.uri().authority().is_none() => CredentialUse::Optional,
        None => CredentialUse::None,
    };
    // A caller who sets the header means it.
    if request.headers().contains_key(AUTHORIZATION) {
        return service.call(request).await;
    }
    if let Some(own) = call.as_ref().and_then(|call| call.0.options.token.as_ref())
        && wanted != CredentialUse::None
    {
        let token = Token::bearer(own, None)?;
        request
            .headers_mut()
            .insert(AUTHORIZATION, token.header().clone());
        return service.call(request).await;
    }
    let Some((token, from_session)) = credentials.resolve(wanted).await? else {
        return service.call(request).await;
    };
    let spare = if from_session {
        Spare::of(&request)
    } else {
        None
    };
    request
        .headers_mut()
        .insert(AUTHORIZATION, token.header().clone());
    let answer = service.call(request).await?;
    if !from_session || !is_token_refused(call.as_ref(), &answer) {
        return Ok(answer);
    }
    let Some(provider) = credentials.session() else {
        return Ok(answer);
    };
    provider.reject(&token);
    let Some(spare) = spare else {
        return Ok(answer);
    };
    tracing::debug!(generation = token.generation(), "token refused, renewing");
    match provider.token().await {
        Ok(Some(newer)) if newer.generation() != token.generation() => {
            let mut request = spare.into_request();
            request
                .headers_mut()
                .insert(AUTHORIZATION, newer.header().clone());
            std::future::poll_fn(|cx| service.poll_ready(cx)).await?;
            service.call(request).await
        }
        // The session has ended: the refusal stands.
        Ok(_) => Ok(answer),
        Err(error) => Err(error.with_sent(false).into()),
    }
}

/// Whether the answer says that the token itself is no good, as far as a renewal can mend that.
fn is_token_refused(call: Option<&CallInfo>, answer: &Response<Body>) -> bool {
    if answer.status() != StatusCode::UNAUTHORIZED {
        return false;
    }
    let Some(bytes) = answer.body().as_bytes() else {
        return false;
    };
    let envelope = call.map_or(Envelope::Gateway, |call| call.0.envelope);
    let error = parse_envelope(envelope, answer.status(), answer.headers(), bytes);
    let Some(code) = error.as_ref().and_then(Error::code) else {
        return false;
    };
    matches!(
        code.as_str(),
        "ACCESS_TOKEN_EXPIRED"
            | "ACCESS_TOKEN_INVALID"
            | "INVALID_ACCESS_TOKEN"
            | "unauthenticated"
    )
}
