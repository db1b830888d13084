//! The settings of an emulator, and its start.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;

use super::Emulator;
use crate::auth::{AuthOptions, AuthState};
use crate::clock::Clock;
use crate::control::ControlState;
use crate::data::{DataOptions, DataState};
use crate::data_dir::DataDir;
use crate::documents::{DocumentOptions, DocumentsState};
use crate::error::StartError;
use crate::fault::Faults;
use crate::functions::{FunctionsOptions, FunctionsState};
use crate::inbox::Inbox;
use crate::keys::Keys;
use crate::requests::RequestLog;
use crate::server::{self, Guard, GuardOptions};
use crate::state::{AppState, Base, Shared};
use crate::storage::{StorageOptions, StorageState};

/// Settings of an emulator that is not running yet.
///
/// Each area adds its own: schemas and seeds, functions, token lifetimes, captcha policy, …
#[derive(Debug)]
#[must_use = "an emulator runs only after `.start().await`"]
pub struct EmulatorBuilder {
    pub(super) env_id: String,
    pub(super) region: String,
    pub(super) host: IpAddr,
    pub(super) port: u16,
    pub(super) data_dir: Option<PathBuf>,
    pub(super) clock: Clock,
    pub(super) idle_timeout: Option<Duration>,
    pub(super) guard: GuardOptions,
    pub(crate) auth: AuthOptions,
    pub(crate) data: DataOptions,
    pub(crate) documents: DocumentOptions,
    pub(crate) functions: FunctionsOptions,
    pub(crate) storage: StorageOptions,
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
            documents: DocumentsState::start(self.documents, &base).await?,
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
