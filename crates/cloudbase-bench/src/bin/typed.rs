//! What a typed MySQL query costs, beside hyper-util with serde_json by hand and reqwest. `typed --check` fails outside
//! the budget.
#![expect(clippy::print_stdout, reason = "a command-line tool")]

use anyhow::{Result, ensure};
use cloudbase_bench::{
    Arguments, Contest, HyperUtilRows, ReqwestRows, SdkRows, Server, serve_if_asked,
};

/// At most this many times the processor time of hyper-util and serde_json by hand.
const OF_HYPER_UTIL: f64 = 1.15;

fn main() -> Result<()> {
    if serve_if_asked()? {
        return Ok(());
    }
    let arguments = Arguments::read()?;
    let server = Server::start()?;
    let endpoint = server.endpoint();
    let contest = Contest::new("typed MySQL query of two rows, 64 tasks on one thread")
        .arguments(&arguments)
        .enter(HyperUtilRows::new(endpoint)?)
        .enter(ReqwestRows::new(endpoint)?)
        .enter(SdkRows::new(endpoint)?);
    // One thread for the client as for the server: all that counts is what the client does per call.
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?
        .block_on(contest.run())?;
    print!("{outcome}");
    let time = outcome.cost_ratio("cloudbase", "hyper-util")?;
    println!(
        "  cloudbase takes {time} of hyper-util's processor time, at most {OF_HYPER_UTIL:.2} is the budget"
    );
    ensure!(
        !arguments.is_check || time.median <= OF_HYPER_UTIL,
        "too much processor time"
    );
    Ok(())
}
