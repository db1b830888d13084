//! A server of a few lines, so that a test decides about every byte and every close.

#![allow(
    clippy::unwrap_used,
    dead_code,
    missing_docs,
    unreachable_pub,
    reason = "help for tests, of which each file uses a part"
)]

use std::future::Future;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use cloudbase_core::http::{Method, Uri};
use cloudbase_core::{ClientBuilder, CredentialUse, Operation};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A listening server: where it is, and what came in.
#[derive(Clone)]
pub struct Server {
    pub address: SocketAddr,
    pub seen: Arc<Seen>,
}

#[derive(Default)]
pub struct Seen {
    pub connections: AtomicUsize,
    /// The heads of the requests, as they came.
    pub heads: Mutex<Vec<String>>,
    pub bodies: Mutex<Vec<Vec<u8>>>,
}

impl Seen {
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    pub fn bodies(&self) -> Vec<Vec<u8>> {
        self.bodies.lock().unwrap().clone()
    }
}

impl Server {
    /// Gives each connection to `serve`.
    pub async fn start<F>(serve: impl Fn(TcpStream, Arc<Seen>) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::<Seen>::default();
        let shared = seen.clone();
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                shared.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(socket, shared.clone()));
            }
        });
        Self { address, seen }
    }

    /// Responds to each request with `response`, on connections that stay open.
    pub async fn responding(response: impl Into<Vec<u8>>) -> Self {
        let response: Arc<[u8]> = response.into().into();
        Self::start(move |mut socket, seen| {
            let response = response.clone();
            async move {
                while read_request(&mut socket, &seen).await.is_some() {
                    if socket.write_all(&response).await.is_err() {
                        return;
                    }
                }
            }
        })
        .await
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn client(&self) -> ClientBuilder {
        ClientBuilder::default()
            .env_id("demo-1a2b3c")
            .endpoint(self.url())
            .max_attempts(1)
    }
}

/// The head of the next request, its body read; `None` at the end.
pub async fn read_request<S>(socket: &mut S, seen: &Seen) -> Option<String>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let head = read_head(socket).await?;
    let length = header(&head, "content-length").map_or(0, |value| value.parse().unwrap());
    let mut body = vec![0; length];
    socket.read_exact(&mut body).await.ok()?;
    seen.heads.lock().unwrap().push(head.clone());
    seen.bodies.lock().unwrap().push(body);
    Some(head)
}

/// The head of the next request and nothing of its body; `None` at the end.
pub async fn read_head(socket: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(socket.read_u8().await.ok()?);
    }
    Some(String::from_utf8(head).unwrap())
}

pub fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        let (known, value) = line.split_once(": ")?;
        known.eq_ignore_ascii_case(name).then_some(value)
    })
}

pub fn ok(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

pub fn get(target: &str) -> Operation {
    operation(Method::GET, target)
}

pub fn post(target: &str) -> Operation {
    operation(Method::POST, target)
        .json(&serde_json::json!({"a": 1}))
        .unwrap()
}

fn operation(method: Method, target: &str) -> Operation {
    let target: Uri = target.parse().unwrap();
    Operation::new("test.call", "/v1/test", method, target).credential(CredentialUse::None)
}
