//! Puts scheme, host and prefix in front of a call's path, and the credential on no other host.

use std::sync::Arc;

use http::header::AUTHORIZATION;
use http::uri::{PathAndQuery, Scheme, Uri};

use super::next::tower_layer;
use super::{Next, Reply};
use crate::config::Config;
use crate::config::endpoint::{Endpoint, is_loopback};
use crate::error::{BoxError, Error, Result};
use crate::operation::Call;

/// Makes the whole URL of a request; see [`BaseUri`].
#[derive(Clone, Debug)]
pub struct BaseUriLayer {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    endpoint: Endpoint,
    allow_plain_http: bool,
}

impl BaseUriLayer {
    /// The layer for the endpoint of `config`.
    pub fn new(config: &Config) -> Self {
        let endpoint = config.endpoint().clone();
        Self {
            shared: Arc::new(Shared {
                endpoint,
                allow_plain_http: config.allow_plain_http(),
            }),
        }
    }

    pub(crate) fn around<N>(&self, next: N) -> BaseUri<N> {
        BaseUri {
            next,
            shared: self.shared.clone(),
        }
    }
}

/// Sends requests for a path to the configured endpoint, and checks those for a whole URL:
///
/// - `Authorization` leaves only for the endpoint's origin (calls to the object store bring a
///   signature of their own and are left alone);
/// - plain `http` is rejected except to loopback, or when the configuration allows it.
#[derive(Clone, Debug)]
pub struct BaseUri<N> {
    next: N,
    shared: Arc<Shared>,
}

tower_layer!(BaseUriLayer, BaseUri);

impl<N: Next> Next for BaseUri<N> {
    async fn send(&self, call: &mut Call) -> Result<Reply, BoxError> {
        self.shared.locate(call)?;
        self.next.send(call).await
    }
}

impl Shared {
    fn locate(&self, call: &mut Call) -> Result<()> {
        let request = &mut call.request;
        if request.uri().authority().is_none() {
            let relative = std::mem::take(request.uri_mut());
            *request.uri_mut() = self.absolute(relative)?;
            return Ok(());
        }
        let uri = request.uri();
        if uri.scheme() == Some(&Scheme::HTTP)
            && !self.allow_plain_http
            && !uri.host().is_some_and(is_loopback)
        {
            return Err(Error::argument(
                "url",
                "uses plain http to another machine; use https, or allow it by `allow_plain_http`",
            ));
        }
        if !call.info.is_external() && !self.endpoint.is_origin_of(request.uri()) {
            request.headers_mut().remove(AUTHORIZATION);
            call.foreign = true;
        }
        Ok(())
    }

    fn absolute(&self, relative: Uri) -> Result<Uri> {
        let endpoint = &self.endpoint;
        // `/auth` lies beside the prefix of a custom endpoint, not below it.
        let below = !endpoint.prefix.is_empty() && !relative.path().starts_with("/auth/");
        let path = match relative.into_parts().path_and_query {
            Some(own) if !below => own,
            own => {
                let own = own.as_ref().map_or("/", PathAndQuery::as_str);
                PathAndQuery::try_from(format!("{}{own}", endpoint.prefix))
                    .map_err(|_| Error::argument("path", "does not make a URL with the endpoint"))?
            }
        };
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(endpoint.scheme.clone());
        parts.authority = Some(endpoint.authority.clone());
        parts.path_and_query = Some(path);
        Uri::from_parts(parts)
            .map_err(|_| Error::argument("path", "does not make a URL with the endpoint"))
    }
}
