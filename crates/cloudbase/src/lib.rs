//! The Rust SDK for Tencent CloudBase: sign-in, MySQL, documents, data models, cloud functions, cloud hosting,
//! APIs and storage.
//!
//! One handle, [`CloudBase`], and one door per product. Each product is a feature, and none is on
//! by default: what is left out is not compiled.
//!
//! ```
//! # #[cfg(feature = "functions")] {
//! use cloudbase::prelude::*;
//!
//! # async fn run() -> cloudbase::Result<()> {
//! let app = CloudBase::builder("my-env-1a2b3c").access_key("the-publishable-key").build()?;
//! let response: serde_json::Value = app.call_function("hello", &serde_json::json!({ "name": "Lin" })).await?;
//! # Ok(())
//! # }
//! # }
//! ```
//!
//! Everything runs against the emulator as well (crate `cloudbase-emulator`), without an account:
//! build with `.endpoint("http://127.0.0.1:8787")`.
//!
//! # Features
//!
//! | feature | what it adds |
//! |---|---|
//! | `auth` | sign-in, sessions, accounts, identities, passwords, verification, captcha |
//! | `mysql` | tables over the MySQL REST API |
//! | `documents` | the document database |
//! | `models` | data models and data sources |
//! | `derive` | `#[derive(Table)]` with `mysql`, `#[derive(Fields)]` with `documents`: columns and fields as typed constants |
//! | `functions` | cloud functions, cloud hosting, APIs |
//! | `storage` | objects |
//! | `full` | all products and `derive` |
//! | `rustls-ring` (default), `rustls-aws-lc` | TLS |
//! | `webpki-roots` (default), `platform-verifier` | whom TLS trusts |
//! | `http2`, `gzip` | what the connections speak |
//! | `file-store`, `keyring`, `redis` | where a session is kept between runs |
//! | `pkce` | OAuth codes that are of no use to an eavesdropper |
//! | `jwks`, `custom-ticket` | for servers: verifying access tokens, issuing sign-in tickets |
//! | `test-util` | a mock transport for tests of your own |
//!
//! # Scope
//!
//! Supported are targets on which tokio has timers and network: Linux, macOS, Windows, Android, iOS; not
//! wasm32 and browsers, and no other runtime. Of CloudBase there are the products above. The
//! `watch` of documents, `rpc` and raw SQL of PostgreSQL environments, realtime channels,
//! AI, the open interfaces of WeChat and the management of environments are not here: what
//! the SDK does not know can be called through [`CloudBase::client`].
//!
//! # Layers
//!
//! Any [`tower::Layer`] can wrap each call ([`layer`](CloudBaseBuilder::layer)) or each attempt on
//! the wire ([`attempt_layer`](CloudBaseBuilder::attempt_layer)), or replace the connections
//! ([`transport`](CloudBaseBuilder::transport)).

#![cfg_attr(docsrs, feature(doc_cfg))]

mod app;
mod builder;

pub use self::app::CloudBase;
pub use self::builder::CloudBaseBuilder;

#[cfg(feature = "test-util")]
pub use cloudbase_core::testing;
#[doc(inline)]
pub use cloudbase_core::{
    Body, BoxError, BoxFuture, CallInfo, CallOptions, Client, ClientBuilder, Config, DataStream,
    EnvId, Error, ErrorCode, ErrorKind, ErrorResponse, HttpService, ItemStream, PageStream,
    Response, Result, SecretString, TimeoutPhase, Timestamp, config, credential, erase, http,
    layers, telemetry,
};

#[cfg(feature = "auth")]
pub use cloudbase_auth as auth;
#[cfg(any(feature = "documents", feature = "mysql", feature = "models"))]
pub use cloudbase_data as data;
#[cfg(all(feature = "derive", feature = "documents"))]
#[doc(inline)]
pub use cloudbase_data::UmbrellaFields as Fields;
#[cfg(all(feature = "derive", feature = "mysql"))]
#[doc(inline)]
pub use cloudbase_data::UmbrellaTable as Table;
#[cfg(feature = "documents")]
pub use cloudbase_data::documents;
#[cfg(feature = "models")]
pub use cloudbase_data::models;
#[cfg(feature = "mysql")]
pub use cloudbase_data::mysql;
#[cfg(feature = "functions")]
pub use cloudbase_functions as functions;
#[cfg(feature = "storage")]
pub use cloudbase_storage as storage;

/// What most programs name: the application and its handles, what signs a user in, rows; traits come without a
/// name.
///
/// Conditions and orders live beside their product, because each has its own: `use
/// cloudbase::mysql::{any, desc, eq}`, `use cloudbase::documents::{desc, eq, set}`, `use
/// cloudbase::models::{desc, field}`.
pub mod prelude {
    pub use crate::{CloudBase, Error, ErrorCode, ErrorKind};

    #[cfg(all(feature = "derive", feature = "documents"))]
    pub use crate::Fields;
    #[cfg(all(feature = "derive", feature = "mysql"))]
    pub use crate::Table;
    #[cfg(feature = "file-store")]
    pub use cloudbase_auth::FileStore;
    #[cfg(feature = "auth")]
    pub use cloudbase_auth::{
        Auth, AuthEvent, CaptchaHandler as _, IdToken, Otp, Password, Session, SessionStore as _,
        SignUp, User,
    };
    #[cfg(feature = "documents")]
    pub use cloudbase_data::Documents;
    #[cfg(feature = "models")]
    pub use cloudbase_data::Models;
    #[cfg(feature = "mysql")]
    pub use cloudbase_data::MySql;
    #[cfg(any(feature = "documents", feature = "mysql", feature = "models"))]
    pub use cloudbase_data::Row;
    #[cfg(feature = "mysql")]
    pub use cloudbase_data::mysql::Table as _;
    #[cfg(feature = "functions")]
    pub use cloudbase_functions::{Apis, CloudRun, Functions};
    #[cfg(feature = "storage")]
    pub use cloudbase_storage::Storage;
}

/// The code of the README, compiled.
#[cfg(all(doctest, feature = "full"))]
#[doc = include_str!("../../../README.md")]
struct Readme;
