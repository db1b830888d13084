//! Uploads a folder, several files at a time, with a progress bar.
//!
//! ```text
//! cargo run -p cloudbase --example upload_folder --features storage -- ./photos backup/photos
//! ```
//!
//! Without a folder it uploads that of the examples. Without configuration it starts the emulator
//! within this process. With `CLOUDBASE_ENV_ID` and
//! `CLOUDBASE_ACCESS_KEY` it uploads into that environment.

#![allow(clippy::print_stdout)]

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use cloudbase::prelude::*;
use cloudbase::storage::UploadSource;
use cloudbase_emulator::Emulator;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use indicatif::{ProgressBar, ProgressStyle};

/// How many files are on the way at the same time.
const AT_ONCE: usize = 4;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = match arguments.next() {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("examples"),
    };
    let prefix = arguments.next().unwrap_or_else(|| "upload".to_owned());

    let emulator = match std::env::var_os("CLOUDBASE_ENV_ID") {
        Some(_) => None,
        None => Some(Emulator::builder().start().await?),
    };
    let app = match &emulator {
        Some(emulator) => CloudBase::builder(emulator.env_id())
            .endpoint(emulator.endpoint())
            .access_key(emulator.api_key())
            .build()?,
        None => CloudBase::from_env()?,
    };

    let files =
        files_below(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let total = files.iter().map(|(_, size)| size).sum();
    let style = "{wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
    let bar = ProgressBar::new(total).with_style(ProgressStyle::with_template(style)?);
    let uploads = stream::iter(&files).map(|(path, _)| {
        let (storage, bar) = (app.storage(), bar.clone());
        let name = object_name(&prefix, path.strip_prefix(&folder).unwrap_or(path));
        async move {
            let mut before = 0;
            let upload = storage.upload(name, UploadSource::path(path));
            let object = upload
                .on_progress(move |progress| {
                    // An upload that starts again counts from zero.
                    bar.inc(progress.sent.saturating_sub(before));
                    before = before.max(progress.sent);
                })
                .await
                .with_context(|| format!("cannot upload {}", path.display()))?;
            anyhow::Ok(object.file_id)
        }
    });
    let ids: Vec<_> = uploads.buffer_unordered(AT_ONCE).try_collect().await?;
    bar.finish();
    println!("{} files, such as {:?}", ids.len(), ids.first());
    Ok(())
}

/// Every file in `folder` and its folders, with its size.
fn files_below(folder: &Path) -> std::io::Result<Vec<(PathBuf, u64)>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            files.extend(files_below(&entry.path())?);
        } else if kind.is_file() {
            files.push((entry.path(), entry.metadata()?.len()));
        }
    }
    Ok(files)
}

/// The object's name: parts of a path are joined by `/` on every system.
fn object_name(prefix: &str, path: &Path) -> String {
    path.iter().fold(prefix.to_owned(), |name, part| {
        format!("{name}/{}", part.to_string_lossy())
    })
}
