//! Puts a client together: settings, credentials, layers, transport.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use tower::{Layer, Service};

use super::Client;
use super::pipeline::{Parts, Wire};
use crate::body::Body;
use crate::config::{Config, Environment, Settings, setters};
use crate::credential::CredentialProvider;
use crate::error::{BoxError, Result};
use crate::layer::Tower;
use crate::transport;
use crate::transport::{HttpService, erase};

pub(crate) type BoxLayer = Box<dyn Fn(HttpService) -> HttpService + Send>;

/// Builds a [`Client`].
///
/// One type whatever is added to it, so layers can be added in loops and under conditions, and the
/// builder can be a field. Nothing is checked and nothing opened before [`build`](Self::build).
///
/// # Layers
///
/// ```text
/// call ─ layer (last added outermost) ─ trace, total timeout ─ retry ─ token refresh ─ attempt_layer ─ URI, headers, limits ─ transport
/// ```
#[must_use = "a builder does nothing until `build` is called"]
#[derive(Default)]
pub struct ClientBuilder {
    settings: Settings,
    config: Settings,
    environment: Environment,
    provider: Option<Arc<dyn CredentialProvider>>,
    call_layers: Vec<BoxLayer>,
    attempt_layers: Vec<BoxLayer>,
    bottom: Bottom,
}

#[derive(Default)]
enum Bottom {
    #[default]
    Hyper,
    /// Replaces the connections; the stack stays.
    Transport(HttpService),
    /// Replaces the whole stack.
    Stack(HttpService),
}

impl ClientBuilder {
    /// Starts with the settings of `config`; later calls on the builder beat them.
    pub fn from_config(config: Config) -> Self {
        Self::default().config(config)
    }

    /// A client that sends every call to `service` and adds nothing: no retry, no credential, no
    /// headers. For stacks of one's own made of [`layers`](crate::layers), and for tests.
    pub fn from_service<S, B>(service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        Self {
            bottom: Bottom::Stack(erase(service)),
            ..Self::default()
        }
    }

    /// Takes what is set neither here nor in a [`config`](Self::config) from environment variables;
    /// see [`Config`] for their names.
    pub fn from_env() -> Self {
        Self {
            environment: Environment::of_process(),
            ..Self::default()
        }
    }

    /// Takes what is not set here from `config`.
    pub fn config(mut self, config: Config) -> Self {
        self.config = config.into_settings().or(self.config);
        self
    }

    /// Wraps each *call*: the layer sees one request, even if it is sent several times, before it
    /// has a credential or a host. A layer that is added later wraps those added before.
    ///
    /// # What a layer must be
    ///
    /// The service that it makes is cloned for each call and shared between threads: it is `Clone +
    /// Send + Sync + 'static` and takes `Request<Body>`. Its future is `Send`, its error is a
    /// [`BoxError`] or becomes one, its response body yields [`Bytes`]. A service of tower's that
    /// cannot be cloned, such as `RateLimit`, goes into a `Buffer`. That one spawns a task when it is
    /// made: with it, and with any layer that needs a runtime, [`build`](Self::build) has to be
    /// called within one.
    ///
    /// ```
    /// use std::time::Duration;
    /// use cloudbase_core::{Body, Client};
    /// use http::Request;
    /// use tower::ServiceBuilder;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> cloudbase_core::Result<()> {
    /// // At most 5 calls a second, for all clones of the client together; 64 may wait.
    /// let rate_limit = ServiceBuilder::new()
    ///     .buffer::<Request<Body>>(64)
    ///     .rate_limit(5, Duration::from_secs(1))
    ///     .into_inner();
    /// let client = Client::builder()
    ///     .env_id("my-env-1a2b3c")
    ///     .endpoint("http://127.0.0.1:8787")
    ///     .layer(rate_limit)
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A layer that makes a new request out of the one it is given hands on its
    /// [extensions](http::Extensions): they say what the call is and whose. Without them the call ends
    /// with an error of kind [`Middleware`](crate::ErrorKind::Middleware), and nothing is sent.
    ///
    /// # Time limits
    ///
    /// A call layer is outside the [total timeout](Self::timeout), which covers what is inside it:
    /// a layer that waits (for a permit, a token, a breaker) is not cut off, and one that never
    /// returns holds the call for ever. Give such a layer a limit of its own, or wrap it in
    /// `tower::timeout::TimeoutLayer`, added after it.
    #[doc(alias = "debug")]
    pub fn layer<L, B>(mut self, layer: L) -> Self
    where
        L: Layer<HttpService> + Send + 'static,
        L::Service: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request<Body>>>::Error: Into<BoxError>,
        <L::Service as Service<Request<Body>>>::Future: Send + 'static,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        self.call_layers
            .push(Box::new(move |service| erase(layer.layer(service))));
        self
    }

    /// Wraps each *attempt*: the layer sees every request that goes out, retries and replays
    /// included, with its credential. A layer that is added later wraps those added before.
    ///
    /// It must be what a [call layer](Self::layer) must be. It is inside the total timeout and
    /// outside the attempt timeout.
    pub fn attempt_layer<L, B>(mut self, layer: L) -> Self
    where
        L: Layer<HttpService> + Send + 'static,
        L::Service: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
        <L::Service as Service<Request<Body>>>::Error: Into<BoxError>,
        <L::Service as Service<Request<Body>>>::Future: Send + 'static,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        self.attempt_layers
            .push(Box::new(move |service| erase(layer.layer(service))));
        self
    }

    /// Replaces the connections (pool, TLS, proxy) by a service that gets requests with a whole
    /// URL. The rest of the stack stays.
    pub fn transport<S, B>(mut self, service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
        S::Error: Into<BoxError>,
        S::Future: Send + 'static,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        self.bottom = Bottom::Transport(erase(service));
        self
    }

    /// Takes tokens from `provider`; it comes before the access key.
    pub fn credentials(mut self, provider: impl CredentialProvider) -> Self {
        self.provider = Some(Arc::new(provider));
        self
    }

    /// Checks the settings and makes the client. Touches neither the network nor a runtime, unless
    /// one of the user's layers does (tower's `BufferLayer` panics outside one).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`](crate::ErrorKind::Config) naming the setting and its rule.
    pub fn build(self) -> Result<Client> {
        let config = self.settings.or(self.config).finish(self.environment)?;
        let config = Arc::new(config);
        let parts = Parts {
            config,
            provider: self.provider,
            call_layers: self.call_layers,
            attempt_layers: self.attempt_layers,
        };
        match self.bottom {
            Bottom::Stack(service) => parts.around_stack(service),
            Bottom::Transport(service) => parts.around_wire(Wire::Service(Tower(service))),
            Bottom::Hyper => {
                let pool = transport::connect(&parts.config)?;
                parts.around_wire(Wire::Pool(pool))
            }
        }
    }
}

setters!(ClientBuilder);

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("settings", &self.settings)
            .field("layers", &self.call_layers.len())
            .field("attempt_layers", &self.attempt_layers.len())
            .finish_non_exhaustive()
    }
}
