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
mod endpoint;
mod error;
mod layer;
mod open_enum;
mod operation;
mod response;
mod service;
pub mod telemetry;
#[cfg(any(test, feature = "test-util"))]
pub mod testing;
mod transport;

pub use http;
pub use secrecy::{ExposeSecret, SecretString};

pub use crate::body::{Body, DataStream};
pub use crate::client::{Client, ClientBuilder};
pub use crate::config::{Config, EnvId};
pub use crate::error::{Error, ErrorCode, ErrorKind, Result, TimeoutPhase};
pub use crate::operation::{
    CallInfo, CallOptions, Choices, CredentialUse, Envelope, Idempotency, Operation, PathBuilder,
    encode_component,
};
pub use crate::response::{Response, from_json};
pub use crate::service::{BoxError, HttpService, erase};

/// The layers of the default stack, for stacks of one's own.
pub mod layers {
    pub use crate::layer::*;
    #[cfg(feature = "gzip")]
    #[cfg_attr(docsrs, doc(cfg(feature = "gzip")))]
    pub use crate::transport::{Decompress, DecompressFuture, DecompressLayer};
    pub use crate::transport::{Queue, QueueFuture, QueueLayer};
}

/// What macros of this crate name.
#[doc(hidden)]
pub mod __private {
    pub use serde;
}
