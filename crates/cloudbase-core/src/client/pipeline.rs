//! The one place that composes the default stack.

use std::sync::Arc;

use futures_core::future::BoxFuture;
use futures_util::FutureExt as _;
use http::{Request, Response};

use super::Client;
use super::builder::BoxLayer;
use crate::body::{Body, Received};
use crate::config::Config;
use crate::credential::{CredentialProvider, Credentials, Token};
use crate::error::{BoxError, Result};
use crate::layer::{
    AttemptTimeout, AttemptTimeoutLayer, AttemptTrace, AttemptTraceLayer, BaseUri, BaseUriLayer,
    CallTrace, CallTraceLayer, ConcurrencyLimit, ConcurrencyLimitLayer, Either, Headers,
    HeadersLayer, Next, Reply, Retry, RetryLayer, TokenRefresh, TokenRefreshLayer, TotalTimeout,
    TotalTimeoutLayer, Tower, bottom,
};
use crate::operation::{Call, CallInfo};
use crate::transport::HttpService;
use crate::transport::{Connection, Transport};

/// From the whole call to the connections, outermost first.
type Stack = CallTrace<TotalTimeout<Retry<TokenRefresh<Either<Attempt, Layered>>>>>;

/// One attempt.
type Attempt = BaseUri<Headers<AttemptTrace<ConcurrencyLimit<AttemptTimeout<Wire>>>>>;

/// The user's layers, with what they wrap inside.
type Layered = Tower<HttpService>;

/// What a client sends its calls through.
pub(crate) struct Pipeline {
    /// The user's call layers around `inner`, if there are any.
    layered: Option<Layered>,
    inner: Either<Stack, Layered>,
}

impl Pipeline {
    /// The one box of a call: its future stays small, and its type short.
    pub(crate) fn send<'a>(&'a self, call: &'a mut Call) -> BoxFuture<'a, Result<Reply, BoxError>> {
        match (&self.layered, &self.inner) {
            (Some(layered), _) if !call.info.context().direct => {
                Box::pin(Next::send(layered, call))
            }
            (_, Either::Left(stack)) => Box::pin(stack.send(call)),
            (_, Either::Right(layered)) => Box::pin(Next::send(layered, call)),
        }
    }
}

/// The connections, or what the user has put in their place.
#[derive(Clone)]
pub(crate) enum Wire {
    Pool(Transport),
    Service(Tower<HttpService>),
}

impl Connection for Wire {
    fn send(
        &self,
        request: Request<Body>,
        info: &CallInfo,
    ) -> impl Future<Output = Result<Response<Received>, BoxError>> + Send {
        match self {
            Self::Pool(pool) => pool.send(request, info).left_future(),
            // In a box, so that a call over our own connections is not as large.
            Self::Service(service) => {
                Box::pin(Connection::send(service, request, info)).right_future()
            }
        }
    }
}

/// What a stack is made of besides its transport.
pub(crate) struct Parts {
    pub(crate) config: Arc<Config>,
    pub(crate) provider: Option<Arc<dyn CredentialProvider>>,
    pub(crate) call_layers: Vec<BoxLayer>,
    pub(crate) attempt_layers: Vec<BoxLayer>,
}

impl Parts {
    /// A client on a finished stack: nothing is added but the user's layers.
    pub(crate) fn around_stack(self, stack: HttpService) -> Result<Client> {
        let credentials = self.credentials()?;
        let stack = wrap(stack, self.attempt_layers);
        let inner = Either::Right(Tower(stack));
        Ok(client(self.config, credentials, inner, self.call_layers))
    }

    /// A client with the default stack on `wire`.
    pub(crate) fn around_wire(self, wire: Wire) -> Result<Client> {
        let credentials = self.credentials()?;
        let config = self.config;
        // Waiting for a permit takes nothing from the time of an attempt.
        let attempt = AttemptTimeoutLayer::new(&config).around(wire);
        let attempt = ConcurrencyLimitLayer::new(&config).around(attempt);
        let attempt = AttemptTraceLayer::new(&config).around(attempt);
        let attempt = HeadersLayer::new(&config)?.around(attempt);
        let attempt = BaseUriLayer::new(&config).around(attempt);
        let attempt = match self.attempt_layers.is_empty() {
            true => Either::Left(attempt),
            false => Either::Right(layered(attempt, self.attempt_layers)),
        };
        let stack = TokenRefreshLayer::new(credentials.clone()).around(attempt);
        let stack = RetryLayer::new(&config).around(stack);
        let stack = TotalTimeoutLayer::new(config.timeouts().total).around(stack);
        let stack = CallTraceLayer::new(&config).around(stack);
        let inner = Either::Left(stack);
        Ok(client(config, credentials, inner, self.call_layers))
    }

    fn credentials(&self) -> Result<Arc<Credentials>> {
        let key = self.config.access_key.as_ref();
        let key = key.map(|key| Token::bearer(key, None)).transpose()?;
        let credentials = Credentials::new(key, self.provider.clone());
        Ok(Arc::new(credentials.require_user(self.config.require_user)))
    }
}

fn client(
    config: Arc<Config>,
    credentials: Arc<Credentials>,
    inner: Either<Stack, Layered>,
    call_layers: Vec<BoxLayer>,
) -> Client {
    let layered = (!call_layers.is_empty()).then(|| layered(inner.clone(), call_layers));
    Client::new_with(config, credentials, Pipeline { layered, inner })
}

/// `next` within the user's layers.
fn layered<N: Next>(next: N, layers: Vec<BoxLayer>) -> Layered {
    Tower(wrap(bottom(next), layers))
}

fn wrap(service: HttpService, layers: Vec<BoxLayer>) -> HttpService {
    layers
        .into_iter()
        .fold(service, |service, layer| layer(service))
}
