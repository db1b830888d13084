//! Downloads an object into a file and, if the program was interrupted, goes on where it stopped.
//!
//! Lost connections are no reason to stop: the SDK goes on by itself. This shows how to go on in
//! another run of the program, with what `range` and `if_match` offer.
//!
//! ```text
//! cargo run -p cloudbase --example download_resume --features storage -- cloud://… video.mp4
//! ```
//!
//! Without configuration it starts the emulator within this process, with an object of its own, and
//! interrupts itself half-way.

#![allow(clippy::print_stdout)]

use std::path::{Path, PathBuf};

use cloudbase::prelude::*;
use cloudbase::storage::Storage;
use cloudbase_emulator::Emulator;
use tokio::fs::{self, File};
use tokio::io::AsyncWriteExt as _;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    if std::env::var_os("CLOUDBASE_ENV_ID").is_some() {
        let mut arguments = std::env::args().skip(1);
        let (Some(id), Some(path)) = (arguments.next(), arguments.next()) else {
            anyhow::bail!("usage: download_resume <file id> <path>");
        };
        let app = CloudBase::from_env()?;
        return download(&app.storage(), &id, Path::new(&path), u64::MAX).await;
    }

    let emulator = Emulator::builder().start().await?;
    let app = CloudBase::builder(emulator.env_id())
        .endpoint(emulator.endpoint())
        .access_key(emulator.api_key())
        .build()?;
    let object = app
        .storage()
        .upload("video.mp4", vec![7; 5_000_000])
        .await?;
    let path = std::env::temp_dir().join(format!("cloudbase-{}.mp4", std::process::id()));
    download(&app.storage(), object.file_id.as_str(), &path, 2_000_000).await?;
    println!("interrupted");
    download(&app.storage(), object.file_id.as_str(), &path, u64::MAX).await?;
    println!("{} bytes are there", fs::metadata(&path).await?.len());
    fs::remove_file(&path).await?;
    Ok(())
}

/// Downloads at most `limit` bytes in this run. What is there stays in `<path>.part`, and which
/// version of the object it is of in `<path>.etag`.
async fn download(storage: &Storage, id: &str, path: &Path, limit: u64) -> anyhow::Result<()> {
    let (part, etag_file) = (with_suffix(path, "part"), with_suffix(path, "etag"));
    let there = fs::metadata(&part)
        .await
        .map_or(0, |metadata| metadata.len());
    let etag = fs::read_to_string(&etag_file).await.unwrap_or_default();

    let mut resumed = None;
    if there > 0 && !etag.is_empty() {
        let download = storage.download(id).range(there..).if_match(&etag);
        match download.stream().await {
            Ok(stream) => resumed = Some(stream),
            // Another version now: what is there is of no use.
            Err(error) if error.is_conflict() => {}
            // Interrupted after the last byte: nothing is left to read.
            Err(error) if error.code() == Some(&ErrorCode::INVALID_RANGE) => {
                return finish(&part, &etag_file, path).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
    let (mut stream, mut file) = match resumed {
        Some(stream) => {
            println!("going on at byte {there}");
            (stream, File::options().append(true).open(&part).await?)
        }
        None => {
            let stream = storage.download(id).stream().await?;
            let etag = stream.info().etag.as_deref().unwrap_or_default();
            fs::write(&etag_file, etag).await?;
            (stream, File::create(&part).await?)
        }
    };
    let mut received = 0;
    while let Some(bytes) = stream.next_bytes().await? {
        file.write_all(&bytes).await?;
        received += bytes.len() as u64;
        if received >= limit {
            return Ok(file.flush().await?);
        }
    }
    file.flush().await?;
    finish(&part, &etag_file, path).await
}

async fn finish(part: &Path, etag_file: &Path, path: &Path) -> anyhow::Result<()> {
    fs::rename(part, path).await?;
    fs::remove_file(etag_file).await?;
    Ok(())
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(suffix);
    name.into()
}
