//! How much memory it takes to read a million rows, as pages and one by one.
#![expect(clippy::print_stdout, reason = "a command-line tool")]

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use cloudbase_bench::{ROWS, Server, serve_if_asked};
use cloudbase_core::Client;
use cloudbase_data::mysql::{MySql, asc};
use futures_util::TryStreamExt;

/// What the process may grow by while it reads.
const BOUND_MIB: f64 = 24.0;
const PAGE: u32 = 1_000;

#[derive(serde::Deserialize)]
struct Row {
    id: u64,
    title: String,
    done: bool,
    price: String,
}

fn main() -> Result<()> {
    if serve_if_asked()? {
        return Ok(());
    }
    let server = Server::start()?;
    let client = Client::builder()
        .env_id("bench-env")
        .endpoint(server.endpoint())
        .access_key("key")
        .build()?;
    let mysql = MySql::new(client);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    println!("reading {ROWS} rows, {PAGE} a page:");
    runtime.block_on(async {
        pages(&mysql).await?;
        rows(&mysql).await
    })
}

async fn pages(mysql: &MySql) -> Result<()> {
    let mut memory = Memory::start()?;
    let mut next = 0;
    let mut pages = mysql
        .from("rows")
        .select::<Row>("*")
        .order(asc("id"))
        .pages(PAGE);
    while let Some(page) = pages.try_next().await? {
        for row in &page {
            check(row, &mut next)?;
        }
        memory.look()?;
    }
    memory.report("as pages", next)
}

async fn rows(mysql: &MySql) -> Result<()> {
    let mut memory = Memory::start()?;
    let mut next = 0;
    let mut rows = mysql
        .from("rows")
        .select::<Row>("*")
        .order(asc("id"))
        .stream(PAGE);
    while let Some(row) = rows.try_next().await? {
        check(&row, &mut next)?;
        if next % u64::from(PAGE) == 0 {
            memory.look()?;
        }
    }
    memory.report("one by one", next)
}

fn check(row: &Row, next: &mut u64) -> Result<()> {
    let whole = row.done == (row.id % 2 == 1) && row.title.len() > 20 && row.price.ends_with(".90");
    ensure!(row.id == *next && whole, "row {next} is wrong");
    *next += 1;
    Ok(())
}

/// Resident memory of this process, in MiB.
struct Memory {
    before: f64,
    most: f64,
    since: Instant,
}

impl Memory {
    fn start() -> Result<Self> {
        let before = resident()?;
        Ok(Self {
            before,
            most: before,
            since: Instant::now(),
        })
    }

    fn look(&mut self) -> Result<()> {
        self.most = self.most.max(resident()?);
        Ok(())
    }

    fn report(self, what: &str, rows: u64) -> Result<()> {
        ensure!(rows == ROWS, "{rows} rows came");
        let growth = self.most - self.before;
        println!(
            "  {what:<10} {growth:>5.1} MiB more than before ({:.1} in all), {:.1} s",
            self.most,
            self.since.elapsed().as_secs_f64(),
        );
        ensure!(growth <= BOUND_MIB, "more than {BOUND_MIB} MiB");
        Ok(())
    }
}

fn resident() -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status").context("needs Linux")?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .context("the system does not tell resident memory")?;
    let kib: f64 = line.trim().trim_end_matches(" kB").trim().parse()?;
    Ok(kib / 1024.0)
}
