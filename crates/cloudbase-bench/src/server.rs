//! The server that all contenders call: one thread in a process of its own, so that it counts for none of them.

use std::{
    convert::Infallible,
    env,
    io::{BufRead, BufReader},
    net::Ipv4Addr,
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result};
use bytes::Bytes;
use cloudbase_core::BoxError;
use http::{HeaderValue, Request, Response, header};
use http_body_util::{BodyExt, Full};
use hyper::{
    body::{Body, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{io::AsyncReadExt, net::TcpListener};

use crate::rows;

/// The argument that turns a program of this crate into the server.
const SERVE: &str = "serve-for-bench";

/// The response to every request, but those for rows of a table.
pub(crate) const RESPONSE: &[u8] =
    br#"{"greeting":"hello, Lin","count":20,"tags":["a","b","c"],"at":"2026-01-01T00:00:00Z"}"#;

/// The type of every response.
pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// A running server; it ends with its owner.
#[derive(Debug)]
pub struct Server {
    endpoint: String,
    process: Child,
}

impl Server {
    /// Starts this program once more, as the server.
    ///
    /// # Errors
    ///
    /// The program cannot be started, or calls neither [`serve_if_asked`] nor [`serve_if_asked_with`].
    pub fn start() -> Result<Self> {
        let mut process = Command::new(env::current_exe()?)
            .arg(SERVE)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = process.stdout.take().context("the server has no output")?;
        let mut endpoint = String::new();
        BufReader::new(output).read_line(&mut endpoint)?;
        let endpoint = endpoint.trim().to_owned();
        anyhow::ensure!(
            endpoint.starts_with("http://"),
            "the server said `{endpoint}`"
        );
        Ok(Self { endpoint, process })
    }

    /// Its address, as `http://127.0.0.1:port`.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Becomes the server of JSON and of rows if the program was started as one; to be called first in `main`. Whether it was.
///
/// # Errors
///
/// The server cannot listen.
pub fn serve_if_asked() -> Result<bool> {
    serve_if_asked_with(respond)
}

/// As [`serve_if_asked`], with responses of the program's own.
///
/// # Errors
///
/// The server cannot listen.
pub fn serve_if_asked_with<F, A, B>(respond: F) -> Result<bool>
where
    F: Fn(Request<Incoming>) -> A + Copy + Send + 'static,
    A: Future<Output = Result<Response<B>, Infallible>> + Send,
    B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    if env::args().nth(1).as_deref() != Some(SERVE) {
        return Ok(false);
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(serve(respond))?;
    Ok(true)
}

async fn serve<F, A, B>(respond: F) -> Result<()>
where
    F: Fn(Request<Incoming>) -> A + Copy + Send + 'static,
    A: Future<Output = Result<Response<B>, Infallible>> + Send,
    B: Body<Data: Send, Error: Into<BoxError>> + Send + 'static,
{
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    announce(listener.local_addr()?.port());
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
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .serve_connection(TokioIo::new(stream), service_fn(respond));
        // A connection that breaks off is the client's to notice.
        tokio::spawn(async move { drop(connection.await) });
    }
}

#[expect(clippy::print_stdout, reason = "the owner reads the address from here")]
fn announce(port: u16) {
    println!("http://127.0.0.1:{port}");
}

async fn respond(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let body = rows::page(request.uri()).unwrap_or(Bytes::from_static(RESPONSE));
    // Read to its end, as a real server would; what is wrong with it is the client's to notice.
    drop(request.into_body().collect().await);
    let mut response = Response::new(Full::new(body));
    response.headers_mut().insert(header::CONTENT_TYPE, JSON);
    Ok(response)
}
