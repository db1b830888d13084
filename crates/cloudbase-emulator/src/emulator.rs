//! The builder and the handle of a running emulator.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::auth::{self, AuthOptions, AuthState, Captcha, Person, Users};
use crate::clock::Clock;
use crate::control::ControlState;
use crate::data::{DataOptions, DataState};
use crate::data_dir::DataDir;
use crate::error::StartError;
use crate::fault::Faults;
use crate::functions::{FunctionsOptions, FunctionsState};
use crate::inbox::Inbox;
use crate::keys::Keys;
use crate::requests::RequestLog;
use crate::server::{self, Guard, GuardOptions};
use crate::state::{AppState, Base, Shared};
use crate::storage::{StorageOptions, StorageState};

mod content;

use content::close;
pub(crate) use content::{reset, restore, snapshot};

/// Settings of an emulator that is not running yet.
///
/// Each area adds its own: schemas and seeds, functions, token lifetimes, captcha policy, …
#[derive(Debug)]
#[must_use = "an emulator runs only after `.start().await`"]
pub struct EmulatorBuilder {
    env_id: String,
    region: String,
    host: IpAddr,
    port: u16,
    data_dir: Option<PathBuf>,
    clock: Clock,
    idle_timeout: Option<Duration>,
    guard: GuardOptions,
    pub(crate) auth: AuthOptions,
    pub(crate) data: DataOptions,
    pub(crate) functions: FunctionsOptions,
    pub(crate) storage: StorageOptions,
}

/// A running emulator. Dropping it ends the server at once; [`shutdown`](Self::shutdown) lets responses finish.
pub struct Emulator {
    state: AppState,
    address: SocketAddr,
    stop: watch::Sender<bool>,
    server: Option<JoinHandle<()>>,
}

/// The content of an emulator at one moment: users, sessions, rows, objects.
#[derive(Clone)]
pub struct Snapshot {
    clock_ms: i64,
    auth: Bytes,
    data: Bytes,
    functions: Bytes,
    storage: Bytes,
}

impl EmulatorBuilder {
    /// The environment's id: 1 to 63 ASCII letters, digits and inner hyphens. Default: `emulator-local`.
    pub fn env_id(mut self, env_id: impl Into<String>) -> Self {
        self.env_id = env_id.into();
        self
    }

    /// The region that tokens name as their issuer's. Default: `ap-shanghai`.
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = region.into();
        self
    }

    /// The address to listen on. Default: 127.0.0.1.
    ///
    /// Requests must name it, a loopback host or an [allowed host](Self::allow_host) in `Host`. Anything but loopback lets
    /// the network in: anyone who reaches the port reads the inbox and takes the administrator's key.
    pub fn host(mut self, host: IpAddr) -> Self {
        self.host = host;
        self
    }

    /// Also accepts requests for this host: a name or an IP address, without scheme and port. May be called repeatedly.
    ///
    /// Always accepted are loopback hosts (`localhost`, names that end in `.localhost`, `127.0.0.0/8`, `[::1]`) and the
    /// address given to [`host`](Self::host). A phone, an Android emulator (`10.0.2.2`) or a container
    /// (`host.docker.internal`) calls the machine by another; a web page whose name is rebound to 127.0.0.1 does as well,
    /// and must not be served.
    pub fn allow_host(mut self, host: impl Into<String>) -> Self {
        self.guard.hosts.push(host.into());
        self
    }

    /// Also serves web pages of this origin, such as `https://app.example`, `capacitor://localhost` or `null`. May be
    /// called repeatedly.
    ///
    /// Pages of loopback origins (`http://localhost:5173`) may always use the products, with any request header. The
    /// control API under `/__emulator` is open to no page but its own, whatever is allowed here.
    pub fn allow_origin(mut self, origin: impl Into<String>) -> Self {
        self.guard.origins.push(origin.into());
        self
    }

    /// The port to listen on. Default: 0, a free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Keeps all state in a folder, and finds it there again at the next start. Default: memory only.
    ///
    /// The folder must be new, empty, or one that an emulator made (it has a file `cloudbase-emulator.json`); one emulator
    /// uses it at a time. Its files are their owner's alone, links in it are not followed, and only files of the emulator's
    /// own making are changed or removed. Users and sessions are on disk when the response to their request is sent.
    pub fn data_dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.data_dir = Some(path.into());
        self
    }

    /// Uses this clock, so that several emulators can share one.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Closes connections that carried no request for `timeout`. Default: never.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = Some(timeout);
        self
    }

    /// Binds the port and starts to serve on the current tokio runtime.
    ///
    /// # Errors
    ///
    /// If the address cannot be bound, a setting is invalid, or kept state or a given file cannot be read.
    pub async fn start(self) -> Result<Emulator, StartError> {
        if !is_host_label(&self.env_id) {
            return Err(StartError::new(format!(
                "env_id: `{}` cannot be part of a host name, as `{{env_id}}.api.tcloudbasegateway.com` wants it; expected 1 to 63 \
                 ASCII letters, digits and hyphens, without a hyphen at either end",
                self.env_id.escape_debug()
            )));
        }
        if self.idle_timeout == Some(Duration::ZERO) {
            return Err(StartError::new("idle_timeout must not be zero"));
        }
        let guard = Guard::new(self.host, &self.guard)?;
        let data_dir = self.data_dir.as_deref().map(DataDir::open).transpose()?;
        let bind = SocketAddr::new(self.host, self.port);
        let listener = TcpListener::bind(bind)
            .await
            .map_err(|error| StartError::caused_by(format!("cannot listen on {bind}"), error))?;
        let address = listener
            .local_addr()
            .map_err(|error| StartError::caused_by("the socket has no address", error))?;
        let keys = Keys::development(&self.env_id, &self.region).map_err(StartError::new)?;
        let base = Base {
            content: Arc::default(),
            base_url: base_url(address).into(),
            host: self.host,
            guard: Arc::new(guard),
            data_dir: data_dir.map(Arc::new),
            clock: self.clock,
            publishable_key: keys.publishable_key().into(),
            api_key: keys.api_key().into(),
            keys,
            inbox: Inbox::default(),
        };
        let state = AppState::new(Shared {
            auth: AuthState::start(self.auth, &base).await?,
            data: DataState::start(self.data, &base).await?,
            functions: FunctionsState::start(self.functions, &base).await?,
            storage: StorageState::start(self.storage, &base).await?,
            base,
            faults: Faults::default(),
            requests: RequestLog::default(),
            control: ControlState::default(),
        });
        let (stop, stopped) = watch::channel(false);
        let idle = self.idle_timeout;
        let gateway = server::gateway(state.clone(), idle).serve(listener, stopped.clone());
        let objects = server::objects(state.clone(), idle);
        let object_listener = state.storage.take_listener();
        let serve = async move {
            let objects = async {
                if let Some(listener) = object_listener {
                    objects.serve(listener, stopped).await;
                }
            };
            tokio::join!(gateway, objects);
        };
        Ok(Emulator {
            address,
            state,
            stop,
            server: Some(tokio::spawn(serve)),
        })
    }
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

    /// Back to the state right after the start: users, rows, objects, inbox, faults, request log and clock.
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

/// Whether a text can be one label of a host name.
fn is_host_label(text: &str) -> bool {
    (1..=63).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// An unspecified address is reached through loopback.
fn base_url(address: SocketAddr) -> String {
    let ip = match address.ip() {
        ip if !ip.is_unspecified() => ip,
        _ => IpAddr::V4(Ipv4Addr::LOCALHOST),
    };
    format!("http://{}", SocketAddr::new(ip, address.port()))
}
