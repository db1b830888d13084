//! Objects behind signed URLs: classic storage, PG-mode buckets, and the object store itself.
//!
//! The gateway's port serves the storage API; the objects live on a port of their own, so that a test
//! can prove that no CloudBase credential ever reaches them.

use std::{
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use axum::{Json, Router, extract::State, routing::post};
use bytes::Bytes;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::clock::{Clock, rfc3339};
use crate::error::{GatewayError, StartError};
use crate::identity::Caller;
use crate::server::Reached;
use crate::state::{AppState, Base};

mod archive;
mod classic;
mod disk;
mod form;
mod headers;
mod key;
mod objects;
mod options;
mod pg;
mod range;
mod rules;
mod serve;
mod sign;
mod staging;
mod xml;

use disk::Disk;
pub(crate) use options::StorageOptions;
use options::object_url;
pub use pg::BucketPolicy;
use pg::bucket::{Bucket, Buckets};
pub use rules::StorageAcl;
use rules::{Rules, Who};
use sign::{Signer, secret};
pub(crate) use xml::error as object_error;

/// The area's state.
pub(crate) struct StorageState {
    storage: Storage,
    /// Bound at the start, served once the whole state exists.
    listener: Mutex<Option<TcpListener>>,
}

/// The stores and what they need; cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Storage {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    env: String,
    bucket: String,
    objects: ObjectStore,
    strict_names: bool,
    content: Arc<tokio::sync::RwLock<()>>,
    clock: Clock,
    disk: Disk,
    signer: Signer,
    rules: RwLock<Rules>,
    /// The rules at the start, for a reset.
    first_rules: Rules,
    buckets: Buckets,
    bucket_policy: BucketPolicy,
    /// The buckets at the start, for a reset.
    first_buckets: Vec<Bucket>,
}

/// Where clients find the object store.
#[derive(Debug)]
struct ObjectStore {
    /// Where a client on this machine finds it, or what was set for all.
    origin: String,
    /// Its port, on the host that a client reached the gateway with; `None` if the origin was set.
    port: Option<u16>,
}

/// The area's routes but for uploads, with their full paths.
pub(crate) fn routes() -> Router<AppState> {
    Router::new()
        .route("/v1/storages/get-objects-upload-info", post(upload_info))
        .route(
            "/v1/storages/get-objects-download-info",
            post(download_info),
        )
        .route("/v1/storages/delete-objects", post(delete_objects))
        .route("/v1/storages/copy-objects", post(copy_objects))
        .merge(pg::routes())
}

/// The routes whose bodies become objects.
pub(crate) fn upload_routes() -> Router<AppState> {
    pg::upload_routes()
}

/// The routes of the object store, which listens on its own port.
pub(crate) fn object_routes(state: AppState) -> Router {
    Router::new().fallback(objects::handle).with_state(state)
}

async fn upload_info(
    State(state): State<AppState>,
    caller: Caller,
    reached: Reached,
    body: Bytes,
) -> Result<Json<Value>, GatewayError> {
    let items = classic::batch(&body)?;
    let storage = state.storage.inner();
    let origin = storage.object_origin_for(&reached);
    Ok(Json(storage.upload_info(&who(&caller), &origin, &items)))
}

async fn download_info(
    State(state): State<AppState>,
    caller: Caller,
    reached: Reached,
    body: Bytes,
) -> Result<Json<Value>, GatewayError> {
    let items = classic::batch(&body)?;
    let storage = state.storage.inner();
    let origin = storage.object_origin_for(&reached);
    Ok(Json(storage.download_info(&who(&caller), &origin, &items)))
}

async fn delete_objects(
    State(state): State<AppState>,
    caller: Caller,
    body: Bytes,
) -> Result<Json<Value>, GatewayError> {
    let items = classic::batch(&body)?;
    Ok(Json(
        state
            .storage
            .inner()
            .delete_objects(&who(&caller), &items)
            .await,
    ))
}

async fn copy_objects(
    State(state): State<AppState>,
    caller: Caller,
    body: Bytes,
) -> Result<Json<Value>, GatewayError> {
    let items = classic::batch(&body)?;
    Ok(Json(
        state
            .storage
            .inner()
            .copy_objects(&who(&caller), &items)
            .await?,
    ))
}

fn who(caller: &Caller) -> Who {
    match &caller.user_id {
        _ if caller.is_admin() => Who::Admin,
        Some(id) => Who::User(id.clone()),
        None => Who::Visitor,
    }
}

impl StorageState {
    /// Called once, before the first request.
    pub(crate) async fn start(options: StorageOptions, base: &Base) -> Result<Self, StartError> {
        let url = options.url.as_deref().map(object_url).transpose()?;
        let bind = SocketAddr::new(base.host, options.port);
        let cannot = |error| {
            StartError::caused_by(
                format!("cannot listen on {bind} for the object store"),
                error,
            )
        };
        let listener = TcpListener::bind(bind).await.map_err(cannot)?;
        let address = listener.local_addr().map_err(cannot)?;
        let dir = base.part_dir("storage");
        let env = base.keys.env_id().to_owned();
        let preset = |(id, public): &(String, bool)| {
            pg::buckets::preset(id, *public, base.clock.now_secs()).map_err(StartError::new)
        };
        let first_buckets: Vec<Bucket> = options
            .buckets
            .iter()
            .map(preset)
            .collect::<Result<_, _>>()?;
        let open = || {
            let disk = Disk::open(dir.as_deref())?;
            let buckets = Buckets::open(disk.root())?;
            for bucket in &first_buckets {
                buckets.add(bucket.clone())?;
            }
            Ok::<_, std::io::Error>((disk, buckets))
        };
        let (disk, buckets) =
            open().map_err(|error| StartError::caused_by("cannot open the object store", error))?;
        let shared = Shared {
            bucket: key::physical_bucket(&env),
            env,
            objects: ObjectStore {
                port: url.is_none().then_some(address.port()),
                origin: url.unwrap_or_else(|| origin(base.host, address)),
            },
            strict_names: options.strict_names,
            content: base.content.clone(),
            clock: base.clock.clone(),
            disk,
            signer: Signer::new(&secret(dir.map(|dir| dir.join("secret")))?),
            rules: RwLock::new(options.rules.clone()),
            first_rules: options.rules,
            buckets,
            bucket_policy: options.bucket_policy,
            first_buckets,
        };
        Ok(Self {
            storage: Storage {
                shared: Arc::new(shared),
            },
            listener: Mutex::new(Some(listener)),
        })
    }

    /// The socket of the object store; `None` once it was taken.
    pub(crate) fn take_listener(&self) -> Option<TcpListener> {
        self.listener
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    pub(crate) fn inner(&self) -> &Storage {
        &self.storage
    }

    /// Back to the state right after the start: configuration stays, content goes.
    pub(crate) async fn reset(&self) -> Result<(), StartError> {
        let shared = &self.storage.shared;
        *shared.rules.write().unwrap_or_else(PoisonError::into_inner) = shared.first_rules.clone();
        let cleared = archive::unpack(&self.storage, Bytes::new()).await;
        cleared.map_err(|error| StartError::caused_by("cannot clear the object store", error))
    }

    /// The whole content, for [`restore`](Self::restore).
    pub(crate) async fn snapshot(&self) -> Result<Bytes, StartError> {
        let packed = archive::pack(self.storage.clone()).await;
        packed.map_err(|error| StartError::caused_by("cannot read the object store", error))
    }

    /// Puts the content of a snapshot in place of the present one.
    pub(crate) async fn restore(&self, snapshot: Bytes) -> Result<(), StartError> {
        let unpacked = archive::unpack(&self.storage, snapshot).await;
        unpacked.map_err(|error| StartError::caused_by("cannot write the object store", error))
    }

    /// Called at shutdown, after the last request: writes what is not on disk yet.
    pub(crate) async fn close(&self) {
        // Every write is on disk before its response is sent.
    }
}

impl Storage {
    /// Keeps a reset and a restored snapshot away while it is held.
    async fn steady(&self) -> tokio::sync::RwLockReadGuard<'_, ()> {
        self.shared.content.read().await
    }

    pub(crate) fn disk(&self) -> &Disk {
        &self.shared.disk
    }

    /// Checks the key of an object that is to be put.
    fn check_new_key(&self, key: &str) -> Result<(), key::KeyProblem> {
        key::check(key)?;
        match key::check_characters(key) {
            Err(problem) if self.shared.strict_names => Err(problem),
            Err(_) => {
                tracing::warn!(
                    key,
                    "the service does not document names with such characters"
                );
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    fn buckets(&self) -> &Buckets {
        &self.shared.buckets
    }

    fn bucket_policy(&self) -> BucketPolicy {
        self.shared.bucket_policy
    }

    pub(crate) fn signer(&self) -> &Signer {
        &self.shared.signer
    }

    pub(crate) fn env(&self) -> &str {
        &self.shared.env
    }

    /// The name of the environment's built-in bucket.
    pub(crate) fn bucket(&self) -> &str {
        &self.shared.bucket
    }

    /// `http://127.0.0.1:50123`, where a client on this machine finds the objects.
    pub(crate) fn object_origin(&self) -> &str {
        &self.shared.objects.origin
    }

    /// Where a client that has reached the emulator this way finds the objects.
    pub(crate) fn object_origin_for(&self, reached: &Reached) -> String {
        match self.shared.objects.port {
            Some(port) => format!("http://{}:{port}", reached.host()),
            None => self.shared.objects.origin.clone(),
        }
    }

    /// Seconds since the epoch, by the emulator's clock.
    pub(crate) fn now(&self) -> u64 {
        self.now_ms() / 1000
    }

    /// Milliseconds since the epoch, by the emulator's clock.
    pub(crate) fn now_ms(&self) -> u64 {
        u64::try_from(self.shared.clock.now_ms()).unwrap_or_default()
    }

    pub(crate) fn rules<T>(&self, with: impl FnOnce(&Rules) -> T) -> T {
        with(
            &self
                .shared
                .rules
                .read()
                .unwrap_or_else(PoisonError::into_inner),
        )
    }
}

impl crate::Emulator {
    /// The origin of the object store for clients on this machine, such as `http://127.0.0.1:50123`. Signed URLs point there, or to
    /// the same port of the host that a client reached the gateway with, or to the [URL that was set](crate::EmulatorBuilder::object_url).
    pub fn object_origin(&self) -> &str {
        self.state().storage.inner().object_origin()
    }

    /// The name of the environment's built-in bucket, part of every classic file id.
    pub fn storage_bucket(&self) -> &str {
        self.state().storage.inner().bucket()
    }

    /// Changes the permission of classic storage while the emulator runs; an empty prefix means the bucket.
    pub fn set_storage_rule(&self, prefix: &str, acl: StorageAcl) {
        let storage = self.state().storage.inner();
        storage
            .shared
            .rules
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .set(prefix, acl);
    }
}

/// Milliseconds since the epoch as the service writes times.
fn clock_text(ms: u64) -> String {
    rfc3339(i64::try_from(ms / 1000).unwrap_or(i64::MAX))
}

/// The origin under which a client on this machine reaches `address`.
fn origin(host: IpAddr, address: SocketAddr) -> String {
    let host = match host {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::from([127, 0, 0, 1]),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::from([127, 0, 0, 1]),
        host => host,
    };
    format!("http://{}", SocketAddr::new(host, address.port()))
}
