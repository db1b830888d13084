//! The core of the CloudBase SDK: configuration, transport, the token-refresh layer, retries,
//! errors.
//!
//! Most programs use the umbrella crate `cloudbase`; this crate is for those who compose a stack of
//! their own, or write a product crate.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod body;
mod client;
pub mod config;
pub mod credential;
mod error;
mod layer;
mod operation;
mod response;
#[cfg(any(test, feature = "test-util"))]
pub mod testing;
mod transport;
mod value;

pub use futures_core::future::BoxFuture;
pub use http;
pub use secrecy::{ExposeSecret, SecretString};

pub use crate::body::{Body, DataStream};
pub use crate::client::{Client, ClientBuilder};
pub use crate::config::{Config, EnvId};
pub use crate::error::{
    BoxError, Envelope, Error, ErrorCode, ErrorKind, ErrorResponse, Result, TimeoutPhase,
};
pub use crate::operation::{
    CallInfo, CallOptions, CredentialUse, Idempotency, Operation, PathBuilder, to_json,
};
pub use crate::response::sse;
pub use crate::response::{ItemStream, PageStream, Response, from_json};
pub use crate::transport::{HttpService, erase};
pub use crate::value::telemetry;
pub use crate::value::timestamp::Timestamp;

/// The layers of the default stack and its connections, for stacks of one's own.
///
/// The default order is that of the example, with a call trace outermost and an attempt trace below the
/// headers. What is left out is not done. With the feature `gzip` the headers ask for compressed
/// responses, and whatever reads a response unpacks it.
///
/// ```
/// use std::sync::Arc;
///
/// use cloudbase_core::credential::{Credentials, Token};
/// use cloudbase_core::layers::{
///     self, AttemptTimeoutLayer, BaseUriLayer, ConcurrencyLimitLayer, HeadersLayer, RetryLayer,
///     TokenRefreshLayer, TotalTimeoutLayer,
/// };
/// use cloudbase_core::{ClientBuilder, Config};
/// use tower::ServiceBuilder;
///
/// let config = Config::builder()
///     .env_id("my-env-1a2b3c")
///     .endpoint("http://127.0.0.1:8787")
///     .build()?;
/// let key = Token::bearer(&"the-publishable-key".into(), None)?;
/// let stack = ServiceBuilder::new()
///     .layer(TotalTimeoutLayer::new(config.timeouts().total))
///     .layer(RetryLayer::new(&config))
///     .layer(TokenRefreshLayer::new(Arc::new(Credentials::new(Some(key), None))))
///     .layer(BaseUriLayer::new(&config))
///     .layer(HeadersLayer::new(&config)?)
///     .layer(ConcurrencyLimitLayer::new(&config))
///     .layer(AttemptTimeoutLayer::new(&config))
///     .service(layers::transport(&config)?);
/// let client = ClientBuilder::from_service(stack).config(config).build()?;
/// # Ok::<(), cloudbase_core::Error>(())
/// ```
pub mod layers {
    pub use crate::layer::*;
    pub use crate::transport::transport;
}

/// What the product crates share and programs have no use for. Macros of this crate name `serde` here.
#[doc(hidden)]
pub mod sdk {
    pub use serde;

    pub use crate::client::WeakClient;
    pub use crate::operation::connection_header;
    pub use crate::response::PageSource;
    pub use crate::value::date_time_parts::DateTimeParts;
    pub use crate::value::percent_encoding::{
        encode_component, is_unreserved, percent_decode, push_encoded,
    };
    pub use crate::value::timestamp::NAME as TIMESTAMP;
}

/// The code of the README, compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
