//! Bounds how many informational responses an HTTP/2 server may send.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::rt::{Read, ReadBuf, ReadBufCursor, Write};

const HEADERS: u8 = 0x1;
const HEAD_LENGTH: usize = 9;
/// What the client begins with.
const PREFACE_LENGTH: usize = 24;

/// The heads that the server may send on a connection besides [`PER_REQUEST`] for each.
const ALLOWANCE: u64 = 64;

/// For each request: a response, trailers, and some informational responses. Their size is bounded
/// by the HTTP library, like that of every head.
const PER_REQUEST: u64 = 18;

/// What a connection has left at most, however many requests it has carried: servers allow fewer at
/// once.
const MOST: u64 = ALLOWANCE + PER_REQUEST * 256;

/// A connection on which the heads of both sides are counted: the HTTP library keeps each
/// informational response until the real one, and takes any number of them.
pub(super) struct Bounded<T> {
    io: T,
    sent: Heads,
    received: Heads,
    credit: Credit,
}

impl<T> Bounded<T> {
    pub(super) fn new(io: T) -> Self {
        Self {
            io,
            sent: Heads::after(PREFACE_LENGTH),
            received: Heads::after(0),
            credit: Credit(ALLOWANCE),
        }
    }

    fn written(&mut self, bytes: &[u8]) {
        let requests = self.sent.follow(bytes);
        self.credit.earn(requests);
    }
}

/// How many heads the server may still send.
struct Credit(u64);

impl Credit {
    fn earn(&mut self, requests: u64) {
        self.0 = (self.0 + PER_REQUEST * requests).min(MOST);
    }

    fn spend(&mut self, heads: u64) -> io::Result<()> {
        let left = self.0.checked_sub(heads);
        self.0 = left.ok_or(io::ErrorKind::QuotaExceeded)?;
        Ok(())
    }
}

/// Follows the frames of one direction.
struct Heads {
    /// What is left of the frame that has begun.
    left: usize,
    head: [u8; HEAD_LENGTH],
    filled: usize,
}

impl Heads {
    fn after(beginning: usize) -> Self {
        Self {
            left: beginning,
            head: [0; HEAD_LENGTH],
            filled: 0,
        }
    }

    /// How many heads begin in `bytes`.
    fn follow(&mut self, mut bytes: &[u8]) -> u64 {
        let mut count = 0;
        while !bytes.is_empty() {
            if self.left > 0 {
                let skipped = self.left.min(bytes.len());
                self.left -= skipped;
                bytes = &bytes[skipped..];
                continue;
            }
            let taken = (HEAD_LENGTH - self.filled).min(bytes.len());
            self.head[self.filled..self.filled + taken].copy_from_slice(&bytes[..taken]);
            self.filled += taken;
            bytes = &bytes[taken..];
            if self.filled == HEAD_LENGTH {
                let [high, middle, low, kind, ..] = self.head;
                self.left = u32::from_be_bytes([0, high, middle, low]) as usize;
                self.filled = 0;
                count += u64::from(kind == HEADERS);
            }
        }
        count
    }
}

impl<T: Read + Unpin> Read for Bounded<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let mut space = [0; 16 * 1024];
        let length = space.len().min(buffer.remaining());
        let mut part = ReadBuf::new(&mut space[..length]);
        ready!(Pin::new(&mut this.io).poll_read(cx, part.unfilled()))?;
        let heads = this.received.follow(part.filled());
        this.credit.spend(heads)?;
        buffer.put_slice(part.filled());
        Poll::Ready(Ok(()))
    }
}

impl<T: Write + Unpin> Write for Bounded<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.io).poll_write(cx, bytes))?;
        self.written(&bytes[..written]);
        Poll::Ready(Ok(written))
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
        let written = ready!(Pin::new(&mut self.io).poll_write_vectored(cx, slices))?;
        let mut left = written;
        for slice in slices {
            let part = left.min(slice.len());
            self.written(&slice[..part]);
            left -= part;
        }
        Poll::Ready(Ok(written))
    }
}

#[cfg(test)]
mod tests;
