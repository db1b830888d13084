//! The client: sends operations through the stack and reads their answers.

mod builder;
mod redact;
pub(crate) mod stack;

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use bytes::Bytes;
use futures_core::future::BoxFuture;
use http::Request;
use http::header::AUTHORIZATION;
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use tokio::runtime::Handle;
use tower::ServiceExt as _;

pub use self::builder::ClientBuilder;
use crate::body::{Body, Limit};
use crate::config::{Config, EnvId};
use crate::credential::{CredentialProvider, Credentials, Token};
use crate::error::{Error, ErrorResponse, Result, parse_envelope};
use crate::layer::{ByHand, collect_answer};
use crate::operation::{CallInfo, CallState, CredentialUse, Head, Idempotency, Operation, Parts};
use crate::response::{Meta, Response};
use crate::service::{BoxError, HttpService, Stack, on_runtime};

/// A connection pool and a stack of layers for one environment.
///
/// Cheap to clone; clones share everything. Built outside or inside a runtime, usable on any.
/// One client per process is enough.
///
/// Calls are made on a tokio runtime with timers and I/O enabled ([`enable_all`]); without a runtime
/// they end with an error of kind [`Local`](crate::ErrorKind::Local). A connection is driven by the
/// runtime that opened it, and ends with that: in a program with several runtimes each has
/// connections of its own.
///
/// [`enable_all`]: https://docs.rs/tokio/latest/tokio/runtime/struct.Builder.html#method.enable_all
///
/// ```
/// use cloudbase_core::Client;
///
/// let client = Client::builder()
///     .env_id("my-env-1a2b3c")
///     .endpoint("http://127.0.0.1:8787")
///     .build()?;
/// assert_eq!(client.env_id().as_str(), "my-env-1a2b3c");
/// # Ok::<(), cloudbase_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    config: Arc<Config>,
    credentials: Arc<Credentials>,
    stack: Arc<dyn Stack>,
    /// Whether the user has put something into the stack.
    open: bool,
    /// The same transport and attempt layers without session and call layers: what a session
    /// uses to renew itself. Absent in that client itself.
    direct: Option<Client>,
    /// The one user that all calls are made for; no session has a part in them.
    user: Option<User>,
}

struct User {
    secret: SecretString,
    token: Token,
}

impl User {
    /// Puts the user's token where a user's token goes and none was chosen for the call.
    fn sign(&self, call: &mut Parts) {
        let takes_one = !matches!(
            call.credential,
            CredentialUse::AccessKey | CredentialUse::None
        );
        if takes_one && call.options.token().is_none() {
            call.options.set_token(self.secret.clone());
        }
    }
}

impl Client {
    /// Starts a client with the default settings.
    pub fn builder() -> ClientBuilder {
        ClientBuilder::default()
    }

    /// A client with these settings and no layers of its own.
    ///
    /// # Errors
    ///
    /// As [`ClientBuilder::build`].
    pub fn new(config: Config) -> Result<Self> {
        ClientBuilder::from_config(config).build()
    }

    pub(crate) fn from_parts(
        config: Arc<Config>,
        credentials: Arc<Credentials>,
        stack: Arc<dyn Stack>,
        open: bool,
        direct: Option<Self>,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                config,
                credentials,
                stack,
                open,
                direct,
                user: None,
            }),
        }
    }

    /// A client on the same connections and layers that makes every call as the user whose access
    /// token this is: for servers that act for many users. It has no part in the session of the
    /// client that it comes from, and never renews the token: a token that has ended is refused by
    /// the gateway, and the call fails.
    ///
    /// A token given for a single call still comes first. Auth calls that need no user carry the
    /// access key as ever.
    ///
    /// # Errors
    ///
    /// [`Argument`](crate::ErrorKind::Argument) if the token is empty or holds characters that a
    /// header must not.
    ///
    /// ```
    /// # let client = cloudbase_core::Client::builder().env_id("my-env-1a2b3c").endpoint("http://127.0.0.1:8787").build()?;
    /// let theirs = client.for_user("eyJhbGciOi.J9.c2ln")?;
    /// # Ok::<(), cloudbase_core::Error>(())
    /// ```
    pub fn for_user(&self, token: impl Into<SecretString>) -> Result<Self> {
        let secret = token.into();
        let token = Token::bearer(&secret, None)?;
        Ok(Self {
            inner: Arc::new(Inner {
                config: self.inner.config.clone(),
                credentials: self.inner.credentials.clone(),
                stack: self.inner.stack.clone(),
                open: self.inner.open,
                direct: Some(self.direct()),
                user: Some(User { secret, token }),
            }),
        })
    }

    /// Whether this client makes all calls as [one user](Self::for_user).
    #[doc(hidden)]
    pub fn is_for_user(&self) -> bool {
        self.inner.user.is_some()
    }

    /// The settings of this client.
    pub fn config(&self) -> &Config {
        &self.inner.config
    }

    /// The environment that this client talks to.
    pub fn env_id(&self) -> &EnvId {
        self.inner.config.env_id()
    }

    /// The whole stack as a tower service, for calls that the SDK does not know: give it a request
    /// whose URI is a path on the gateway.
    ///
    /// Like every call, one of these outside a runtime is an error.
    pub fn service(&self) -> HttpService {
        let service = on_runtime(self.inner.stack.service());
        let token = self.inner.user.as_ref().map(|user| &user.token);
        let token = token.map(|token| token.header().clone());
        if token.is_none() && !self.inner.open {
            return service;
        }
        crate::service::erase(service.map_request(move |mut request: Request<Body>| {
            request.extensions_mut().insert(ByHand);
            let ours = request.uri().authority().is_none();
            if let Some(token) = &token
                && ours
                && !request.headers().contains_key(AUTHORIZATION)
            {
                request.headers_mut().insert(AUTHORIZATION, token.clone());
            }
            request
        }))
    }

    /// A client on the same connections that carries the access key but never the session, and
    /// passes none of the user's call layers: what renews a session must not wait for it.
    #[doc(hidden)]
    pub fn direct(&self) -> Self {
        self.inner.direct.clone().unwrap_or_else(|| self.clone())
    }

    /// The credentials of this client.
    #[doc(hidden)]
    pub fn credentials(&self) -> &Arc<Credentials> {
        &self.inner.credentials
    }

    /// Makes `provider` the source of the session's token. The first one stays; returns whether
    /// this was it.
    #[doc(hidden)]
    pub fn install_session(&self, provider: Arc<dyn CredentialProvider>) -> bool {
        // The credentials are those of the client that this one comes from.
        !self.is_for_user() && self.inner.credentials.install_session(provider)
    }

    /// Sends a call and hands on the answer once its head is there and is no error. An ordinary
    /// answer is in memory by then; that of a [transfer](Operation::transfer) is a stream.
    ///
    /// # Errors
    ///
    /// Whatever keeps the call from succeeding, with operation, attempts and request id.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives the call up; whether it took effect is then unknown.
    pub async fn execute(&self, operation: Operation) -> Result<Response<Body>> {
        self.begin(operation)?.finish().await
    }

    fn begin(&self, operation: Operation) -> Result<Flight<'_>> {
        let mut parts = operation.parts;
        // Timers and connections are the runtime's, and panic without one.
        if Handle::try_current().is_err() {
            return Err(Error::no_runtime().with_operation(parts.name));
        }
        parts
            .options
            .check()
            .map_err(|error| error.with_operation(parts.name))?;
        let limit = parts.options.max_response_size();
        if let Some(user) = &self.inner.user {
            user.sign(&mut parts);
        }
        let require_user = parts.options.require_user();
        if require_user.unwrap_or(self.inner.config.require_user()) {
            parts.credential = parts.credential.of_a_user();
        }
        let call = describe(&mut parts, self.inner.open);
        if self.inner.open {
            parts.request.extensions_mut().insert(call.clone());
        } else {
            parts.request.body_mut().set_call(call.clone());
        }
        Ok(Flight {
            client: &self.inner,
            answer: self.inner.stack.send(parts.request),
            call,
            limit: limit.unwrap_or_else(|| self.inner.config.max_response_size()),
        })
    }

    /// Sends a call and reads the whole answer, at most
    /// [`max_response_size`](crate::CallOptions::with_max_response_size) bytes of it.
    ///
    /// # Errors
    ///
    /// As [`execute`](Self::execute); [`TooLarge`](crate::ErrorKind::TooLarge).
    pub async fn fetch(&self, operation: Operation) -> Result<Response<Bytes>> {
        let flight = self.begin(operation)?;
        let limit = flight.limit;
        let (body, meta) = flight.finish().await?.into_parts();
        // As a rule the answer is in memory already.
        let bytes = match body.into_memory(limit) {
            Ok(bytes) => Ok(bytes),
            Err(body) => Box::pin(body.into_answer(limit)).await,
        };
        match bytes {
            Ok(bytes) => Ok(Response::from_parts(bytes, meta)),
            Err(error) => Err(meta.complete(error)),
        }
    }

    /// Sends a call and reads the answer as JSON.
    ///
    /// # Errors
    ///
    /// As [`fetch`](Self::fetch); [`Decode`](crate::ErrorKind::Decode) with the JSON path.
    pub async fn fetch_json<T: DeserializeOwned>(
        &self,
        operation: Operation,
    ) -> Result<Response<T>> {
        self.fetch(operation).await?.json()
    }
}

/// A call that is on its way.
struct Flight<'a> {
    client: &'a Inner,
    answer: BoxFuture<'static, std::result::Result<http::Response<Body>, BoxError>>,
    call: CallInfo,
    limit: u64,
}

impl Flight<'_> {
    async fn finish(self) -> Result<Response<Body>> {
        let Self {
            client,
            answer,
            call,
            limit,
        } = self;
        let failed = |error: Error| {
            error
                .with_operation(call.operation())
                .or_request_id(Some(call.request_id()))
                .with_attempts(call.attempts())
                .settle(call.is_idempotent())
        };
        let mut answer = answer
            .await
            .map_err(|error| client.redact(failed(Error::from_boxed(error)), &call))?;
        // A layer of the user's may have wrapped what was read already.
        if answer.body().is_streaming() {
            answer = Box::pin(collect_answer(answer, &call, limit))
                .await
                .map_err(|error| client.redact(failed(Error::from_boxed(error)), &call))?;
        }
        let (head, body) = answer.into_parts();
        // A transfer's success is a stream, and not looked into.
        let bytes = body.as_bytes().unwrap_or_default();
        let error = if head.status.is_success() || !call.0.options.any_status() {
            parse_envelope(call.0.envelope, head.status, &head.headers, bytes)
        } else if bytes.len() as u64 > limit {
            let error = Limit::MaxResponseSize.exceeded(limit);
            Some(error.with_status(head.status))
        } else {
            None
        };
        if let Some(error) = error {
            let error = match call.0.keeps_response {
                true => error.with_response(ErrorResponse::new(head.status, head.headers, bytes)),
                false => error,
            };
            return Err(failed(client.redact(error, &call)));
        }
        let meta = Meta {
            operation: call.operation(),
            status: head.status,
            headers: head.headers,
            sent_request_id: call.0.request_id,
            body_request_id: None,
            attempts: call.attempts(),
        };
        Ok(Response::from_parts(body, meta))
    }
}

/// `open`: the user's layers see the request, and may change it.
fn describe(parts: &mut Parts, open: bool) -> CallInfo {
    if let Some(headers) = parts.options.take_headers() {
        parts.request.headers_mut().extend(headers);
    }
    let content = match open {
        true => Bytes::new(),
        false => parts.request.body_mut().take_content(),
    };
    let chosen = parts.options.idempotent();
    let request_id = parts.options.sent_request_id();
    CallInfo(Arc::new(CallState {
        name: parts.name,
        template: parts.template,
        idempotent: chosen.unwrap_or_else(|| parts.idempotency.is_repeatable()),
        reads: chosen.unwrap_or(parts.idempotency == Idempotency::Safe),
        credential: parts.credential,
        envelope: parts.envelope,
        transfer: parts.transfer,
        keeps_response: parts.keeps_response,
        external: parts.request.uri().authority().is_some(),
        options: std::mem::take(&mut parts.options),
        identity: OnceLock::new(),
        sent: Mutex::default(),
        request_id,
        // Here, where it stays: it is large.
        head: match open {
            true => None,
            false => Some(Head::of(&parts.request)),
        },
        content,
        attempts: AtomicU32::new(0),
        deadline: Mutex::default(),
        covered: AtomicBool::new(false),
        fresh: AtomicBool::new(false),
    }))
}

impl CallInfo {
    pub(crate) fn count_attempt(&self) -> u32 {
        self.0.attempts.fetch_add(1, Ordering::Relaxed) + 1
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("config", &self.inner.config)
            .field("for_user", &self.is_for_user())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
