//! Objects behind signed URLs.

use axum::Router;
use bytes::Bytes;

use crate::error::StartError;
use crate::state::{AppState, Base};

/// What the builder's methods of this area collected.
#[derive(Debug, Default)]
pub(crate) struct StorageOptions {}

/// The area's state.
pub(crate) struct StorageState {}

/// The area's routes, with their full paths.
pub(crate) fn routes() -> Router<AppState> {
    Router::new()
}

impl StorageState {
    /// Called once, before the first request.
    pub(crate) async fn start(_options: StorageOptions, _base: &Base) -> Result<Self, StartError> {
        Ok(Self {})
    }

    /// Back to the state right after the start: configuration stays, content goes.
    pub(crate) async fn reset(&self) -> Result<(), StartError> {
        Ok(())
    }

    /// The whole content, for [`restore`](Self::restore).
    pub(crate) async fn snapshot(&self) -> Result<Bytes, StartError> {
        Ok(Bytes::new())
    }

    /// Puts the content of a snapshot in place of the present one.
    pub(crate) async fn restore(&self, _snapshot: Bytes) -> Result<(), StartError> {
        Ok(())
    }

    /// Called at shutdown, after the last request: writes what is not on disk yet.
    pub(crate) async fn close(&self) {}
}
