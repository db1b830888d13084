//! Unpacks responses that come gzipped, as they come.

use std::io::{self, BufRead, Read};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, Bytes};
use flate2::bufread::MultiGzDecoder;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH};
use http::{HeaderMap, Response};
use http_body::Frame;

use crate::body::{Body, Rounds};
use crate::error::{BoxError, Error, ErrorKind};

/// Unpacks a gzipped response piece by piece: a reader that stops at a size never has more in memory
/// than that and one piece, however large the packed response would become.
///
/// Of a [transfer](crate::Operation::transfer) only errors are unpacked: an object is passed on as
/// it was stored.
pub(super) fn unpack<B>(mut response: Response<B>, transfer: bool) -> Response<B>
where
    B: http_body::Body + From<Body> + Into<Body>,
{
    let unpacks = !transfer || !response.status().is_success();
    // The response to HEAD names an encoding, but there is nothing to unpack.
    if unpacks && is_gzip(response.headers()) && !response.body().is_end_stream() {
        response.headers_mut().remove(CONTENT_ENCODING);
        response.headers_mut().remove(CONTENT_LENGTH);
        response = response.map(|body| Body::from_http_body(Unpacked::new(body.into())).into());
    }
    response
}

fn is_gzip(headers: &HeaderMap) -> bool {
    let encoding = headers.get(CONTENT_ENCODING);
    encoding.is_some_and(|encoding| {
        let encoding = encoding.as_bytes().trim_ascii();
        encoding.eq_ignore_ascii_case(b"gzip") || encoding.eq_ignore_ascii_case(b"x-gzip")
    })
}

/// How much is unpacked at once.
const PIECE: usize = 16 * 1024;

/// How many packed bytes may come for each unpacked one, besides [`ALLOWANCE`]: a compression that makes
/// things this much larger is an attempt to keep the reader busy.
const PER_BYTE: u64 = 64;
const ALLOWANCE: u64 = 256 * 1024;

struct Unpacked {
    packed: Body,
    came: u64,
    gave: u64,
    /// `None` until the first bytes, and after the end.
    decoder: Option<MultiGzDecoder<Packed>>,
    started: bool,
}

impl Unpacked {
    fn new(packed: Body) -> Self {
        Self {
            packed,
            came: 0,
            gave: 0,
            decoder: None,
            started: false,
        }
    }

    fn feed(&mut self, data: Bytes) {
        match &mut self.decoder {
            Some(decoder) => decoder.get_mut().data = data,
            None => {
                self.started = true;
                self.decoder = Some(MultiGzDecoder::new(Packed { data, ended: false }));
            }
        }
    }
}

impl http_body::Body for Unpacked {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        let mut rounds = Rounds::new();
        let mut piece = vec![0; PIECE];
        loop {
            if let Some(decoder) = &mut this.decoder {
                match decoder.read(&mut piece) {
                    Ok(0) => {
                        this.decoder = None;
                        return Poll::Ready(None);
                    }
                    Ok(length) => {
                        this.gave += length as u64;
                        piece.truncate(length);
                        return Poll::Ready(Some(Ok(Frame::data(piece.into()))));
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(error) => {
                        this.decoder = None;
                        return Poll::Ready(Some(Err(corrupt(error).into())));
                    }
                }
            } else if this.started {
                return Poll::Ready(None);
            }
            match ready!(Pin::new(&mut this.packed).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => {
                        this.came += data.len() as u64;
                        if this.came > ALLOWANCE + PER_BYTE * this.gave {
                            this.decoder = None;
                            return Poll::Ready(Some(Err(pointless().into())));
                        }
                        if !data.is_empty() {
                            this.feed(data);
                        }
                    }
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                },
                Some(Err(error)) => {
                    this.decoder = None;
                    return Poll::Ready(Some(Err(error)));
                }
                None => match &mut this.decoder {
                    Some(decoder) => decoder.get_mut().ended = true,
                    None => return Poll::Ready(None),
                },
            }
            if rounds.is_enough(cx) {
                return Poll::Pending;
            }
        }
    }
}

fn pointless() -> Error {
    let message = "the compressed response is much larger than what is in it";
    Error::new(ErrorKind::Decode, message).with_sent(true)
}

fn corrupt(error: io::Error) -> Error {
    Error::new(ErrorKind::Decode, "the compressed response is damaged")
        .with_sent(true)
        .with_source(error)
}

/// What of the packed body is at hand; asks for more by `WouldBlock`.
#[derive(Debug)]
struct Packed {
    data: Bytes,
    ended: bool,
}

impl Read for Packed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.fill_buf()?.len().min(buffer.len());
        self.data.copy_to_slice(&mut buffer[..length]);
        Ok(length)
    }
}

impl BufRead for Packed {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.data.is_empty() && !self.ended {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(&self.data)
    }

    fn consume(&mut self, length: usize) {
        self.data.advance(length);
    }
}
