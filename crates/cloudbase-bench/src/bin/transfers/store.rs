//! A gateway and object store of one thread in a process of its own: takes everything, gives zeros.

use std::convert::Infallible;
use std::env;
use std::io::{BufRead as _, BufReader};
use std::net::Ipv4Addr;
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::{Method, Request, Response};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpListener;

const SERVE: &str = "serve-for-transfers";
static ZEROS: [u8; 256 * 1024] = [0; 256 * 1024];

/// A running store; it ends with its owner.
pub(crate) struct Store {
    endpoint: String,
    process: Child,
}

impl Store {
    pub(crate) fn start() -> Result<Self> {
        let mut process = Command::new(env::current_exe()?)
            .arg(SERVE)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = process.stdout.take().context("the store has no output")?;
        let mut endpoint = String::new();
        BufReader::new(output).read_line(&mut endpoint)?;
        let endpoint = endpoint.trim().to_owned();
        anyhow::ensure!(
            endpoint.starts_with("http://"),
            "the store said `{endpoint}`"
        );
        Ok(Self { endpoint, process })
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Becomes the store if the program was started as one. Whether it was.
pub(crate) fn serve_if_asked() -> Result<bool> {
    if env::args().nth(1).as_deref() != Some(SERVE) {
        return Ok(false);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(serve())?;
    Ok(true)
}

async fn serve() -> Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let endpoint = format!("http://{}", listener.local_addr()?);
    println!("{endpoint}");
    // The other end of the standard input is held by the owner: it closes however the owner ends.
    let mut nothing = [0];
    let mut input = tokio::io::stdin();
    let end = input.read(&mut nothing);
    tokio::pin!(end);
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => accepted?.0,
            _ = &mut end => return Ok(()),
        };
        stream.set_nodelay(true)?;
        let endpoint = endpoint.clone();
        let service = service_fn(move |request| answer(request, endpoint.clone()));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .serve_connection(TokioIo::new(stream), service);
        tokio::spawn(async move { drop(connection.await) });
    }
}

async fn answer(
    request: Request<Incoming>,
    endpoint: String,
) -> Result<Response<BoxBody<Bytes, Infallible>>, Infallible> {
    let path = request.uri().path().to_owned();
    if request.method() == Method::GET {
        return Ok(zeros(path[1..].parse().unwrap_or_default()));
    }
    let is_gateway = path.starts_with("/v1/");
    let mut body = request.into_body();
    let mut kept = Vec::new();
    while let Some(Ok(frame)) = body.frame().await {
        if let (true, Ok(data)) = (is_gateway, frame.into_data()) {
            kept.extend_from_slice(&data);
        }
    }
    let text = if is_gateway {
        gateway(&kept, &endpoint)
    } else {
        String::new()
    };
    Ok(Response::new(Full::new(Bytes::from(text)).boxed()))
}

fn gateway(body: &[u8], endpoint: &str) -> String {
    let items: Vec<Value> = serde_json::from_slice(body).unwrap_or_default();
    let answers = items.iter().map(|item| {
        let name = |field: &str| item[field].as_str().unwrap_or_default();
        let key = name("objectId");
        let id = name("cloudObjectId");
        json!({
            "uploadUrl": format!("{endpoint}/{key}"),
            "authorization": "signature",
            "token": "token",
            "cloudObjectMeta": "meta",
            "cloudObjectId": format!("cloud://bench.bucket/{key}"),
            "downloadUrl": format!("{endpoint}/{}", id.rsplit('/').next().unwrap_or_default()),
        })
    });
    Value::from_iter(answers).to_string()
}

fn zeros(size: u64) -> Response<BoxBody<Bytes, Infallible>> {
    let pieces = stream::unfold(size, |left| async move {
        let next = left.min(ZEROS.len() as u64);
        (next > 0).then(|| (Bytes::from_static(&ZEROS[..next as usize]), left - next))
    });
    let frames = pieces.map(|piece| Ok(Frame::data(piece)));
    let mut response = Response::new(BodyExt::boxed(StreamBody::new(frames)));
    response.headers_mut().insert("content-length", size.into());
    response
        .headers_mut()
        .insert("etag", http::HeaderValue::from_static("\"z\""));
    response
}
