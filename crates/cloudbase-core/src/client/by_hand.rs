//! Requests that the user makes without an operation.

use http::Request;
use http::header::AUTHORIZATION;
use tokio::runtime::Handle;
use tower::service_fn;

use super::{Client, Role};
use crate::body::Body;
use crate::error::Error;
use crate::operation::{Call, CallInfo};
use crate::transport::HttpService;

/// The whole stack of `client` as a tower service.
pub(super) fn service(client: Client) -> HttpService {
    HttpService::new(service_fn(move |request| {
        let client = client.clone();
        async move {
            if Handle::try_current().is_err() {
                return Err(Error::no_runtime().into());
            }
            let mut call = client.call_of(request);
            let reply = client.inner.pipeline.send(&mut call).await?;
            Ok(*reply.response)
        }
    }))
}

impl Client {
    /// The call of a request that has come as one.
    fn call_of(&self, mut request: Request<Body>) -> Call {
        // This client may be the transport of another one, whose call it is then.
        if CallInfo::of(&request).is_some() {
            return Call::of(request);
        }
        // Here, whatever the stack is; another host gets no token of the user's.
        if let Role::User(user) = &self.role
            && request.uri().authority().is_none()
            && !request.headers().contains_key(AUTHORIZATION)
        {
            let token = user.token.header().clone();
            request.headers_mut().insert(AUTHORIZATION, token);
        }
        let max_response_size = self.inner.config.max_response_size();
        Call::by_hand(
            request,
            max_response_size,
            matches!(self.role, Role::Direct),
        )
    }
}
