//! The builder and the handle of a running emulator.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use bytes::Bytes;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::auth::{self, AuthOptions, Captcha, Person, Users};
use crate::clock::Clock;
use crate::data::DataOptions;
use crate::documents::DocumentOptions;
use crate::error::StartError;
use crate::fault::Faults;
use crate::functions::FunctionsOptions;
use crate::inbox::Inbox;
use crate::requests::RequestLog;
use crate::server::GuardOptions;
use crate::state::AppState;
use crate::storage::StorageOptions;

mod builder;
mod content;

pub use builder::EmulatorBuilder;
use content::close;
pub(crate) use content::{reset, restore, snapshot};

/// A running emulator. Dropping it ends the server at once; [`shutdown`](Self::shutdown) lets responses finish.
pub struct Emulator {
    state: AppState,
    address: SocketAddr,
    stop: watch::Sender<bool>,
    server: Option<JoinHandle<()>>,
}

/// The content of an emulator at one moment: users, sessions, rows, documents, objects.
#[derive(Clone)]
pub struct Snapshot {
    clock_ms: i64,
    auth: Bytes,
    data: Bytes,
    documents: Bytes,
    functions: Bytes,
    storage: Bytes,
}

impl Emulator {
    /// Settings to start from: environment `emulator-local`, a free port on 127.0.0.1, everything in memory.
    pub fn builder() -> EmulatorBuilder {
        EmulatorBuilder {
            env_id: "emulator-local".to_owned(),
            region: "ap-shanghai".to_owned(),
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            data_dir: None,
            clock: Clock::default(),
            idle_timeout: None,
            guard: GuardOptions::default(),
            auth: AuthOptions::default(),
            data: DataOptions::default(),
            documents: DocumentOptions::default(),
            functions: FunctionsOptions::default(),
            storage: StorageOptions::default(),
        }
    }

    /// `http://127.0.0.1:<port>`, without a slash at the end.
    pub fn endpoint(&self) -> &str {
        &self.state.base_url
    }

    /// The same as [`endpoint`](Self::endpoint).
    pub fn url(&self) -> &str {
        self.endpoint()
    }

    /// The address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The environment's id.
    pub fn env_id(&self) -> &str {
        self.state.keys.env_id()
    }

    /// An access key with the rights of an anonymous visitor.
    pub fn publishable_key(&self) -> &str {
        &self.state.publishable_key
    }

    /// An access key with the rights of the administrator.
    pub fn api_key(&self) -> &str {
        &self.state.api_key
    }

    pub(crate) fn state(&self) -> &AppState {
        &self.state
    }

    /// The verification codes that were sent.
    pub fn inbox(&self) -> &Inbox {
        &self.state.inbox
    }

    /// The faults in force.
    pub fn faults(&self) -> &Faults {
        &self.state.faults
    }

    /// The clock that all lifetimes are measured with.
    pub fn clock(&self) -> &Clock {
        &self.state.clock
    }

    /// What reached the emulator.
    pub fn requests(&self) -> &RequestLog {
        &self.state.requests
    }

    /// The captchas: answers, and the demand for one at will.
    pub fn captcha(&self) -> Captcha {
        Captcha::new(self.state.clone())
    }

    /// The registered and anonymous users.
    pub fn users(&self) -> Users {
        Users::new(self.state.clone())
    }

    /// The JSON of a custom-login key, as the console would give it out: hand it to a server SDK to make tickets with.
    pub fn custom_login_key(&self) -> String {
        auth::custom_login_key(self.env_id())
    }

    /// An OIDC id token of the development identity source, for sign-in with an id token. It lives for an hour.
    pub fn id_token(&self, provider: &str, person: &Person) -> String {
        auth::id_token(&self.state, provider, person)
    }

    /// An access token of the development identity source, for a provider token (`provider_access_token`). It lives for an hour.
    pub fn provider_access_token(&self, provider: &str, person: &Person) -> String {
        auth::access_token(&self.state, provider, person)
    }

    /// A code as a mini program gets it for its user, for a provider token (`provider_params` with `provider_code_type`, `appid`
    /// and `code`). It counts once, within ten minutes. The type says which id the person is known by afterwards: `open_id`
    /// ([`Person::new`]), `union_id` ([`Person::union_id`]) or `phone` ([`Person::phone`]).
    pub fn mini_program_code(&self, app_id: &str, person: &Person) -> String {
        auth::mini_program_code(&self.state, app_id, person)
    }

    /// Back to the state right after the start: users, rows, documents, objects, inbox, faults, request log and clock.
    ///
    /// # Errors
    ///
    /// If kept state cannot be removed from disk.
    pub async fn reset(&self) -> Result<(), StartError> {
        reset(&self.state).await
    }

    /// Takes a copy of the content.
    ///
    /// # Errors
    ///
    /// If content on disk cannot be read.
    pub async fn snapshot(&self) -> Result<Snapshot, StartError> {
        snapshot(&self.state).await
    }

    /// Puts a snapshot's content in place of the present one.
    ///
    /// # Errors
    ///
    /// If content cannot be written to disk.
    pub async fn restore(&self, snapshot: &Snapshot) -> Result<(), StartError> {
        restore(&self.state, snapshot).await
    }

    /// Stops accepting, lets the responses in progress finish, and writes what is not on disk yet.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        if let Some(server) = self.server.take() {
            let _ = server.await;
        }
        close(&self.state).await;
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        if let Some(server) = self.server.take() {
            server.abort();
        }
        // Handles such as `users()` keep the state alive, but what it started ends here.
        self.state.functions.kill();
        self.state.auth.close();
        if let Some(dir) = &self.state.data_dir {
            dir.unlock();
        }
    }
}

impl fmt::Debug for Emulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emulator")
            .field("endpoint", &self.endpoint())
            .field("env_id", &self.env_id())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").finish_non_exhaustive()
    }
}
