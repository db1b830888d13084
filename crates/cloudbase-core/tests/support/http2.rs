//! The server's side of HTTP/2, frame by frame, so that a test decides about every one of them.

#![allow(
    clippy::unwrap_used,
    dead_code,
    missing_docs,
    unreachable_pub,
    reason = "help for tests, of which each file uses a part"
)]

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use cloudbase_core::config::RetryConfig;
use cloudbase_core::{Client, ClientBuilder};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use super::server::{Seen, Server, ok, read_request};
use super::tls::Authority;

pub const DATA: u8 = 0x0;
pub const HEADERS: u8 = 0x1;
pub const RST_STREAM: u8 = 0x3;
const SETTINGS: u8 = 0x4;
const PING: u8 = 0x6;
const GOAWAY: u8 = 0x7;
const WINDOW_UPDATE: u8 = 0x8;
const CONTINUATION: u8 = 0x9;

pub const END_STREAM: u8 = 0x1;
pub const END_HEADERS: u8 = 0x4;
const ACK: u8 = 0x1;

const INITIAL_WINDOW_SIZE: [u8; 2] = [0, 4];
const DEFAULT_WINDOW: usize = 65_535;

pub const NO_ERROR: u32 = 0x0;
pub const PROTOCOL_ERROR: u32 = 0x1;
pub const INTERNAL_ERROR: u32 = 0x2;
pub const REFUSED_STREAM: u32 = 0x7;
pub const CANCEL: u32 = 0x8;
pub const ENHANCE_YOUR_CALM: u32 = 0xb;
pub const HTTP_1_1_REQUIRED: u32 = 0xd;

/// A server whose connections do what `script` says, and a client with so many attempts.
pub async fn start<F>(
    max_attempts: u32,
    script: impl Fn(Connection) -> F + Clone + Send + 'static,
) -> (Server, Client)
where
    F: Future<Output = Option<()>> + Send + 'static,
{
    let (server, client) = prepare(max_attempts, script).await;
    (server, client.build().unwrap())
}

/// The same, with a client that is still to be built.
pub async fn prepare<F>(
    max_attempts: u32,
    script: impl Fn(Connection) -> F + Clone + Send + 'static,
) -> (Server, ClientBuilder)
where
    F: Future<Output = Option<()>> + Send + 'static,
{
    let authority = Authority::new();
    let server = serve(&authority, script).await;
    let mut retry = RetryConfig::default();
    retry.base = Duration::from_millis(1);
    retry.max_attempts = max_attempts;
    let client = client(&server, &authority).retry(retry);
    (server, client)
}

pub fn client(server: &Server, authority: &Authority) -> ClientBuilder {
    Client::builder()
        .env_id("demo")
        .endpoint(format!("https://localhost:{}", server.address.port()))
        .ca_certificates(authority.pem())
}

/// Responds to everything that comes.
pub async fn respond_to_all(mut connection: Connection) -> Option<()> {
    loop {
        let stream = connection.request().await?;
        connection.respond(stream).await;
    }
}

pub struct Frame {
    pub kind: u8,
    pub stream: u32,
    pub payload: Vec<u8>,
}

/// One connection, its beginnings done.
pub struct Connection {
    socket: TlsStream<TcpStream>,
    seen: Arc<Seen>,
    /// Which of the server's connections this is, from one.
    pub number: usize,
    /// How much the client takes on a stream, and on all together, before it makes room.
    pub stream_window: usize,
    pub window: usize,
}

/// Gives each connection to `serve`. To clients that do not offer HTTP/2 it responds with `{}`.
pub async fn serve<F>(
    authority: &Authority,
    serve: impl Fn(Connection) -> F + Clone + Send + 'static,
) -> Server
where
    F: Future<Output = Option<()>> + Send + 'static,
{
    let acceptor = authority.http2_acceptor();
    Server::start(move |socket, seen| {
        let (acceptor, serve) = (acceptor.clone(), serve.clone());
        async move {
            let number = seen.connections();
            let mut socket = acceptor.accept(socket).await.unwrap();
            if socket.get_ref().1.alpn_protocol().is_none() {
                while read_request(&mut socket, &seen).await.is_some() {
                    socket.write_all(ok("{}").as_bytes()).await.unwrap();
                }
                return;
            }
            let mut preface = [0; 24];
            socket.read_exact(&mut preface).await.unwrap();
            assert_eq!(&preface, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
            let mut connection = Connection {
                socket,
                seen,
                number,
                stream_window: DEFAULT_WINDOW,
                window: DEFAULT_WINDOW,
            };
            connection.send(SETTINGS, 0, 0, &[]).await;
            serve(connection).await;
        }
    })
    .await
}

impl Connection {
    /// The next frame that is about a request; `None` at the end.
    pub async fn next(&mut self) -> Option<Frame> {
        loop {
            let mut head = [0; 9];
            self.socket.read_exact(&mut head).await.ok()?;
            let [l0, l1, l2, kind, flags, s0, s1, s2, s3] = head;
            let length = u32::from_be_bytes([0, l0, l1, l2]) as usize;
            let stream = u32::from_be_bytes([s0, s1, s2, s3]);
            let mut payload = vec![0; length];
            self.socket.read_exact(&mut payload).await.ok()?;
            match kind {
                SETTINGS if flags & ACK == 0 => {
                    for setting in payload.chunks_exact(6) {
                        if let Some(value) = setting.strip_prefix(&INITIAL_WINDOW_SIZE) {
                            self.stream_window = number(value);
                        }
                    }
                    self.send(SETTINGS, ACK, 0, &[]).await;
                }
                PING if flags & ACK == 0 => self.send(PING, ACK, 0, &payload).await,
                WINDOW_UPDATE if stream == 0 => self.window += number(&payload),
                SETTINGS | PING | WINDOW_UPDATE => {}
                _ => {
                    return Some(Frame {
                        kind,
                        stream,
                        payload,
                    });
                }
            }
        }
    }

    /// The stream of the next request; `None` at the end.
    pub async fn request(&mut self) -> Option<u32> {
        loop {
            let frame = self.next().await?;
            if frame.kind == HEADERS {
                let head = format!("stream {} of connection {}", frame.stream, self.number);
                self.seen.heads.lock().unwrap().push(head);
                return Some(frame.stream);
            }
        }
    }

    /// Responds with `{}`.
    pub async fn respond(&mut self, stream: u32) {
        // `:status: 200` is number 8 of HPACK's static table.
        self.send(HEADERS, END_HEADERS, stream, &[0x88]).await;
        self.send(DATA, END_STREAM, stream, b"{}").await;
    }

    /// Responds with a status of three digits and a body.
    pub async fn respond_with(&mut self, stream: u32, status: &str, body: &str) {
        // The name of number 8, and a value of its own.
        let head = [&[0x08, 0x03], status.as_bytes()].concat();
        self.send(HEADERS, END_HEADERS, stream, &head).await;
        self.send(DATA, END_STREAM, stream, body.as_bytes()).await;
    }

    pub async fn reset(&mut self, stream: u32, code: u32) {
        self.send(RST_STREAM, 0, stream, &code.to_be_bytes()).await;
    }

    /// Says that no stream after `last` was or will be looked at.
    pub async fn go_away(&mut self, last: u32, code: u32) {
        let payload = [last.to_be_bytes(), code.to_be_bytes()].concat();
        self.send(GOAWAY, 0, 0, &payload).await;
    }

    /// Lets the client send as much again as it sent with `frame`.
    pub async fn make_room(&mut self, frame: &Frame) {
        let room = u32::try_from(frame.payload.len()).unwrap().to_be_bytes();
        self.send(WINDOW_UPDATE, 0, 0, &room).await;
        self.send(WINDOW_UPDATE, 0, frame.stream, &room).await;
    }

    /// Sends the head of a `200` with these fields.
    pub async fn head(&mut self, stream: u32, flags: u8, fields: &[(&str, &str)]) {
        let fields = fields.iter().map(|(name, value)| field(name, value));
        let head = [vec![0x88], fields.collect::<Vec<_>>().concat()].concat();
        self.send(HEADERS, END_HEADERS | flags, stream, &head).await;
    }

    /// Sends a `103`; `None` once the client has closed the connection.
    pub async fn informational(&mut self, stream: u32) -> Option<()> {
        let head = [&[0x08, 0x03], b"103".as_slice(), &field("x-a", "b")].concat();
        let length = u32::try_from(head.len()).unwrap().to_be_bytes();
        let mut frame = length[1..].to_vec();
        frame.extend([HEADERS, END_HEADERS]);
        frame.extend(stream.to_be_bytes());
        frame.extend(head);
        self.socket.write_all(&frame).await.ok()?;
        self.socket.flush().await.ok()
    }

    /// Sends the head of a `200` in so many frames of nearly 16 KiB.
    pub async fn large_head(&mut self, stream: u32, pieces: usize) {
        let value = "v".repeat(100);
        for piece in 0..pieces {
            let mut fields = if piece == 0 { vec![0x88] } else { Vec::new() };
            while fields.len() < 16 * 1024 - 200 {
                fields.extend(field("x-many", &value));
            }
            let kind = if piece == 0 { HEADERS } else { CONTINUATION };
            let flags = if piece + 1 == pieces { END_HEADERS } else { 0 };
            self.send(kind, flags, stream, &fields).await;
        }
    }

    /// Reads until the client closes the connection, and responds not even to pings.
    pub async fn read_in_silence(&mut self) {
        let mut space = [0; 1024];
        while self
            .socket
            .read(&mut space)
            .await
            .is_ok_and(|read| read > 0)
        {}
    }

    /// Says that nothing more comes.
    pub async fn finish(&mut self) {
        self.socket.shutdown().await.unwrap();
    }

    /// Reads until the client closes the connection.
    pub async fn drain(&mut self) {
        while self.next().await.is_some() {}
    }

    pub async fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let mut frame = length[1..].to_vec();
        frame.extend([kind, flags]);
        frame.extend(stream.to_be_bytes());
        frame.extend(payload);
        // The client may have closed the connection.
        let _ = self.socket.write_all(&frame).await;
        let _ = self.socket.flush().await;
    }
}

fn number(bytes: &[u8]) -> usize {
    u32::from_be_bytes(bytes.try_into().unwrap()) as usize
}

/// A header field as HPACK writes it without tables or compression.
pub fn field(name: &str, value: &str) -> Vec<u8> {
    let text = |text: &str| {
        assert!(text.len() < 127);
        [&[text.len() as u8], text.as_bytes()].concat()
    };
    [vec![0], text(name), text(value)].concat()
}
