//! How fast a JSON call is, beside hyper-util and reqwest. `calls --check` fails outside the budget.
#![expect(clippy::print_stdout, reason = "a command-line tool")]

use anyhow::{Result, ensure};
use cloudbase_bench::{Contest, HyperUtil, Ratio, Reqwest, Sdk, Server, serve_if_asked};

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
    let server = Server::start()?;
    // As programs have it by default: as many threads as the machine has processors, one of which
    // the server wants for itself.
    let usual = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(run("JSON call, 64 tasks", &server))?;
    // One thread for the client as for the server: all that counts is what the client does per call.
    let alone = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?
        .block_on(run("JSON call, 64 tasks on one thread", &server))?;
    if is_check {
        ensure!(
            usual.hyper_util.median >= OF_HYPER_UTIL,
            "too far behind hyper-util"
        );
        ensure!(
            alone.reqwest.median >= OF_REQWEST,
            "not far enough ahead of reqwest"
        );
    }
    Ok(())
}

/// The rate of the SDK relative to the others'.
struct Ratios {
    hyper_util: Ratio,
    reqwest: Ratio,
}

async fn run(title: &str, server: &Server) -> Result<Ratios> {
    let endpoint = server.endpoint();
    let outcome = Contest::new(title)
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
    Ok(Ratios {
        hyper_util,
        reqwest,
    })
}
