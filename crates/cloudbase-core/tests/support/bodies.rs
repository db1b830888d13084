//! Bodies that tell when nobody has them any more.

#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    reason = "help for tests, of which each file uses a part"
)]

use std::sync::Arc;

use bytes::Bytes;
use cloudbase_core::Body;
use futures_util::stream;
use tokio::sync::Notify;

/// Tells that whoever had it has let go of it.
pub struct Told(pub Arc<Notify>);

impl Drop for Told {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

/// A body that gives pieces of 16 KiB for ever.
pub fn flowing(gone: &Arc<Notify>) -> Body {
    let told = Told(gone.clone());
    Body::stream(stream::unfold(told, |told| async move {
        tokio::task::yield_now().await;
        Some((
            Ok::<_, std::io::Error>(Bytes::from_static(&[7; 16 * 1024])),
            told,
        ))
    }))
}
