//! Attaches the newest token; after a refused one, renews once and sends the call once more.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use futures_core::future::BoxFuture;
use http::header::AUTHORIZATION;
use http::{Request, Response, StatusCode};
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use super::spare::Spare;
use crate::body::Body;
use crate::credential::{Credentials, Resolution, Token};
use crate::error::{Error, Result, parse_envelope};
use crate::operation::{CallIdentity, CallInfo, CredentialUse, Envelope, Identity};
use crate::service::{BoxError, ReadyCall};

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
            shared: Arc::new(Shared {
                inner,
                credentials: self.credentials.clone(),
            }),
        }
    }
}

/// Attaches the token that a call wants; see [`CredentialUse`]. All attempts of a call are made for
/// the user of its first one, or for nobody if that was made for nobody.
///
/// Where the gateway refuses the session's token as expired or invalid (401 with one of the token
/// codes; a refused permission is none), the provider is told, and the call is sent once more with
/// a newer token if its body can be sent again. A streamed body cannot: its caller gets the 401.
#[derive(Debug)]
pub struct Auth<S> {
    shared: Arc<Shared<S>>,
}

#[derive(Debug)]
struct Shared<S> {
    /// Cloned for each sending, once there is a token.
    inner: S,
    credentials: Arc<Credentials>,
}

impl<S> Clone for Auth<S> {
    fn clone(&self) -> Self {
        Self {
            shared: self.shared.clone(),
        }
    }
}

impl<S> Service<Request<Body>> for Auth<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = BoxError> + Clone,
{
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = AuthFuture<S>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        // The inner service is asked when the token is there: a place that a limiting layer of the
        // user's gives out must not be held while the token is renewed through the same layer.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        CallIdentity::ensure(&mut request);
        let mut exchange = Exchange {
            shared: self.shared.clone(),
            envelope: CallInfo::of(&request).map_or(Envelope::Gateway, |call| call.0.envelope),
            token: None,
            spare: None,
            refused: None,
        };
        match exchange.resolve(&request) {
            Ok(Resolution::Known(token)) => AuthFuture {
                state: State::Sending {
                    future: exchange.send(request, token),
                },
                exchange,
            },
            Ok(Resolution::Pending(token)) => AuthFuture {
                state: State::Resolving {
                    request: Some(Box::new(request)),
                    token,
                },
                exchange,
            },
            Err(error) => AuthFuture {
                state: State::Refusing { error: Some(error) },
                exchange,
            },
        }
    }
}

pin_project! {
    /// The future of [`Auth`]: written out, because a box here would be one on every call.
    #[must_use = "futures do nothing unless polled"]
    pub struct AuthFuture<S>
    where
        S: Service<Request<Body>>,
    {
        exchange: Exchange<S>,
        #[pin]
        state: State<S>,
    }
}

struct Exchange<S> {
    shared: Arc<Shared<S>>,
    envelope: Envelope,
    /// The session's token that went out; other tokens are not renewed.
    token: Option<Token>,
    spare: Option<Spare>,
    /// The refusal, for the case that there is no newer token.
    refused: Option<Box<Response<Body>>>,
}

pin_project! {
    #[project = StateProjection]
    enum State<S>
    where
        S: Service<Request<Body>>,
    {
        // The request apart: few calls wait for a token, and this future is part of every call's.
        Resolving { request: Option<Box<Request<Body>>>, token: BoxFuture<'static, Result<Option<Token>>> },
        Sending { #[pin] future: ReadyCall<S> },
        Renewing { token: Renewal },
        Last { #[pin] future: ReadyCall<S> },
        Refusing { error: Option<Error> },
    }
}

type Renewal = BoxFuture<'static, Result<Option<Token>>>;

impl<S> Future for AuthFuture<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = BoxError> + Clone,
{
    type Output = Result<Response<Body>, BoxError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let exchange = this.exchange;
        loop {
            let next = match this.state.as_mut().project() {
                StateProjection::Resolving { request, token } => {
                    let token = ready!(token.as_mut().poll(cx))?;
                    match request.take() {
                        Some(request) => {
                            let token = exchange.settle(&request, token)?;
                            State::Sending {
                                future: exchange.send(*request, token),
                            }
                        }
                        None => return Poll::Pending, // polled after it was ready
                    }
                }
                StateProjection::Sending { future } => {
                    let result = ready!(future.poll(cx));
                    let answer = result.as_ref().ok();
                    let Some(token) = answer.and_then(|answer| exchange.renew(answer)) else {
                        return Poll::Ready(result);
                    };
                    exchange.refused = Some(Box::new(result?));
                    State::Renewing { token }
                }
                StateProjection::Renewing { token } => {
                    let token = match ready!(token.as_mut().poll(cx)) {
                        Ok(token) => token,
                        // The session is over, which is what the response says.
                        Err(error) if error.is_unauthenticated() && error.code().is_some() => None,
                        Err(error) => return Poll::Ready(Err(error.with_sent(false).into())),
                    };
                    match exchange.again(token) {
                        Some(request) => State::Last {
                            future: exchange.call(request),
                        },
                        // Without a newer token the refusal stands.
                        None => {
                            let refused = exchange.refused.take();
                            return Poll::Ready(Ok(refused
                                .map(|answer| *answer)
                                .unwrap_or_default()));
                        }
                    }
                }
                StateProjection::Last { future } => return future.poll(cx),
                StateProjection::Refusing { error } => match error.take() {
                    Some(error) => return Poll::Ready(Err(error.into())),
                    None => return Poll::Pending, // polled after it was ready
                },
            };
            this.state.set(next);
        }
    }
}

impl<S> Exchange<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = BoxError> + Clone,
{
    /// The token that the request wants and has not.
    fn resolve(&self, request: &Request<Body>) -> Result<Resolution> {
        // A caller who sets the header means it.
        if request.headers().contains_key(AUTHORIZATION) {
            return Ok(Resolution::Known(None));
        }
        let wanted = wanted(request);
        let own = CallInfo::of(request).and_then(|call| call.0.options.token());
        if let (Some(own), true) = (own, wanted != CredentialUse::None) {
            let token = Token::bearer(own, None)?;
            return Ok(Resolution::Known(Some((token, false))));
        }
        let identity = identity(request)?;
        let resolved = self.shared.credentials.resolve(wanted, identity);
        resolved.map_err(|error| late(error, request))
    }

    /// What the request carries, now that the session's token is known.
    fn settle(
        &self,
        request: &Request<Body>,
        token: Option<Token>,
    ) -> Result<Option<(Token, bool)>> {
        let credentials = &self.shared.credentials;
        let settled = credentials.settle(wanted(request), identity(request)?, token);
        settled.map_err(|error| late(error, request))
    }

    fn send(&mut self, mut request: Request<Body>, token: Option<(Token, bool)>) -> ReadyCall<S> {
        if let Some((token, from_session)) = token {
            if from_session {
                self.spare = Spare::of(&request);
                remember(&request, &token);
            }
            request
                .headers_mut()
                .insert(AUTHORIZATION, token.header().clone());
            self.token = from_session.then_some(token);
        }
        self.call(request)
    }

    fn call(&self, request: Request<Body>) -> ReadyCall<S> {
        ReadyCall::new(self.shared.inner.clone(), request)
    }

    /// Starts a renewal, if the answer asks for one that the call could make use of.
    fn renew(&self, answer: &Response<Body>) -> Option<Renewal> {
        let (Some(token), Some(provider)) = (&self.token, self.shared.credentials.session()) else {
            return None;
        };
        if !is_token_refused(self.envelope, answer) {
            return None;
        }
        provider.reject(token);
        self.spare.as_ref()?;
        tracing::debug!(generation = token.generation(), "token refused, renewing");
        let provider = provider.clone();
        Some(Box::pin(async move { provider.token().await }))
    }

    /// The request once more, if there is a newer token of the same session for it.
    fn again(&mut self, newer: Option<Token>) -> Option<Request<Body>> {
        let (sent, newer) = (self.token.as_ref()?, newer?);
        if newer.generation() == sent.generation() || newer.lineage() != sent.lineage() {
            return None;
        }
        let mut request = self.spare.take()?.into_request();
        remember(&request, &newer);
        request
            .headers_mut()
            .insert(AUTHORIZATION, newer.header().clone());
        Some(request)
    }
}

/// Keeps the token of an attempt with its call.
fn remember(request: &Request<Body>, token: &Token) {
    if let Some(call) = CallInfo::of(request) {
        call.sends(token);
    }
}

/// Which credential the request is to carry.
fn wanted(request: &Request<Body>) -> CredentialUse {
    match CallInfo::of(request) {
        // Another host is none of the service's: neither its tokens nor a caller's go there.
        Some(call) if call.is_external() => CredentialUse::None,
        Some(call) => call.credential(),
        // A request of the user's own, for a path on the gateway.
        None if request.uri().authority().is_none() => CredentialUse::Optional,
        None => CredentialUse::None,
    }
}

fn identity(request: &Request<Body>) -> Result<&OnceLock<Identity>> {
    // It is ensured before.
    CallIdentity::settled_by(request).ok_or_else(Identity::changed)
}

/// An attempt that is not made says nothing of those before it, which may have reached the service.
fn late(error: Error, request: &Request<Body>) -> Error {
    let earlier = CallInfo::of(request).is_some_and(|call| call.attempts() > 0);
    error.with_sent(earlier)
}

/// Whether the answer says that the token itself is no good, as far as a renewal can mend that.
fn is_token_refused(envelope: Envelope, answer: &Response<Body>) -> bool {
    if answer.status() != StatusCode::UNAUTHORIZED {
        return false;
    }
    let Some(bytes) = answer.body().as_bytes() else {
        return false;
    };
    let error = parse_envelope(envelope, answer.status(), answer.headers(), bytes);
    let Some(code) = error.as_ref().and_then(Error::code) else {
        return false;
    };
    match code.as_str() {
        "ACCESS_TOKEN_EXPIRED" | "ACCESS_TOKEN_INVALID" | "INVALID_ACCESS_TOKEN" => true,
        // Elsewhere it may be the word of the user's own service, which has done its work already.
        "unauthenticated" => envelope == Envelope::Auth,
        _ => false,
    }
}

impl<S: Service<Request<Body>>> std::fmt::Debug for AuthFuture<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuthFuture").finish_non_exhaustive()
    }
}
