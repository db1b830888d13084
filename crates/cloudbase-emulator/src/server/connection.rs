//! One connection: cutting it at a byte, and noticing that it is idle.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::watch;

const WHOLE: u64 = u64::MAX;

/// What the handlers of a connection and its socket share.
#[derive(Debug)]
pub(super) struct Connection {
    /// Bytes that may still be written; `WHOLE` if there is no cut.
    remaining: AtomicU64,
    reset: AtomicBool,
    busy: watch::Sender<bool>,
}

impl Default for Connection {
    fn default() -> Self {
        Self {
            remaining: AtomicU64::new(WHOLE),
            reset: AtomicBool::new(false),
            busy: watch::Sender::new(false),
        }
    }
}

impl Connection {
    /// Ends the connection after so many more bytes.
    pub(super) fn cut_after(&self, bytes: u64, reset: bool) {
        self.reset.store(reset, Ordering::SeqCst);
        self.remaining.store(bytes, Ordering::SeqCst);
    }

    /// Marks the connection busy until the guard is dropped. A cut that the last response was too short for is forgotten.
    pub(super) fn busy(&self) -> Busy<'_> {
        self.remaining.store(WHOLE, Ordering::SeqCst);
        self.busy.send_replace(true);
        Busy(self)
    }

    /// Returns when the connection was idle for `limit`; never if there is no limit.
    pub(super) async fn idle_for(&self, limit: Option<Duration>) {
        let Some(limit) = limit else {
            return std::future::pending().await;
        };
        let mut busy = self.busy.subscribe();
        loop {
            // The sender is in `self`: the waits cannot fail.
            let _ = busy.wait_for(|busy| !*busy).await;
            let became_busy = busy.wait_for(|busy| *busy);
            if tokio::time::timeout(limit, became_busy).await.is_err() {
                return;
            }
        }
    }
}

/// A request in progress.
pub(super) struct Busy<'a>(&'a Connection);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        self.0.busy.send_replace(false);
    }
}

/// A socket that breaks on demand.
pub(super) struct CutIo {
    stream: TcpStream,
    connection: std::sync::Arc<Connection>,
}

impl CutIo {
    pub(super) fn new(stream: TcpStream, connection: std::sync::Arc<Connection>) -> Self {
        Self { stream, connection }
    }

    fn broken(&self) -> io::Error {
        if self.connection.reset.load(Ordering::SeqCst) {
            // The socket is dropped right after this error; zero linger turns the close into a reset.
            let _ = self.stream.set_zero_linger();
        }
        io::Error::new(io::ErrorKind::ConnectionReset, "cut by a fault script")
    }
}

impl AsyncRead for CutIo {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for CutIo {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let remaining = self.connection.remaining.load(Ordering::SeqCst);
        if remaining == WHOLE {
            return Pin::new(&mut self.stream).poll_write(cx, buf);
        }
        if remaining == 0 {
            return Poll::Ready(Err(self.broken()));
        }
        let allowed = buf
            .len()
            .min(usize::try_from(remaining).unwrap_or(usize::MAX));
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, &buf[..allowed]))?;
        self.connection
            .remaining
            .store(remaining - written as u64, Ordering::SeqCst);
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.connection.remaining.load(Ordering::SeqCst) == WHOLE {
            return Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        }
        let first = bufs
            .iter()
            .find(|buf| !buf.is_empty())
            .map_or(&[][..], |buf| buf);
        self.poll_write(cx, first)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.connection.remaining.load(Ordering::SeqCst) == 0 {
            return Poll::Ready(Err(self.broken()));
        }
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
