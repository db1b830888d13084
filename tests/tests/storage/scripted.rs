//! A gateway and object store that do exactly what a test says, bytes and connections included.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::support;
use cloudbase_storage::Storage;

/// The head of a request, and as much of its body as was read.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
    /// The client closed the connection while the body was read.
    pub(crate) cut_by_client: bool,
}

/// What the object store does with a request.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// Reads the whole body and responds.
    Reply(Reply),
    /// Reads so many bytes of the body and closes the connection.
    CutUpload(usize),
    /// Reads so many bytes of the body, responds, and reads on until the client stops.
    RejectUpload(usize, Reply),
    /// Reads so many bytes of the body, and then nothing more.
    StallUpload(usize),
}

#[derive(Clone, Debug)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// Sends only so much of the body, then closes the connection, or holds it.
    only: Option<(usize, bool)>,
}

impl Reply {
    pub(crate) fn new(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            only: None,
        }
    }

    pub(crate) fn header(mut self, name: &str, value: impl ToString) -> Self {
        self.headers.push((name.into(), value.to_string()));
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// Closes the connection after so many bytes of the body.
    pub(crate) fn cut(mut self, bytes: usize) -> Act {
        self.only = Some((bytes, false));
        Act::Reply(self)
    }

    /// Sends nothing more after so many bytes of the body.
    pub(crate) fn stall(mut self, bytes: usize) -> Act {
        self.only = Some((bytes, true));
        Act::Reply(self)
    }
}

impl From<Reply> for Act {
    fn from(reply: Reply) -> Self {
        Self::Reply(reply)
    }
}

type Handler = dyn Fn(usize, &Seen) -> Act + Send + Sync;

/// The running server.
pub(crate) struct Scripted {
    origin: String,
    store: Arc<Mutex<Vec<Seen>>>,
    gateway: Arc<Mutex<Vec<Seen>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Scripted {
    /// Starts a server whose object store does what `handler` says of its n-th request.
    pub(crate) async fn start(
        handler: impl Fn(usize, &Seen) -> Act + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let (store, gateway) = (Arc::default(), Arc::default());
        let server = Server {
            origin: origin.clone(),
            store: Arc::clone(&store),
            gateway: Arc::clone(&gateway),
            handler: Arc::new(handler),
            count: Arc::default(),
        };
        let task = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((socket, _)) = listener.accept().await {
                connections.spawn(server.clone().serve(socket));
            }
        });
        Self {
            origin,
            store,
            gateway,
            task,
        }
    }

    pub(crate) fn storage(&self) -> Storage {
        Storage::new(support::client("env", &self.origin, "the-access-key"))
    }

    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// The id of the object `key`.
    pub(crate) fn id(key: &str) -> String {
        format!("cloud://env.bucket/{key}")
    }

    /// What the object store saw.
    pub(crate) fn store(&self) -> Vec<Seen> {
        self.store.lock().unwrap().clone()
    }

    /// The first request that the object store is done with.
    pub(crate) async fn seen(&self) -> Seen {
        loop {
            match self.store().into_iter().next() {
                Some(seen) => return seen,
                None => tokio::task::yield_now().await,
            }
        }
    }

    /// What the gateway saw.
    pub(crate) fn gateway(&self) -> Vec<Seen> {
        self.gateway.lock().unwrap().clone()
    }
}

#[derive(Clone)]
struct Server {
    origin: String,
    store: Arc<Mutex<Vec<Seen>>>,
    gateway: Arc<Mutex<Vec<Seen>>>,
    handler: Arc<Handler>,
    count: Arc<std::sync::atomic::AtomicUsize>,
}

impl Server {
    async fn serve(self, mut socket: TcpStream) {
        let mut buffer = Vec::new();
        while let Some((mut seen, length)) = read_head(&mut socket, &mut buffer).await {
            // Buckets are objects of the gateway itself: those the handler responds for.
            if seen.target.starts_with("/v1/storages/get-objects-") {
                read_body(&mut socket, &mut buffer, &mut seen, length).await;
                let reply = self.gateway_reply(&seen);
                self.gateway.lock().unwrap().push(seen);
                if !send(&mut socket, reply, false).await {
                    return;
                }
                continue;
            }
            let number = self.count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            match (self.handler)(number, &seen) {
                Act::Reply(reply) => {
                    read_body(&mut socket, &mut buffer, &mut seen, length).await;
                    let is_head = seen.method == "HEAD";
                    self.store.lock().unwrap().push(seen);
                    if !send(&mut socket, reply, is_head).await {
                        return;
                    }
                }
                Act::CutUpload(bytes) => {
                    read_body(&mut socket, &mut buffer, &mut seen, length.min(bytes)).await;
                    self.store.lock().unwrap().push(seen);
                    return;
                }
                Act::RejectUpload(bytes, reply) => {
                    read_body(&mut socket, &mut buffer, &mut seen, length.min(bytes)).await;
                    let _ = send(&mut socket, reply, false).await;
                    read_body(&mut socket, &mut buffer, &mut seen, length).await;
                    self.store.lock().unwrap().push(seen);
                    return;
                }
                Act::StallUpload(bytes) => {
                    read_body(&mut socket, &mut buffer, &mut seen, length.min(bytes)).await;
                    self.store.lock().unwrap().push(seen);
                    std::future::pending::<()>().await;
                }
            }
        }
    }

    fn gateway_reply(&self, seen: &Seen) -> Reply {
        let items: Vec<Value> = serde_json::from_slice(&seen.body).unwrap();
        let origin = &self.origin;
        let version = self.gateway.lock().unwrap().len();
        let responses: Vec<Value> = items
            .iter()
            .map(|item| match item.get("objectId").and_then(Value::as_str) {
                Some(key) => json!({
                    "objectId": key,
                    "uploadUrl": format!("{origin}/{key}"),
                    "authorization": "q-sign-algorithm=sha1&q-signature=s",
                    "token": "security-token",
                    "cloudObjectMeta": "meta",
                    "cloudObjectId": format!("cloud://env.bucket/{key}"),
                }),
                None => {
                    let id = item["cloudObjectId"].as_str().unwrap();
                    let key = id.splitn(4, '/').last().unwrap();
                    json!({ "cloudObjectId": id, "downloadUrl": format!("{origin}/{key}?sign={version}") })
                }
            })
            .collect();
        Reply::new(200)
            .header("content-type", "application/json")
            .body(serde_json::to_vec(&responses).unwrap())
    }
}

async fn read_head(socket: &mut TcpStream, buffer: &mut Vec<u8>) -> Option<(Seen, usize)> {
    let end = loop {
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break end;
        }
        if socket.read_buf(buffer).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(buffer[..end].to_vec()).unwrap();
    buffer.drain(..end + 4);
    let mut lines = head.split("\r\n");
    let mut first = lines.next().unwrap().split(' ').map(str::to_owned);
    let mut seen = Seen {
        method: first.next().unwrap(),
        target: first.next().unwrap(),
        ..Seen::default()
    };
    for line in lines {
        let (name, value) = line.split_once(": ").unwrap();
        seen.headers
            .insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let length = seen
        .headers
        .get("content-length")
        .map_or(0, |text| text.parse().unwrap());
    Some((seen, length))
}

async fn read_body(socket: &mut TcpStream, buffer: &mut Vec<u8>, seen: &mut Seen, length: usize) {
    loop {
        let taken = buffer.len().min(length - seen.body.len());
        seen.body.extend(buffer.drain(..taken));
        if seen.body.len() == length {
            return;
        }
        if !matches!(socket.read_buf(buffer).await, Ok(read) if read > 0) {
            seen.cut_by_client = true;
            return;
        }
    }
}

/// Sends a response; says whether the connection may be used again.
async fn send(socket: &mut TcpStream, reply: Reply, is_head: bool) -> bool {
    let mut head = format!("HTTP/1.1 {} x\r\n", reply.status);
    for (name, value) in &reply.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    if !reply
        .headers
        .iter()
        .any(|(name, _)| name == "transfer-encoding")
    {
        head.push_str(&format!("content-length: {}\r\n", reply.body.len()));
    }
    head.push_str("\r\n");
    if socket.write_all(head.as_bytes()).await.is_err() {
        return false;
    }
    if is_head {
        return true;
    }
    let shown = reply.only.map_or(reply.body.len(), |(bytes, _)| bytes);
    let sent = socket.write_all(&reply.body[..shown]).await.is_ok();
    match reply.only {
        Some((_, true)) => std::future::pending().await,
        Some((_, false)) => false,
        None => sent,
    }
}
