//! A connection below TLS and HTTP: how it is written to, and what is left of it when the peer has
//! closed it.

use std::cmp::min;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};
#[cfg(feature = "_tls")]
use hyper_rustls::MaybeHttpsStream;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

use super::open::Opened;

pub(super) type Tcp = TokioIo<TcpStream>;
/// To the target or to a proxy; with TLS only to a proxy that wants it.
#[cfg(feature = "_tls")]
pub(super) type First = MaybeHttpsStream<Tcp>;
#[cfg(not(feature = "_tls"))]
pub(super) type First = Tcp;

/// A connection, and whether a proxy reads the requests on it.
///
/// A server that rejects a long request early responds and closes, and what it has not read makes
/// its system reset the connection. The writer then learns of the reset before the response is read,
/// which is here already: so the failure of a write is held back until it is read.
pub(super) struct Link<T = First> {
    io: T,
    proxied: bool,
    /// Whether the failure of a write is held back.
    holds_back: bool,
    /// Where a small request is put together; kept for the next one.
    together: Vec<u8>,
    reset: Option<Reset>,
    /// After `io`, whose descriptor is free when this is dropped.
    #[allow(dead_code, reason = "counts for as long as it lives")]
    opened: Option<Opened>,
}

struct Reset {
    kind: io::ErrorKind,
    max_wait: Pin<Box<Sleep>>,
}

/// How long what has come on a reset connection may take to be read.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// What is copied together, the head of a request and a little body: the system takes less time for
/// one piece than for two.
const SMALL: usize = 1024;

impl<T> Link<T> {
    pub(super) fn new(io: T, proxied: bool) -> Self {
        Self {
            io,
            proxied,
            holds_back: true,
            together: Vec::new(),
            reset: None,
            opened: None,
        }
    }

    /// Counted among the open connections.
    pub(super) fn counted(mut self, opened: Opened) -> Self {
        self.opened = Some(opened.lasting());
        self
    }

    /// Reports every failure immediately: HTTP/2 reads nothing as long as it has to write, and its
    /// servers end a request without closing the connection.
    #[cfg(all(feature = "_tls", feature = "http2"))]
    pub(super) fn report_at_once(&mut self) {
        self.holds_back = false;
    }
}

impl<T: Read + Write + Unpin> Link<T> {
    /// Writes by `write`, unless the peer has closed the connection.
    fn write(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(Pin<&mut T>, &mut Context<'_>) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if self.reset.is_none() {
            let polled = write(Pin::new(&mut self.io), cx);
            match &polled {
                Poll::Ready(Err(error)) if self.holds_back && is_reset(error.kind()) => {
                    let kind = error.kind();
                    let max_wait = Box::pin(sleep(MAX_WAIT));
                    self.reset = Some(Reset { kind, max_wait });
                    // The reader goes on.
                    cx.waker().wake_by_ref();
                }
                _ => return polled,
            }
        }
        match &mut self.reset {
            Some(reset) => {
                ready!(reset.max_wait.as_mut().poll(cx));
                Poll::Ready(Err(reset.kind.into()))
            }
            None => Poll::Pending,
        }
    }
}

fn is_reset(kind: io::ErrorKind) -> bool {
    matches!(
        kind,
        io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
    )
}

impl<T> Connection for Link<T> {
    fn connected(&self) -> Connected {
        // Without the addresses: they would be put into every response, where nobody looks for them.
        Connected::new().proxy(self.proxied)
    }
}

impl<T: Read + Unpin> Read for Link<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        match &self.reset {
            None => Pin::new(&mut self.io).poll_read(cx, buffer),
            Some(reset) => {
                let kind = reset.kind;
                self.poll_rest(cx, buffer, kind)
            }
        }
    }
}

impl<T: Read + Unpin> Link<T> {
    /// Reads what has come before the connection was reset.
    #[cold]
    fn poll_rest(
        &mut self,
        cx: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
        kind: io::ErrorKind,
    ) -> Poll<io::Result<()>> {
        let mut space = [0; 4096];
        let length = min(space.len(), buffer.remaining());
        let mut part = ReadBuf::new(&mut space[..length]);
        ready!(Pin::new(&mut self.io).poll_read(cx, part.unfilled()))?;
        // The system reports a reset once, and reported it to the writer. A broken pipe was closed first.
        if part.filled().is_empty() && length > 0 && kind != io::ErrorKind::BrokenPipe {
            return Poll::Ready(Err(kind.into()));
        }
        buffer.put_slice(part.filled());
        Poll::Ready(Ok(()))
    }
}

impl<T: Read + Write + Unpin> Write for Link<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.write(cx, |io, cx| io.poll_write(cx, bytes))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let length: usize = slices.iter().map(|slice| slice.len()).sum();
        if length > SMALL {
            return self.write(cx, |io, cx| io.poll_write_vectored(cx, slices));
        }
        let mut together = std::mem::take(&mut self.together);
        together.clear();
        for slice in slices {
            together.extend_from_slice(slice);
        }
        let polled = self.write(cx, |io, cx| io.poll_write(cx, &together));
        self.together = together;
        polled
    }
}

#[cfg(test)]
mod tests;
