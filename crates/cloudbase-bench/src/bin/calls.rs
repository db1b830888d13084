//! How fast a JSON call is and what it costs, beside hyper-util and reqwest. `calls --check` fails outside the budget.
#![expect(clippy::print_stdout, reason = "a command-line tool")]

use anyhow::{Result, ensure};
use cloudbase_bench::{Arguments, Contest, HyperUtil, Ratio, Reqwest, Sdk, Server, serve_if_asked};

/// At least this part of hyper-util's rate.
const OF_HYPER_UTIL: f64 = 0.90;

/// At most this many times hyper-util's processor time. It hardly depends on what else the machine does, as the rate does.
const OF_HYPER_UTIL_TIME: f64 = 1.10;

/// At least this many times reqwest's rate.
const OF_REQWEST: f64 = 1.4;

fn main() -> Result<()> {
    if serve_if_asked()? {
        return Ok(());
    }
    let arguments = Arguments::read()?;
    let server = Server::start()?;
    // As programs have it by default: as many threads as the machine has processors, one of which
    // the server wants for itself.
    let usual = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(run("JSON call, 64 tasks", &server, &arguments))?;
    // One thread for the client as for the server: all that counts is what the client does per call.
    let alone = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?
        .block_on(run(
            "JSON call, 64 tasks on one thread",
            &server,
            &arguments,
        ))?;
    if arguments.is_check {
        ensure!(
            usual.hyper_util.median >= OF_HYPER_UTIL,
            "too far behind hyper-util"
        );
        ensure!(
            alone.hyper_util_time.median <= OF_HYPER_UTIL_TIME,
            "too much processor time beside hyper-util"
        );
        ensure!(
            alone.reqwest.median >= OF_REQWEST,
            "not far enough ahead of reqwest"
        );
    }
    Ok(())
}

/// The rate of the SDK relative to the others', and its processor time relative to hyper-util's.
struct Ratios {
    hyper_util: Ratio,
    hyper_util_time: Ratio,
    reqwest: Ratio,
}

async fn run(title: &str, server: &Server, arguments: &Arguments) -> Result<Ratios> {
    let endpoint = server.endpoint();
    let outcome = Contest::new(title)
        .arguments(arguments)
        .enter(HyperUtil::new(endpoint)?)
        .enter(Reqwest::new(endpoint)?)
        .enter(Sdk::new(endpoint)?)
        .run()
        .await?;
    print!("{outcome}");
    let hyper_util = outcome.rate_ratio("cloudbase", "hyper-util")?;
    let hyper_util_time = outcome.cost_ratio("cloudbase", "hyper-util")?;
    let reqwest = outcome.rate_ratio("cloudbase", "reqwest")?;
    println!("  cloudbase is {hyper_util} of hyper-util, at least {OF_HYPER_UTIL:.2} is wanted");
    println!(
        "  cloudbase takes {hyper_util_time} of hyper-util's processor time, at most {OF_HYPER_UTIL_TIME:.2} is the budget"
    );
    println!("  cloudbase is {reqwest} of reqwest, at least {OF_REQWEST:.2} is wanted");
    Ok(Ratios {
        hyper_util,
        hyper_util_time,
        reqwest,
    })
}
