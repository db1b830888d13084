//! One of several processes that share a session file. Run by the tests, which read what it prints.

use std::io::Write as _;
use std::time::SystemTime;

use cloudbase_auth::{Auth, FileStore, SessionStore as _};
use cloudbase_core::Client;

const ENV: &str = "auth-tests";
const KEY: &str = "credentials_auth-tests";
const CALLS: usize = 500;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, mode, endpoint, directory] = arguments.as_slice() else {
        return Err("usage: session-worker call|hold|save <endpoint> <directory>".into());
    };
    let store = FileStore::new(directory);
    match mode.as_str() {
        "hold" => {
            let _lock = store.lock(KEY).await?;
            say("locked")?;
            std::future::pending::<()>().await;
        }
        "save" => {
            let session = |n: usize| {
                let padding = "x".repeat(n * 20_000);
                format!(
                    r#"{{"access_token":"a-{n}","refresh_token":"r-{n}","expires_in":7200,"sub":"user-{n}","user":{{"sub":"user-{n}","pad":"{padding}"}}}}"#
                )
            };
            let lock = store.lock(KEY).await?;
            store.save(KEY, &session(0).into(), &lock).await?;
            say("saving")?;
            for n in (0..2).cycle() {
                store.save(KEY, &session(n).into(), &lock).await?;
            }
        }
        _ => {
            let client = Client::builder()
                .env_id(ENV)
                .endpoint(endpoint.as_str())
                .build()?;
            let auth = Auth::builder(client).session_store(store).build()?;
            say("waiting")?;
            let mut first = 0;
            for n in 0..CALLS {
                auth.user().await?.ok_or("signed out")?;
                if n == 0 {
                    first = SystemTime::now()
                        .duration_since(SystemTime::UNIX_EPOCH)?
                        .as_millis();
                }
            }
            say(&format!("calls {CALLS} {first}"))?;
        }
    }
    Ok(())
}

fn say(line: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout();
    writeln!(out, "{line}")?;
    out.flush()
}
