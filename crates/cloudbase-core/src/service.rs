//! The erased HTTP service, which a user's layers wrap.

use bytes::Bytes;
use http::{Request, Response};
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceExt};

use crate::body::Body;
use crate::error::BoxError;

/// The erased HTTP service: what a user's layer wraps and what a transport is.
pub type HttpService = BoxCloneSyncService<Request<Body>, Response<Body>, BoxError>;

/// Makes an [`HttpService`] of any service whose body and error can be erased.
///
/// Costs one box per clone and one per call.
pub fn erase<S, B>(service: S) -> HttpService
where
    S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send + 'static,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    BoxCloneSyncService::new(
        service
            .map_response(|response: Response<B>| response.map(Body::from_http_body))
            .map_err(Into::into),
    )
}
