//! The id of this device: it decides who an anonymous user is, and outlives every session.

use std::fmt;
use std::sync::Arc;

use cloudbase_core::{Error, Result};
use http::HeaderValue;
use secrecy::ExposeSecret as _;
use tokio::sync::OnceCell;

use crate::store::SessionStore;

/// Under which key the other SDKs keep it, too.
const KEY: &str = "device_id";

pub(crate) struct Device {
    store: Arc<dyn SessionStore>,
    header: OnceCell<HeaderValue>,
}

impl Device {
    pub(crate) fn new(store: Arc<dyn SessionStore>, chosen: Option<&str>) -> Result<Self> {
        let header = chosen
            .map(|id| {
                let fits =
                    (1..72).contains(&id.len()) && id.bytes().all(|b| (b'!'..=b'~').contains(&b));
                let value = HeaderValue::from_str(id).ok().filter(|_| fits);
                value.ok_or_else(|| {
                    Error::config("device_id", "must be 1 to 71 visible ASCII characters")
                })
            })
            .transpose()?;
        Ok(Self {
            store,
            header: OnceCell::new_with(header),
        })
    }

    /// The id as a header: the chosen one, the stored one, or a new one that is stored.
    pub(crate) async fn header(&self) -> HeaderValue {
        self.header
            .get_or_init(|| self.load_or_make())
            .await
            .clone()
    }

    async fn load_or_make(&self) -> HeaderValue {
        let made = uuid::Uuid::new_v4().hyphenated().to_string();
        let id = match self.settle(&made).await {
            Ok(id) => id,
            Err(error) => {
                tracing::warn!(%error, "the device id cannot be kept: this process uses one of its own");
                made
            }
        };
        HeaderValue::from_str(&id)
            .unwrap_or_else(|_| HeaderValue::from_static("rust-sdk-no-device-id"))
    }

    /// Two programs that start together agree on one id: the lock decides which.
    async fn settle(&self, made: &str) -> Result<String> {
        if let Some(id) = self.stored().await? {
            return Ok(id);
        }
        let lock = self.store.lock(KEY).await?;
        let result = match self.stored().await {
            Ok(Some(id)) => Ok(id),
            Ok(None) => self
                .store
                .save(KEY, &made.into(), &lock)
                .await
                .map(|()| made.to_owned()),
            Err(error) => Err(error),
        };
        lock.release().await;
        result
    }

    /// The stored id, if it is one: the other SDKs take 16 to 48 characters.
    async fn stored(&self) -> Result<Option<String>> {
        let stored = self.store.load(KEY).await?;
        Ok(stored
            .map(|id| id.expose_secret().trim().to_owned())
            .filter(|id| {
                (16..=48).contains(&id.len())
                    && id.bytes().all(|byte| (b'!'..=b'~').contains(&byte))
            }))
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Device").finish_non_exhaustive()
    }
}
