//! What every handler can reach.

use std::net::IpAddr;
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::RwLock;

use crate::auth::AuthState;
use crate::clock::Clock;
use crate::control::ControlState;
use crate::data::DataState;
use crate::data_dir::DataDir;
use crate::documents::DocumentsState;
use crate::fault::Faults;
use crate::functions::FunctionsState;
use crate::inbox::Inbox;
use crate::keys::Keys;
use crate::requests::RequestLog;
use crate::server::Guard;
use crate::storage::StorageState;

/// The state of one emulator; cheap to clone.
#[derive(Clone)]
pub(crate) struct AppState(Arc<Shared>);

/// The parts of the state. The base is reached through it: `state.clock`, `state.keys`, …
pub(crate) struct Shared {
    pub(crate) base: Base,
    pub(crate) faults: Faults,
    pub(crate) requests: RequestLog,
    pub(crate) control: ControlState,
    pub(crate) auth: AuthState,
    pub(crate) data: DataState,
    pub(crate) documents: DocumentsState,
    pub(crate) functions: FunctionsState,
    pub(crate) storage: StorageState,
}

/// What the parts need to start, and share afterwards.
#[derive(Clone)]
pub(crate) struct Base {
    /// `http://127.0.0.1:8787`, without a slash at the end.
    pub(crate) base_url: Arc<str>,
    /// The address that every socket of the emulator is bound to.
    pub(crate) host: IpAddr,
    /// Which requests are let in.
    pub(crate) guard: Arc<Guard>,
    /// Where state is kept across runs; memory only if absent. Each part has a folder of its own in it.
    pub(crate) data_dir: Option<Arc<DataDir>>,
    /// Shared by calls that read or change content, exclusive for what replaces all of it: a call sees
    /// the content before a reset or after it, and nothing between.
    pub(crate) content: Arc<RwLock<()>>,
    pub(crate) clock: Clock,
    /// Signs and checks tokens; knows the environment's id.
    pub(crate) keys: Keys,
    pub(crate) publishable_key: Arc<str>,
    pub(crate) api_key: Arc<str>,
    pub(crate) inbox: Inbox,
}

impl AppState {
    pub(crate) fn new(shared: Shared) -> Self {
        Self(Arc::new(shared))
    }
}

impl Deref for AppState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl Deref for Shared {
    type Target = Base;

    fn deref(&self) -> &Base {
        &self.base
    }
}

impl Base {
    /// The folder of one part below the data directory, which is there.
    pub(crate) fn part_dir(&self, part: &str) -> Option<PathBuf> {
        self.data_dir.as_ref().map(|dir| dir.part(part))
    }
}
