//! JSON calls and as little else as can be, for a tool that counts the instructions of a process.
//!
//! `instructions <client> <calls>`: one call after the other, on one thread. The difference between runs of different
//! lengths is the cost of the calls alone; `cargo xtask bench instructions` runs and compares them.

use anyhow::{Context as _, Result, bail};
use cloudbase_bench::{Contender, HyperUtil, Sdk, Server, serve_if_asked};
use tokio::runtime::Builder;

fn main() -> Result<()> {
    if serve_if_asked()? {
        return Ok(());
    }
    let mut arguments = std::env::args().skip(1);
    let (Some(client), Some(calls), None) = (arguments.next(), arguments.next(), arguments.next())
    else {
        bail!("usage: instructions mock|cloudbase|hyper-util CALLS");
    };
    let calls = calls.parse().context("CALLS is not a number")?;
    match client.as_str() {
        "mock" => run(&Sdk::over_mock()?, calls),
        "cloudbase" => {
            let server = Server::start()?;
            run(&Sdk::new(server.endpoint())?, calls)
        }
        "hyper-util" => {
            let server = Server::start()?;
            run(&HyperUtil::new(server.endpoint())?, calls)
        }
        _ => bail!("there is no client `{client}`"),
    }
}

fn run(contender: &impl Contender, calls: u32) -> Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        for _ in 0..calls {
            contender.call().await?;
        }
        Ok(())
    })
}
