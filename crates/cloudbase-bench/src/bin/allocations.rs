//! How many allocations a JSON call costs, beside hyper-util and reqwest.
#![expect(clippy::print_stdout, reason = "a command-line tool")]

use anyhow::Result;
use cloudbase_bench::{Contender, HyperUtil, Reqwest, Sdk, Server, serve_if_asked};
use tokio::runtime::{Builder, Runtime};

const CALLS: u32 = 1_000;

fn main() -> Result<()> {
    if serve_if_asked()? {
        return Ok(());
    }
    let server = Server::start()?;
    let endpoint = server.endpoint();
    // Allocations are counted on the thread that they are made on, so there is one.
    let runtime = Builder::new_current_thread().enable_all().build()?;
    println!("allocations per JSON call:");
    report(&runtime, &HyperUtil::new(endpoint)?)?;
    report(&runtime, &Reqwest::new(endpoint)?)?;
    report(&runtime, &Sdk::new(endpoint)?)
}

fn report(runtime: &Runtime, contender: &impl Contender) -> Result<()> {
    // The first calls open the connection and fill what is kept.
    repeat(runtime, contender, 50)?;
    let mut outcome = Ok(());
    let counted = allocation_counter::measure(|| outcome = repeat(runtime, contender, CALLS));
    outcome?;
    println!(
        "  {:<12} {:>6.1} allocations, {:>7.0} bytes",
        contender.name(),
        counted.count_total as f64 / f64::from(CALLS),
        counted.bytes_total as f64 / f64::from(CALLS),
    );
    Ok(())
}

fn repeat(runtime: &Runtime, contender: &impl Contender, calls: u32) -> Result<()> {
    runtime.block_on(async {
        for _ in 0..calls {
            contender.call().await?;
        }
        Ok(())
    })
}
