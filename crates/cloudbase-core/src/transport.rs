//! The connections: pool, TLS, proxy, limits.

use hyper_util::client::legacy::Client as Pool;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::body::Body;
use crate::config::Config;
use crate::error::Result;
use crate::service::{HttpService, erase};

/// The service that carries requests over pooled connections.
pub(crate) fn connect(_config: &Config) -> Result<HttpService> {
    let mut http = HttpConnector::new();
    http.set_nodelay(true);
    let pool: Pool<_, Body> = Pool::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(std::time::Duration::from_millis(4500))
        .build(http);
    Ok(erase(pool))
}
