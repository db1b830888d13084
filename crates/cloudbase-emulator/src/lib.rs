//! An offline emulator of the Tencent CloudBase gateway: library for tests and stand-alone binary.
//!
//! It is a development tool and not for production: its signing key is published, and its passwords are hashed cheaply.
//!
//! ```
//! use cloudbase_emulator::Emulator;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let emulator = Emulator::builder().env_id("my-env-1a2b3c").start().await?;
//! println!("{} {}", emulator.endpoint(), emulator.publishable_key());
//! emulator.shutdown().await;
//! # Ok(())
//! # }
//! ```

mod auth;
mod clock;
mod control;
mod data;
mod emulator;
mod error;
mod fault;
mod functions;
mod identity;
mod inbox;
mod keys;
mod pattern;
mod request_id;
mod requests;
mod server;
mod state;
mod storage;

pub use auth::{Captcha, NewUser, PasswordPolicy, Person, RefreshReuse, UserInfo, Users};
pub use clock::Clock;
#[doc(hidden)]
pub use data::fuzz_parse;
pub use data::{SqlError, TablePermission};
pub use emulator::{Emulator, EmulatorBuilder, Snapshot};
pub use error::StartError;
pub use fault::{Fault, Faults, Gate};
pub use functions::{Access, Function, FunctionContext, FunctionError, LocalCommand, Service};
pub use inbox::{Inbox, InboxMessage};
pub use requests::{LoggedRequest, RequestLog};
pub use storage::{BucketPolicy, StorageAcl};
