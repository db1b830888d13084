//! How fast a JSON call is, beside hyper-util and reqwest. `calls --check` fails outside the budget.
#![expect(clippy::print_stdout, reason = "a command-line tool")]

use anyhow::{Result, ensure};
use cloudbase_bench::{Contest, HyperUtil, Reqwest, Sdk, Server, serve_if_asked};

/// At least this part of hyper-util's rate.
const OF_HYPER_UTIL: f64 = 0.90;

/// At least this many times reqwest's rate.
const OF_REQWEST: f64 = 1.4;

fn main() -> Result<()> {
    if serve_if_asked()? {
        return Ok(());
    }
    let is_check = std::env::args()
        .skip(1)
        .any(|argument| argument == "--check");
    // One thread for the client as for the server: what the client does per call is what limits it.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    runtime.block_on(run(is_check))
}

async fn run(is_check: bool) -> Result<()> {
    let server = Server::start()?;
    let endpoint = server.endpoint();
    let outcome = Contest::new("JSON call, 64 tasks")
        .enter(HyperUtil::new(endpoint)?)
        .enter(Reqwest::new(endpoint)?)
        .enter(Sdk::new(endpoint)?)
        .run()
        .await?;
    print!("{outcome}");
    let hyper_util = outcome.rate_ratio("cloudbase", "hyper-util")?;
    let reqwest = outcome.rate_ratio("cloudbase", "reqwest")?;
    println!("  cloudbase is {hyper_util} of hyper-util, at least {OF_HYPER_UTIL:.2} is wanted");
    println!("  cloudbase is {reqwest} of reqwest, at least {OF_REQWEST:.2} is wanted");
    if is_check {
        ensure!(
            hyper_util.median >= OF_HYPER_UTIL,
            "too far behind hyper-util"
        );
        ensure!(
            reqwest.median >= OF_REQWEST,
            "not far enough ahead of reqwest"
        );
    }
    Ok(())
}
