//! The same work in plain hyper: pieces of 256 KiB, read and written beside the connection.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use bytes::Bytes;
use cloudbase_bench::{Contender, Server};
use futures_util::stream;
use http::Request;
use http_body_util::{BodyExt as _, Empty, StreamBody};
use hyper::body::Frame;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::task::{JoinHandle, spawn_blocking};

const PIECE: usize = 256 * 1024;

pub(crate) struct RawUpload {
    url: String,
    path: PathBuf,
    connector: HttpConnector,
}

impl RawUpload {
    pub(crate) fn new(server: &Server, path: PathBuf) -> Result<Self> {
        Ok(Self {
            url: format!("{}/speed", server.endpoint()),
            path,
            connector: connector(),
        })
    }
}

fn connector() -> HttpConnector {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    connector
}

impl Contender for RawUpload {
    fn name(&self) -> String {
        "hyper".to_owned()
    }

    async fn call(&self) -> Result<()> {
        let file = File::open(&self.path)?;
        let length = file.metadata()?.len();
        let start = (file, crc64fast::Digest::new());
        let pieces = stream::try_unfold(start, |(mut file, mut crc)| async move {
            let (file, piece) = spawn_blocking(move || {
                let mut piece = vec![0; PIECE];
                let read = file.read(&mut piece)?;
                piece.truncate(read);
                std::io::Result::Ok((file, piece))
            })
            .await
            .map_err(std::io::Error::other)??;
            if piece.is_empty() {
                return Ok(None);
            }
            crc.write(&piece);
            std::io::Result::Ok(Some((Frame::data(Bytes::from(piece)), (file, crc))))
        });
        let request = Request::put(&self.url)
            .header("content-length", length)
            .body(StreamBody::new(Box::pin(pieces)))?;
        let client = Client::builder(TokioExecutor::new()).build(self.connector.clone());
        let response = client.request(request).await?;
        ensure!(response.status().is_success(), "{}", response.status());
        Ok(())
    }
}

pub(crate) struct RawDownload {
    url: String,
    size: u64,
    path: PathBuf,
    connector: HttpConnector,
}

impl RawDownload {
    pub(crate) fn new(server: &Server, size: u64, path: PathBuf) -> Result<Self> {
        Ok(Self {
            url: format!("{}/{size}", server.endpoint()),
            size,
            path,
            connector: connector(),
        })
    }
}

impl Contender for RawDownload {
    fn name(&self) -> String {
        "hyper".to_owned()
    }

    async fn call(&self) -> Result<()> {
        let client = Client::builder(TokioExecutor::new()).build(self.connector.clone());
        let request = Request::get(&self.url).body(Empty::<Bytes>::new())?;
        let mut body = client.request(request).await?.into_body();
        // As the SDK does: a new file beside the old one, which it replaces once it is whole. Writing over pages that
        // are there already would be other work for the system.
        let part = self.path.with_extension("part");
        let mut file = Some(File::create_new(&part)?);
        let mut writing = None;
        let (mut batch, mut batched, mut received) = (Vec::new(), 0, 0);
        loop {
            let data = match body.frame().await {
                Some(frame) => frame?.into_data().ok(),
                None => None,
            };
            let is_end = data.is_none();
            if let Some(data) = data {
                batched += data.len();
                received += data.len() as u64;
                batch.push(data);
            }
            if batched >= PIECE || is_end {
                if let Some(task) = writing.take() {
                    file = Some(finish(task).await?);
                }
                let mut own = file.take().context("the file is in use")?;
                let pieces: Vec<Bytes> = std::mem::take(&mut batch);
                batched = 0;
                writing = Some(spawn_blocking(move || {
                    for piece in pieces {
                        own.write_all(&piece)?;
                    }
                    std::io::Result::Ok(own)
                }));
            }
            if is_end {
                break;
            }
        }
        if let Some(task) = writing {
            task.await??;
        }
        ensure!(received == self.size, "{received} bytes came");
        std::fs::rename(part, &self.path)?;
        Ok(())
    }
}

async fn finish(task: JoinHandle<std::io::Result<File>>) -> Result<File> {
    Ok(task.await??)
}
