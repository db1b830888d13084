//! The one place that composes the default stack.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use tower::{Layer as _, Service};

use super::Client;
use super::builder::BoxLayer;
use crate::body::Body;
use crate::config::Config;
use crate::credential::{CredentialProvider, Credentials, Token};
use crate::error::Result;
use crate::layer::RequireCall;
use crate::layers::{
    AttemptSpanLayer, AuthLayer, BaseUriLayer, CallSpanLayer, CollectLayer, DeadlineLayer,
    HeadersLayer, LimitLayer, QueueLayer, RetryLayer,
};
use crate::service::{BoxError, HttpService, Stack, erase};

/// What a stack is made of besides its transport.
pub(crate) struct Parts {
    pub(crate) config: Arc<Config>,
    pub(crate) provider: Option<Arc<dyn CredentialProvider>>,
    pub(crate) call_layers: Vec<BoxLayer>,
    pub(crate) attempt_layers: Vec<BoxLayer>,
    /// Whether the transport is the user's.
    pub(crate) own_transport: bool,
}

impl Parts {
    /// A client on a finished stack: nothing is added but the user's layers.
    pub(crate) fn around_stack(self, service: HttpService) -> Result<Client> {
        let credentials = Credentials::new(self.access_key()?, self.provider);
        let credentials = Arc::new(credentials.require_user(self.config.require_user));
        let service = wrap(service, self.attempt_layers);
        let direct = Client::from_parts(
            self.config.clone(),
            credentials.clone(),
            Arc::new(service.clone()),
            true,
            None,
        );
        let service = wrap(service, self.call_layers);
        Ok(Client::from_parts(
            self.config,
            credentials,
            Arc::new(service),
            true,
            Some(direct),
        ))
    }

    /// A client with the default stack on `transport`, which is not erased: a box around it would
    /// be made anew by each layer that clones it on every call.
    pub(crate) fn around_transport<T, B>(self, transport: T) -> Result<Client>
    where
        T: Service<Request<Body>, Response = Response<B>, Error = BoxError>
            + Clone
            + Send
            + Sync
            + 'static,
        T::Future: Send + 'static,
        B: http_body::Body<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<BoxError>,
    {
        let config = self.config.clone();
        let key = self.access_key()?;
        #[cfg(feature = "gzip")]
        let transport = crate::layers::DecompressLayer::new().layer(transport);
        // The wait for a turn is none of the attempt's time.
        let limit = LimitLayer::new(&config);
        // A layer of the user's may carry attempts to other tasks, or have two under way at once.
        let layered = !self.attempt_layers.is_empty() || !self.call_layers.is_empty();
        let limit = if layered { limit } else { limit.covering() };
        let open = layered || self.own_transport;
        let attempt = QueueLayer::new(&config).layer(limit.layer(transport));
        let attempt = AttemptSpanLayer::new(&config).layer(attempt);
        let attempt = BaseUriLayer::new(&config).layer(HeadersLayer::new(&config)?.layer(attempt));
        let retry = RetryLayer::new(&config);
        let outer = Credentials::new(key.clone(), self.provider);
        let outer = Arc::new(outer.require_user(config.require_user));
        let inner = Arc::new(Credentials::new(key, None));
        // The user's attempt layers need an erased service to wrap; without any, one box is saved.
        let (service, direct) = if self.attempt_layers.is_empty() {
            (
                around_attempt(&config, &outer, &retry, attempt.clone()),
                around_attempt(&config, &inner, &retry, attempt),
            )
        } else {
            let attempt = wrap(erase(RequireCall(attempt)), self.attempt_layers);
            let attempt = CollectLayer::new(&config).layer(attempt);
            (
                around_attempt(&config, &outer, &retry, attempt.clone()),
                around_attempt(&config, &inner, &retry, attempt),
            )
        };
        let service = if self.call_layers.is_empty() {
            service
        } else {
            let service = erase(RequireCall(service.service()));
            Arc::new(wrap(service, self.call_layers))
        };
        let direct = Client::from_parts(config.clone(), inner, direct, open, None);
        Ok(Client::from_parts(
            config,
            outer,
            service,
            open,
            Some(direct),
        ))
    }

    fn access_key(&self) -> Result<Option<Token>> {
        self.config
            .access_key
            .as_ref()
            .map(|key| Token::bearer(key, None))
            .transpose()
    }
}

/// Span, deadline, retry and credential around one attempt, outermost first.
fn around_attempt<S>(
    config: &Config,
    credentials: &Arc<Credentials>,
    retry: &RetryLayer,
    attempt: S,
) -> Arc<dyn Stack>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = BoxError>
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send + 'static,
{
    let service = AuthLayer::new(credentials.clone()).layer(attempt);
    let service = retry.layer(service);
    let service = DeadlineLayer::new(config.timeouts().total).layer(service);
    Arc::new(CallSpanLayer::new(config).layer(service))
}

fn wrap(service: HttpService, layers: Vec<BoxLayer>) -> HttpService {
    layers
        .into_iter()
        .fold(service, |service, layer| layer(service))
}
