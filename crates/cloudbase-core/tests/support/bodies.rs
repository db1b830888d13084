//! Bodies that signal when nobody has them any more.

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

/// Signals that its owner has let go of it.
pub struct GoneSignal(pub Arc<Notify>);

impl Drop for GoneSignal {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

/// A body that gives pieces of 16 KiB for ever.
pub fn flowing(gone: &Arc<Notify>) -> Body {
    let signal = GoneSignal(gone.clone());
    Body::stream(stream::unfold(signal, |signal| async move {
        tokio::task::yield_now().await;
        Some((
            Ok::<_, std::io::Error>(Bytes::from_static(&[7; 16 * 1024])),
            signal,
        ))
    }))
}
