//! Signs in at an identity source from the command line: the user's browser comes back to a port of
//! this machine.
//!
//! Without configuration it starts the emulator within this process, whose identity source asks
//! nothing, and plays the browser. With `CLOUDBASE_ENV_ID` and `CLOUDBASE_ACCESS_KEY` it talks to the
//! real service and the identity source in `CLOUDBASE_OAUTH_PROVIDER` (default `github`), which must
//! allow redirects to `http://127.0.0.1`.

#![allow(clippy::print_stdout)]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use cloudbase::auth::{OAuth, OAuthLoopback};
use cloudbase::prelude::*;
use cloudbase_emulator::Emulator;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let emulator = match std::env::var_os("CLOUDBASE_ENV_ID") {
        Some(_) => None,
        None => Some(
            Emulator::builder()
                .provider("github", "GitHub")
                .start()
                .await?,
        ),
    };
    let app = match &emulator {
        Some(emulator) => CloudBase::builder(emulator.env_id())
            .endpoint(emulator.endpoint())
            .access_key(emulator.publishable_key())
            .build()?,
        None => CloudBase::from_env()?,
    };
    let provider =
        std::env::var("CLOUDBASE_OAUTH_PROVIDER").unwrap_or_else(|_| "github".to_owned());
    let way = OAuthLoopback::new(app.auth())
        .time_limit(Duration::from_secs(120))
        .begin(OAuth::new(provider))
        .await?;
    println!("open          {}", way.page().url);
    if emulator.is_some() {
        let page = way.page().url.clone();
        tokio::task::spawn_blocking(move || browse(page));
    }
    let done = way.finish().await?;
    let user = done.signed_in.user;
    println!("signed in     as {} by {}", user.id, done.provider);
    Ok(())
}

/// Opens a page and follows where it leads, as a browser does.
fn browse(mut page: String) -> std::io::Result<()> {
    loop {
        let rest = page.trim_start_matches("http://");
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let mut connection = TcpStream::connect(host)?;
        write!(
            connection,
            "GET /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"
        )?;
        let mut response = String::new();
        connection.read_to_string(&mut response)?;
        let location = response
            .lines()
            .find_map(|line| line.strip_prefix("location: "));
        match location {
            Some(next) => page = next.to_owned(),
            None => return Ok(()),
        }
    }
}
