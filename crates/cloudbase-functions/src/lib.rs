//! Cloud functions, cloud hosting and APIs for the CloudBase SDK.
//!
//! - [`Functions`]: ordinary functions, HTTP functions, function-type hosting;
//! - [`CloudRun`]: containers of cloud hosting;
//! - [`Apis`]: API connectors.
//!
//! All three send a request to code of your own and return its [response](cloudbase_core::Response): its body
//! in memory, to be read as [JSON](cloudbase_core::Response::json), [text](cloudbase_core::Response::text) or
//! [bytes](cloudbase_core::Response::bytes), as a [stream of bytes](FunctionCall::stream), or as
//! [server-sent events](FunctionCall::events).
//!
//! A 2xx status alone makes it a response and not an error: a function that returns
//! `{"code": "OUT_OF_STOCK"}` has succeeded. What such code sends with another status is an error that has the
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

mod apis;
mod call;
mod cloud_run;
mod functions;
mod payload;
mod query;
mod service;
mod streams;

pub use cloudbase_core::sse::{self, Event, EventStream};

pub use crate::apis::Apis;
pub use crate::cloud_run::CloudRun;
pub use crate::functions::{FunctionCall, Functions};
pub use crate::service::{Service, ServiceCall};
pub use crate::streams::{EventsCall, StreamCall};

/// The code of the README, compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
