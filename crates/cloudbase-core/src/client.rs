//! The client: sends operations through the stack and reads their responses.

mod builder;
mod by_hand;
mod pipeline;
mod redact;
mod request_builder;

use std::fmt;
use std::sync::{Arc, Weak};

use bytes::Bytes;
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use tokio::runtime::Handle;

pub use self::builder::ClientBuilder;
use self::pipeline::Pipeline;
use crate::body::{Body, SizeLimit};
use crate::config::{Config, EnvId};
use crate::credential::{CredentialProvider, Credentials, Token};
use crate::error::{BoxError, Error, ErrorResponse, Result};
use crate::layer::Reply;
use crate::operation::{Call, CredentialUse, Operation};
use crate::response::{Meta, Response};
use crate::transport::HttpService;

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
    role: Role,
}

/// A [`Client`] that may be gone.
#[derive(Clone)]
pub struct WeakClient {
    inner: Weak<Inner>,
    role: Role,
}

impl WeakClient {
    /// The client, unless all handles of it have been dropped.
    pub fn upgrade(&self) -> Option<Client> {
        let inner = self.inner.upgrade()?;
        let role = self.role.clone();
        Some(Client { inner, role })
    }
}

impl fmt::Debug for WeakClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakClient").finish_non_exhaustive()
    }
}

struct Inner {
    config: Arc<Config>,
    credentials: Arc<Credentials>,
    pipeline: Pipeline,
}

/// For whom the calls of a client are made.
#[derive(Clone)]
enum Role {
    /// The session's user, else the access key.
    App,
    /// Nobody: the session refreshes itself by these. Neither it nor the user's call layers take part.
    Direct,
    /// One user; no session takes part.
    User(Arc<User>),
}

struct User {
    secret: SecretString,
    token: Token,
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

    fn new_with(config: Arc<Config>, credentials: Arc<Credentials>, pipeline: Pipeline) -> Self {
        Self {
            inner: Arc::new(Inner {
                config,
                credentials,
                pipeline,
            }),
            role: Role::App,
        }
    }

    fn with_role(&self, role: Role) -> Self {
        Self {
            inner: self.inner.clone(),
            role,
        }
    }

    /// A client on the same connections and layers that makes every call as the user whose access
    /// token this is: for servers that act for many users. It has no part in the session of the
    /// client that it comes from, and never refreshes the token: an expired token is rejected by the
    /// gateway, and the call fails.
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
        Ok(self.with_role(Role::User(Arc::new(User { secret, token }))))
    }

    /// Whether this client makes all calls as [one user](Self::for_user).
    #[doc(hidden)]
    pub fn is_for_user(&self) -> bool {
        matches!(self.role, Role::User(_))
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
        by_hand::service(self.clone())
    }

    /// A client on the same connections that carries the access key but never the session, and
    /// passes none of the user's call layers: what refreshes a session must not wait for it.
    #[doc(hidden)]
    pub fn direct(&self) -> Self {
        self.with_role(Role::Direct)
    }

    /// A handle that does not keep this client alive: for what the client itself holds.
    #[doc(hidden)]
    pub fn downgrade(&self) -> WeakClient {
        WeakClient {
            inner: Arc::downgrade(&self.inner),
            role: self.role.clone(),
        }
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

    /// Sends a call and returns the response once its head is there and is no error. An ordinary
    /// response is in memory by then; that of a [transfer](Operation::transfer) is a stream.
    ///
    /// # Errors
    ///
    /// Whatever keeps the call from succeeding, with operation, attempts and request id.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives the call up; whether it took effect is then unknown.
    pub async fn execute(&self, operation: Operation) -> Result<Response<Body>> {
        let mut call = self.begin(operation)?;
        let result = self.inner.pipeline.send(&mut call).await;
        self.finish(&call, result)
    }

    /// Sends a call and reads the whole response, at most
    /// [`max_response_size`](crate::CallOptions::with_max_response_size) bytes of it.
    ///
    /// # Errors
    ///
    /// As [`execute`](Self::execute); [`TooLarge`](crate::ErrorKind::TooLarge).
    pub async fn fetch(&self, operation: Operation) -> Result<Response<Bytes>> {
        let limit = operation.parts.options.max_response_size();
        let limit = limit.unwrap_or(self.inner.config.max_response_size());
        let (body, meta) = self.execute(operation).await?.into_parts();
        // As a rule the response is in memory already.
        let bytes = match body.into_plain() {
            Ok(bytes) if bytes.len() as u64 <= limit => Ok(bytes),
            Ok(_) => Err(SizeLimit::MaxResponseSize.exceeded(limit)),
            Err(body) => Box::pin(body.read(limit, SizeLimit::MaxResponseSize)).await,
        };
        match bytes {
            Ok(bytes) => Ok(Response::from_parts(bytes, meta)),
            Err(error) => Err(meta.complete(error)),
        }
    }

    /// Sends a call and reads the response as JSON.
    ///
    /// # Errors
    ///
    /// As [`fetch`](Self::fetch); [`Decode`](crate::ErrorKind::Decode) with the JSON path.
    pub async fn fetch_json<T: DeserializeOwned>(
        &self,
        operation: Operation,
    ) -> Result<Response<T>> {
        self.fetch(operation).await?.into_json()
    }

    fn begin(&self, operation: Operation) -> Result<Call> {
        let mut parts = operation.parts;
        // Timers and connections are the runtime's, and panic without one.
        if Handle::try_current().is_err() {
            return Err(Error::no_runtime().with_operation(parts.name));
        }
        let checked = parts.options.check();
        checked.map_err(|error| error.with_operation(parts.name))?;
        if let Role::User(user) = &self.role
            && parts.options.token().is_none()
            && !matches!(
                parts.credential,
                CredentialUse::AccessKey | CredentialUse::None
            )
        {
            parts.options.set_token(user.secret.clone());
        }
        let require_user = parts.options.require_user();
        if require_user.unwrap_or(self.inner.config.require_user()) {
            parts.credential = parts.credential.of_a_user();
        }
        let direct = matches!(self.role, Role::Direct);
        let max_response_size = self.inner.config.max_response_size();
        Ok(Call::new(parts, max_response_size, direct))
    }

    fn finish(
        &self,
        call: &Call,
        result: std::result::Result<Reply, BoxError>,
    ) -> Result<Response<Body>> {
        let (info, context) = (&call.info, call.info.context());
        let failed = |error: Error| {
            self.redact(error, info)
                .with_operation(info.operation())
                .or_request_id(Some(info.request_id()))
                .with_attempts(info.attempts())
                .settle(info.is_idempotent())
        };
        let reply = result.map_err(|error| failed(Error::from_boxed(error)))?;
        let (head, body) = reply.response.into_parts();
        let bytes = body.as_bytes().unwrap_or_default();
        let error = if head.status.is_success() || !context.options.any_status() {
            reply.error
        } else {
            let limit = context.options.max_response_size();
            let limit = limit.unwrap_or(context.max_response_size);
            (bytes.len() as u64 > limit).then(|| {
                SizeLimit::MaxResponseSize
                    .exceeded(limit)
                    .with_status(head.status)
            })
        };
        if let Some(error) = error {
            return Err(failed(match context.keeps_response {
                true => error.with_response(ErrorResponse::new(head.status, head.headers, bytes)),
                false => error,
            }));
        }
        let meta = Box::new(Meta {
            operation: info.operation(),
            status: head.status,
            headers: head.headers,
            sent_request_id: context.request_id,
            body_request_id: None,
            attempts: info.attempts(),
            keeps_response: context.keeps_response,
        });
        Ok(Response::from_parts(body, meta))
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
