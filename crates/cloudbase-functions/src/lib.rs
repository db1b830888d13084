//! Cloud functions, cloud hosting and APIs for the CloudBase SDK.
//!
//! - [`Functions`]: ordinary functions, HTTP functions, function-type hosting;
//! - [`CloudRun`]: containers of cloud hosting;
//! - [`Apis`]: API connectors.
//!
//! All three hand a request to somebody's code and hand back what it says: an [`Answer`] in memory,
//! a [stream of bytes](FunctionCall::stream), or [server-sent events](FunctionCall::events).
//!
//! What that code says with a status outside 2xx is an error that has the
//! [response](cloudbase_core::Error::response): status, headers and the first 64 KiB of the body.
//! [`any_status`](ServiceCall::any_status) makes it a response like any other.
//!
//! ```no_run
//! use cloudbase_core::Client;
//! use cloudbase_functions::Functions;
//!
//! #[derive(serde::Deserialize)]
//! struct Greeting {
//!     text: String,
//! }
//!
//! # async fn run() -> cloudbase_core::Result<()> {
//! let client = Client::builder().env_id("my-env-1a2b3c").access_key("…").build()?;
//! let functions = Functions::new(client);
//! let greeting: Greeting = functions
//!     .call("hello")
//!     .json(&serde_json::json!({ "name": "Lin" }))
//!     .await?
//!     .json()?;
//! println!("{}", greeting.text);
//! # Ok(())
//! # }
//! ```

#![cfg_attr(docsrs, feature(doc_cfg))]

mod answer;
mod apis;
mod call;
mod cloud_run;
mod events;
mod functions;
mod payload;
mod query;
mod service;

pub use cloudbase_core::sse::{self, Event, EventStream};

pub use crate::answer::Answer;
pub use crate::apis::Apis;
pub use crate::cloud_run::CloudRun;
pub use crate::functions::{FunctionCall, Functions};
pub use crate::service::{Service, ServiceCall};

/// The code of the README, compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
