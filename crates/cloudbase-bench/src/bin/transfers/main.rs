//! How fast large objects go up and down, beside plain hyper, and how little memory they need.
//!
//! `transfers --check` fails outside the budget; `transfers --mib 5120` sets the size of the object
//! for the memory figures.
#![expect(clippy::print_stdout, reason = "a command-line tool")]

mod raw;
mod store;

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};
use cloudbase_bench::{Contender, Contest, Server, serve_if_asked_with};
use cloudbase_core::Client;
use cloudbase_storage::{Storage, UploadSource};

use self::raw::{RawDownload, RawUpload};

/// At least this part of plain hyper's rate.
const OF_HYPER: f64 = 0.90;

/// At most so much more resident memory than before, in KiB.
const MEMORY: u64 = 12 * 1024;

/// At most so much more of it for a large object than for a small one, in KiB.
const GROWTH: u64 = 4 * 1024;

/// The object of the speed figures.
const SIZE: u64 = 1 << 30;

fn main() -> Result<()> {
    if serve_if_asked_with(store::respond)? {
        return Ok(());
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let is_check = arguments.iter().any(|argument| argument == "--check");
    let mib = arguments
        .iter()
        .skip_while(|argument| *argument != "--mib")
        .nth(1)
        .map_or(Ok(5 * 1024), |text| text.parse::<u64>())
        .context("--mib wants a number")?;
    // One thread for the client as for the store.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    runtime.block_on(run(is_check, mib * 1024 * 1024))
}

async fn run(is_check: bool, large: u64) -> Result<()> {
    let server = Server::start()?;
    let folder = tempfile::tempdir()?;
    let storage = storage(&server)?;

    let mut growths = Vec::new();
    for size in [16 * 1024 * 1024, large] {
        let source = sparse(folder.path().join("source"), size)?;
        let up = growth(async {
            storage
                .upload("memory", UploadSource::path(&source))
                .await?;
            Ok(())
        });
        let up = up.await?;
        let target = folder.path().join("target");
        let down = growth(async {
            storage.download(id(size)).to_file(&target).await?;
            Ok(())
        });
        let down = down.await?;
        ensure!(
            std::fs::metadata(&target)?.len() == size,
            "not all came back"
        );
        std::fs::remove_file(target)?;
        println!(
            "{:>6} MiB: resident memory grows by {up} KiB up and {down} KiB down",
            size >> 20
        );
        growths.push(up.max(down));
    }
    let (of_small, of_large) = (growths[0], growths[1]);
    println!("  at most {MEMORY} KiB are wanted, and {GROWTH} KiB more for the large one");

    let source = sparse(folder.path().join("source"), SIZE)?;
    let outcome = Contest::new("upload of 1 GiB from a file, with its CRC-64")
        .tasks(1)
        .calls(1)
        .rounds(5)
        .enter(RawUpload::new(&server, source.clone())?)
        .enter(Upload(storage.clone(), source))
        .run()
        .await?;
    print!("{outcome}");
    let up = outcome.rate_ratio("cloudbase", "hyper")?;
    let outcome = Contest::new("download of 1 GiB into a file")
        .tasks(1)
        .calls(1)
        .rounds(5)
        .enter(RawDownload::new(&server, SIZE, folder.path().join("raw"))?)
        .enter(Download(storage, folder.path().join("sdk")))
        .run()
        .await?;
    print!("{outcome}");
    let down = outcome.rate_ratio("cloudbase", "hyper")?;
    println!("  cloudbase is {up} of hyper up and {down} down, at least {OF_HYPER:.2} is wanted");
    if is_check {
        ensure!(of_small.max(of_large) <= MEMORY, "too much memory");
        ensure!(
            of_large <= of_small + GROWTH,
            "memory grows with the object"
        );
        ensure!(up.median >= OF_HYPER, "uploads are too far behind hyper");
        ensure!(
            down.median >= OF_HYPER,
            "downloads are too far behind hyper"
        );
    }
    Ok(())
}

fn storage(server: &Server) -> Result<Storage> {
    let client = Client::builder()
        .env_id("bench")
        .endpoint(server.endpoint())
        .access_key("key")
        .build()?;
    Ok(Storage::new(client))
}

/// The id of an object of so many zeros.
fn id(size: u64) -> String {
    format!("cloud://bench.bucket/{size}")
}

fn sparse(path: PathBuf, size: u64) -> Result<PathBuf> {
    std::fs::File::create(&path)?.set_len(size)?;
    Ok(path)
}

struct Upload(Storage, PathBuf);

impl Contender for Upload {
    fn name(&self) -> String {
        "cloudbase".to_owned()
    }

    async fn call(&self) -> Result<()> {
        self.0.upload("speed", UploadSource::path(&self.1)).await?;
        Ok(())
    }
}

struct Download(Storage, PathBuf);

impl Contender for Download {
    fn name(&self) -> String {
        "cloudbase".to_owned()
    }

    async fn call(&self) -> Result<()> {
        self.0.download(id(SIZE)).to_file(&self.1).await?;
        Ok(())
    }
}

/// By how many KiB the peak of the resident memory during `work` is above what was resident before.
async fn growth(work: impl Future<Output = Result<()>>) -> Result<u64> {
    let before = status("VmRSS:")?;
    // Forgets the peak so far.
    std::fs::write("/proc/self/clear_refs", "5").context("the peak cannot be reset")?;
    work.await?;
    Ok(status("VmHWM:")?.saturating_sub(before))
}

fn status(field: &str) -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let text = line.with_context(|| format!("no {field} here"))?;
    Ok(text.trim().trim_end_matches(" kB").parse()?)
}
