//! The stand-alone emulator: `cloudbase-emulator --schema schema.sql --functions functions.json`.

use std::io::{self, Write as _};
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use cloudbase_emulator::{Emulator, StartError};

/// An offline emulator of the Tencent CloudBase gateway, for development and tests. Not for production.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// The port to listen on; 0 takes a free one.
    #[arg(long, default_value_t = 8787)]
    port: u16,

    /// The port of the object store, where signed URLs point; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    object_port: u16,

    /// What clients call the object store (http://10.0.2.2:9001). Without it signed URLs have the host of the request that asked
    /// for them, and the port of the object store; needed where a container or a proxy maps that port to another.
    #[arg(long, value_name = "URL")]
    object_url: Option<String>,

    /// Reject uploads whose names have characters that the service does not document (?, #, %, emoji). Copies and moves with such names
    /// are always rejected.
    #[arg(long)]
    strict_object_names: bool,

    /// Count JSON as text for the limit of what a function is called with: 100 KB instead of 6 MB. The service's documents do not say
    /// which it is.
    #[arg(long)]
    json_is_text: bool,

    /// The address to listen on. Anything but loopback lets the network in.
    #[arg(long, default_value = "127.0.0.1")]
    host: IpAddr,

    /// Also accept requests for this host, a name or an IP address without a port: what a phone, an Android emulator (10.0.2.2)
    /// or a container calls this machine. Loopback hosts and the address of --host are always accepted; may be repeated.
    #[arg(long, value_name = "HOST")]
    allow_host: Vec<String>,

    /// Also serve web pages of this origin (https://app.example). Pages of loopback origins (http://localhost:5173) are always
    /// served; the control API under /__emulator is open to no page but its own, and changes through it need
    /// `content-type: application/json` or the header `x-cloudbase-emulator`. May be repeated.
    #[arg(long, value_name = "ORIGIN")]
    allow_origin: Vec<String>,

    /// The id of the environment that the emulator stands for.
    #[arg(long, default_value = "emulator-local")]
    env_id: String,

    /// Keep all state in this folder; without it everything is forgotten at the end. It must be new, empty or an emulator's own, and is
    /// used by one emulator at a time.
    #[arg(long)]
    data_dir: Option<PathBuf>,

    /// SQL files that create and fill the tables; may be repeated.
    #[arg(long)]
    schema: Vec<PathBuf>,

    /// Use a real MySQL or MariaDB (`mysql://user:password@host/database`) instead of the embedded SQLite.
    #[arg(long)]
    mysql: Option<String>,

    /// A JSON file of collections of the document database: {"todos": [{…}]}, or {"todos": {"permission", "rules", "indexes",
    /// "documents"}}; may be repeated.
    #[arg(long)]
    documents: Vec<PathBuf>,

    /// A JSON file that names functions, cloud-hosting services and APIs; may be repeated.
    #[arg(long)]
    functions: Vec<PathBuf>,

    /// A folder of JSON schema files, one per data model.
    #[arg(long)]
    models: Option<PathBuf>,

    /// How many sessions a user may have, at least 1; one more ends the oldest.
    #[arg(long, default_value_t = 1)]
    max_sessions: usize,

    /// Seconds that access tokens live, at least 1.
    #[arg(long, default_value_t = 7200)]
    access_token_lifetime: u64,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "cloudbase-emulator: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), StartError> {
    let mut builder = Emulator::builder()
        .env_id(arguments.env_id)
        .host(arguments.host)
        .port(arguments.port)
        .max_sessions(arguments.max_sessions)
        .access_token_lifetime(Duration::from_secs(arguments.access_token_lifetime))
        .object_port(arguments.object_port)
        .strict_object_names(arguments.strict_object_names)
        .json_is_text(arguments.json_is_text);
    for host in arguments.allow_host {
        builder = builder.allow_host(host);
    }
    for origin in arguments.allow_origin {
        builder = builder.allow_origin(origin);
    }
    if let Some(url) = arguments.object_url {
        builder = builder.object_url(url);
    }
    if let Some(path) = arguments.data_dir {
        builder = builder.data_dir(path);
    }
    for path in arguments.schema {
        builder = builder.schema_file(path);
    }
    if let Some(url) = arguments.mysql {
        builder = builder.mysql(url);
    }
    for path in arguments.documents {
        builder = builder.documents_file(path);
    }
    for path in arguments.functions {
        builder = builder.functions_file(path);
    }
    if let Some(path) = arguments.models {
        builder = builder.models_dir(path);
    }
    let emulator = builder.start().await?;
    announce(&emulator);
    wait_for_signal().await;
    emulator.shutdown().await;
    Ok(())
}

/// Prints what a developer needs to connect. A closed standard output is no reason to stop.
fn announce(emulator: &Emulator) {
    let address = emulator.address();
    if !address.ip().is_loopback() {
        let _ = writeln!(
            io::stderr(),
            "\n*** WARNING: listening on {address}. Everybody who can reach this machine can read the inbox, take the\n\
             *** administrator's key and run your functions. Use --host 127.0.0.1 unless you mean this.\n"
        );
    }
    let _ = writeln!(
        io::stdout(),
        "CloudBase emulator {version} (for development, not for production)\n\n\
         CLOUDBASE_ENV_ID={env_id}\n\
         CLOUDBASE_ENDPOINT={endpoint}\n\
         CLOUDBASE_ACCESS_KEY={publishable}\n\
         CLOUDBASE_API_KEY={api}\n\n\
         inbox: {endpoint}/__emulator/inbox\n\
         object store: {objects}\n\
         ready",
        version = env!("CARGO_PKG_VERSION"),
        env_id = emulator.env_id(),
        endpoint = emulator.endpoint(),
        objects = emulator.object_origin(),
        publishable = emulator.publishable_key(),
        api = emulator.api_key(),
    );
    let _ = io::stdout().flush();
}

/// Returns at Ctrl-C, when the terminal is closed, or when the system asks the process to end.
async fn wait_for_signal() {
    let interrupt = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let Ok(mut terminate) = signal(SignalKind::terminate()) else {
            let _ = interrupt.await;
            return;
        };
        // Under `nohup` it outlives its terminal.
        let mut hang_up = match is_hang_up_ignored() {
            true => None,
            false => signal(SignalKind::hangup()).ok(),
        };
        let hung_up = async {
            match &mut hang_up {
                Some(hang_up) => hang_up.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = interrupt => {}
            _ = terminate.recv() => {}
            _ = hung_up => {}
        }
    }
    #[cfg(not(unix))]
    let _ = interrupt.await;
}

/// Whether the process was started with SIGHUP ignored. Only Linux says so without unsafe code.
#[cfg(unix)]
fn is_hang_up_ignored() -> bool {
    const HANG_UP: u64 = 1;
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & HANG_UP != 0)
}
