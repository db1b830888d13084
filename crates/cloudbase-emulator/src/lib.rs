//! An offline emulator of the Tencent CloudBase gateway: library for tests and stand-alone binary.
//!
//! It speaks the gateway's protocol (`/auth`, `/v1/functions`, `/v1/rdb`, `/v1/model`, `/v1/database`, `/v1/storages`, …) well enough for
//! the published official SDKs to work on it unmodified, and needs no account and no network.
//!
//! It is a development tool and **not for production**: its signing key is published, its passwords are hashed cheaply, and
//! anyone who can reach it can read the codes that it sends.
//!
//! # In a test
//!
//! [`Emulator::builder`] starts one inside the process, on a free port, with everything in memory. The handle reaches what a
//! real environment keeps to itself:
//!
//! ```
//! use std::time::Duration;
//!
//! use cloudbase_emulator::{Emulator, Fault, NewUser};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let emulator = Emulator::builder()
//!     .env_id("my-env-1a2b3c")
//!     .max_sessions(3)
//!     .user(NewUser::email("lin@example.org").password("Passw0rd!"))
//!     .start()
//!     .await?;
//! let (endpoint, key) = (emulator.endpoint(), emulator.publishable_key());
//! # let _ = (endpoint, key);
//!
//! // … the program under test runs against `endpoint` with `key` …
//!
//! let code = emulator.inbox().code("lin@example.org"); // what an e-mail would have said
//! emulator.clock().advance(Duration::from_secs(7201)); // every access token has ended now
//! emulator.captcha().demand("POST /auth/v1/signin", Some(1));
//! emulator.faults().add(Fault::on("POST /auth/v1/token").times(2).status(503, "unavailable"));
//! assert_eq!(emulator.requests().count("POST /auth/v1/token"), 0);
//! # let _ = code;
//!
//! emulator.shutdown().await;
//! # Ok(())
//! # }
//! ```
//!
//! # As a program
//!
//! `cloudbase-emulator --schema schema.sql --functions functions.json` listens on 127.0.0.1:8787 and prints the address and
//! two access keys, one with the rights of a visitor and one of the administrator. They are the same at every start.
//!
//! # Who is let in
//!
//! Any web page that a developer opens can send requests to 127.0.0.1, so:
//!
//! - `Host` must be a loopback host, the address of [`host`](EmulatorBuilder::host) (`--host`), or one that
//!   [`allow_host`](EmulatorBuilder::allow_host) (`--allow-host`) names: what a phone, an Android emulator or a container calls
//!   this machine.
//! - Products serve pages of loopback origins (`http://localhost:5173`) and of those that
//!   [`allow_origin`](EmulatorBuilder::allow_origin) (`--allow-origin`) names, with any request header.
//! - The control API serves no page but its own, and each change through it needs `content-type: application/json` or the
//!   header `x-cloudbase-emulator`. No GET changes anything.
//!
//! Anything else is rejected with 403 and a message that says what to allow. Programs that are no browser send neither `Origin`
//! nor `Sec-Fetch-Site` and notice nothing of this.
//!
//! # The control API
//!
//! Other processes have the handle's abilities under `/__emulator`. Bodies are JSON (`content-type: application/json`; a change
//! without a body needs the header `x-cloudbase-emulator`); patterns are `METHOD /path`, with `*` for any text.
//!
//! | Request | What it does |
//! |---|---|
//! | `GET /info` | address, environment, keys |
//! | `GET /jwks.json` | the public key that tokens are signed with |
//! | `GET /inbox?to=`, `DELETE /inbox` | the codes that were sent |
//! | `GET /clock`, `POST /clock` `{"advance_ms"}` or `{"offset_ms"}`, `DELETE /clock` | the clock of all lifetimes |
//! | `GET /requests?match=`, `DELETE /requests` | what was received |
//! | `GET /faults`, `POST /faults`, `DELETE /faults`, `DELETE /faults/{id}` | fault scripts: `{"match", "times", "skip", "delay_ms"}` and one of `status`/`code`/`headers`/`body`, `reset`, `lose_response`, `reset_after`, `close_after`, `stall_after` |
//! | `POST /captcha` `{"match", "times"}`, `DELETE /captcha`, `GET /captcha/{token}`, `DELETE /captcha/tokens` | demand captchas, read their answers |
//! | `GET /users`, `POST /users`, `PATCH /users/{id}` `{"status"}`, `DELETE /users/{id}`, `DELETE /users/{id}/sessions` | users and their sessions |
//! | `GET /custom-login-key.json` | a key to sign custom-login tickets with |
//! | `POST /provider/{id}/id_token`, `POST /provider/{id}/access_token`, `POST /mini-program/{app_id}/code`, `GET /provider/{id}/authorize`, `GET /provider/{id}/sign_out`, `GET /provider/{id}/jwks.json` | the development identity source that plays GitHub, Google, … |
//! | `POST /reset`, `GET /snapshots`, `POST /snapshots/{name}`, `POST /snapshots/{name}/restore` | the whole content |
//!
//! # Where it chooses
//!
//! What the documents of the service leave open is decided here, and mostly a setting of [`EmulatorBuilder`]: a spent refresh
//! token is rejected and the session lives on ([`RefreshReuse`]); codes may be sent five times a minute before a captcha is
//! demanded ([`send_limits`](EmulatorBuilder::send_limits)); an access token outlives a session that was pushed out by the
//! session limit, but not one that was signed out; a code that is wrong or has ended is `invalid_argument`.

mod auth;
mod clock;
mod control;
mod data;
mod data_dir;
mod documents;
mod emulator;
mod error;
mod fault;
mod files;
mod functions;
mod identity;
mod inbox;
mod keys;
mod pattern;
mod request_id;
mod requests;
mod server;
mod sqlite;
mod state;
mod storage;

pub use auth::{Captcha, NewUser, PasswordPolicy, Person, RefreshReuse, UserInfo, Users};
pub use clock::Clock;
#[doc(hidden)]
pub use data::fuzz_parse;
pub use data::{SqlError, TablePermission, TemplatePermission};
pub use documents::CollectionPermission;
#[doc(hidden)]
pub use documents::fuzz_documents;
pub use emulator::{Emulator, EmulatorBuilder, Snapshot};
pub use error::StartError;
pub use fault::{Fault, Faults, Gate};
pub use functions::{Access, Function, FunctionContext, FunctionError, LocalCommand, Service};
pub use inbox::{Inbox, InboxMessage};
pub use requests::{LoggedRequest, RequestLog};
pub use storage::{BucketPolicy, StorageAcl};

/// The code of the README, compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
