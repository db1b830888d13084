//! Puts an application together.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use cloudbase_core::config::Site;
use cloudbase_core::credential::CredentialProvider;
use cloudbase_core::{Body, BoxError, ClientBuilder, Config, HttpService, Result, SecretString};
use http::{Request, Response};
use tower::{Layer, Service};

use crate::CloudBase;

/// Builds a [`CloudBase`].
///
/// The usual settings are methods here; [`client`](Self::client) reaches all others. Nothing is
/// checked and nothing opened before [`build`](Self::build).
#[must_use = "a builder does nothing until `build` is called"]
#[derive(Default)]
pub struct CloudBaseBuilder {
    client: ClientBuilder,
    #[cfg(feature = "auth")]
    auth: Vec<AuthSetting>,
}

#[cfg(feature = "auth")]
type AuthSetting =
    Box<dyn FnOnce(cloudbase_auth::AuthBuilder) -> cloudbase_auth::AuthBuilder + Send>;

impl CloudBaseBuilder {
    /// Starts an application for the environment `env_id`.
    pub fn new(env_id: impl Into<String>) -> Self {
        Self::from_client(ClientBuilder::default().env_id(env_id))
    }

    /// Starts with what the environment variables say; see [`Config::from_env`].
    pub fn from_env() -> Self {
        Self::from_client(ClientBuilder::from_env())
    }

    /// Starts with the settings of `config`.
    pub fn from_config(config: Config) -> Self {
        Self::from_client(ClientBuilder::from_config(config))
    }

    /// Starts with a client that is configured already.
    pub fn from_client(client: ClientBuilder) -> Self {
        Self {
            client,
            #[cfg(feature = "auth")]
            auth: Vec::new(),
        }
    }

    /// Changes any setting of the client: pool, proxy, certificates, retries, …
    ///
    /// ```
    /// use cloudbase::CloudBase;
    ///
    /// let app = CloudBase::builder("my-env-1a2b3c")
    ///     .endpoint("http://127.0.0.1:8787")
    ///     .client(|client| client.max_attempts(5).no_proxy())
    ///     .build()?;
    /// # Ok::<(), cloudbase::Error>(())
    /// ```
    pub fn client(mut self, change: impl FnOnce(ClientBuilder) -> ClientBuilder) -> Self {
        self.client = change(self.client);
        self
    }

    /// The region of the environment. Default `ap-shanghai`.
    pub fn region(self, name: impl Into<String>) -> Self {
        self.client(|client| client.region(name))
    }

    /// The site of the environment, where the region does not decide it.
    #[doc(alias = "intl")]
    pub fn site(self, site: Site) -> Self {
        self.client(|client| client.site(site))
    }

    /// Where calls go, instead of the environment's own host: the emulator, a proxy, a private
    /// deployment.
    #[doc(alias = "registerHost")]
    pub fn endpoint(self, url: impl Into<String>) -> Self {
        self.client(|client| client.endpoint(url))
    }

    /// Allows an [`endpoint`](Self::endpoint) on another machine that speaks plain http. Default no: anyone who
    /// listens in sees tokens and passwords.
    ///
    /// ```
    /// use cloudbase::CloudBase;
    ///
    /// let builder = CloudBase::builder("my-env-1a2b3c").endpoint("http://192.168.1.5:8787");
    /// let app = builder.allow_plain_http(true).build()?;
    /// # Ok::<(), cloudbase::Error>(())
    /// ```
    pub fn allow_plain_http(self, allow: bool) -> Self {
        self.client(|client| client.allow_plain_http(allow))
    }

    /// The publishable key or API key that calls carry while nobody is signed in.
    #[doc(alias = "accessKey")]
    pub fn access_key(self, key: impl Into<SecretString>) -> Self {
        self.client(|client| client.access_key(key))
    }

    /// The language in which the service words its messages. Default `zh-CN`.
    #[doc(alias = "lang")]
    pub fn language(self, tag: impl Into<String>) -> Self {
        self.client(|client| client.language(tag))
    }

    /// Limits a call with all its attempts. Default 60 s.
    pub fn timeout(self, limit: Duration) -> Self {
        self.client(|client| client.timeout(limit))
    }

    /// Wraps each call, outside the total timeout; [`ClientBuilder::layer`] says what a layer must be,
    /// and has a recipe for a rate limit.
    ///
    /// There is no option `debug` as in the other SDKs: `tracing` events report each call and attempt, and
    /// never hold a body, while a layer sees requests and responses whole.
    ///
    /// The builder keeps its type whatever is added, so a layer can be added on a condition:
    ///
    /// ```
    /// use cloudbase::CloudBase;
    /// use tower_http::trace::TraceLayer;
    ///
    /// let mut builder = CloudBase::builder("my-env-1a2b3c").endpoint("http://127.0.0.1:8787");
    /// if std::env::args().any(|argument| argument == "--verbose") {
    ///     builder = builder.layer(TraceLayer::new_for_http());
    /// }
    /// let app = builder.build()?;
    /// # Ok::<(), cloudbase::Error>(())
    /// ```
    #[doc(alias = "debug")]
    pub fn layer<L, B>(self, layer: L) -> Self
    where
        L: Layer<HttpService> + Send + 'static,
        L::Service: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request<Body>>>::Error: Into<BoxError>,
        <L::Service as Service<Request<Body>>>::Future: Send + 'static,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        self.client(|client| client.layer(layer))
    }

    /// Wraps each attempt; see [`ClientBuilder::attempt_layer`].
    pub fn attempt_layer<L, B>(self, layer: L) -> Self
    where
        L: Layer<HttpService> + Send + 'static,
        L::Service: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request<Body>>>::Error: Into<BoxError>,
        <L::Service as Service<Request<Body>>>::Future: Send + 'static,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        self.client(|client| client.attempt_layer(layer))
    }

    /// Replaces the connections; see [`ClientBuilder::transport`].
    pub fn transport<S, B>(self, service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        self.client(|client| client.transport(service))
    }

    /// Takes tokens from `provider` instead of a session of this application.
    pub fn credentials(self, provider: impl CredentialProvider) -> Self {
        self.client(|client| client.credentials(provider))
    }

    /// Keeps the session in `store`. Default: in memory.
    #[cfg(feature = "auth")]
    #[doc(alias = "persistence")]
    pub fn session_store(self, store: impl cloudbase_auth::SessionStore) -> Self {
        self.auth(|auth| auth.session_store(store))
    }

    /// Shows captchas to the user with `handler` whenever the service asks for one.
    #[cfg(feature = "auth")]
    #[doc(alias = "captchaConfig")]
    pub fn captcha_handler(self, handler: impl cloudbase_auth::CaptchaHandler) -> Self {
        self.auth(|auth| auth.captcha_handler(handler))
    }

    /// Changes any setting of auth.
    #[cfg(feature = "auth")]
    #[doc(alias = "authConfig")]
    pub fn auth(
        mut self,
        change: impl FnOnce(cloudbase_auth::AuthBuilder) -> cloudbase_auth::AuthBuilder + Send + 'static,
    ) -> Self {
        self.auth.push(Box::new(change));
        self
    }

    /// Checks the settings and makes the application. Touches neither the network nor a runtime.
    ///
    /// # Errors
    ///
    /// [`Config`](crate::ErrorKind::Config) naming the setting and its rule, never the value of a
    /// secret.
    pub fn build(self) -> Result<CloudBase> {
        let client = self.client.build()?;
        #[cfg(feature = "auth")]
        let auth = self
            .auth
            .into_iter()
            .fold(
                cloudbase_auth::Auth::builder(client.clone()),
                |auth, change| change(auth),
            )
            .build()?;
        Ok(CloudBase::from_parts(
            client,
            #[cfg(feature = "auth")]
            auth,
        ))
    }
}

impl fmt::Debug for CloudBaseBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CloudBaseBuilder")
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}
