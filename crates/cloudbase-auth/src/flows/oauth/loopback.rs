//! The way to an identity source for programs without a web address: the user comes back to a port
//! of this machine.

mod request;

use std::net::Ipv4Addr;
use std::time::Duration;

use cloudbase_core::{Error, ErrorKind, Result, TimeoutPhase};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use self::request::{read_target, respond};
use super::callback_url::query_of;
use super::{OAuth, OAuthUrl, VerifiedOAuth};
use crate::flows::Auth;
use crate::value::named::named;

/// How long the user has.
const TIME_LIMIT: Duration = Duration::from_secs(300);
/// Browsers open connections that they may never use.
const CONNECTIONS: usize = 32;
const PATH: &str = "/callback";

const DONE: &str = "<!doctype html><meta charset=utf-8><title>Signed in</title>\
    <p>You are signed in. You can close this window.";
const FAILED: &str = "<!doctype html><meta charset=utf-8><title>Not signed in</title>\
    <p>The sign-in failed. You can close this window and try again.";

/// Signs a user in at an identity source and waits for them on a port of this machine: for programs
/// on the desktop and the command line.
///
/// It listens on 127.0.0.1 only, on a free port. The identity source must allow redirects to
/// `http://127.0.0.1` with any port, as RFC 8252 asks of it.
///
/// # Examples
///
/// ```no_run
/// # async fn example(auth: cloudbase_auth::Auth) -> cloudbase_auth::Result<()> {
/// use cloudbase_auth::{OAuth, OAuthLoopback};
///
/// let way = OAuthLoopback::new(&auth).begin(OAuth::new("github")).await?;
/// println!("open {}", way.page().url);
/// let done = way.finish().await?;
/// println!("signed in as {}", done.signed_in.user.id);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is sent until `begin` is called"]
pub struct OAuthLoopback {
    auth: Auth,
    time_limit: Duration,
    done: String,
    failed: String,
}

impl OAuthLoopback {
    /// Signs in with this handle.
    pub fn new(auth: &Auth) -> Self {
        Self {
            auth: auth.clone(),
            time_limit: TIME_LIMIT,
            done: DONE.to_owned(),
            failed: FAILED.to_owned(),
        }
    }

    /// How long the user has to come back. Default 5 min.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = limit;
        self
    }

    /// The HTML that the user's browser shows after the sign-in. Nothing may be loaded by it.
    pub fn success_page(mut self, html: impl Into<String>) -> Self {
        self.done = html.into();
        self
    }

    /// The HTML that the user's browser shows if the sign-in failed.
    pub fn failure_page(mut self, html: impl Into<String>) -> Self {
        self.failed = html.into();
        self
    }

    /// Opens the port and asks for the page where the user signs in. The `redirect_to` of `to` is
    /// replaced by the port's address.
    ///
    /// # Errors
    ///
    /// [`Local`](ErrorKind::Local) if no port can be opened; otherwise as
    /// [`Auth::sign_in_with_oauth`].
    pub async fn begin(self, to: OAuth) -> Result<LoopbackSignIn> {
        named("auth.oauth_loopback.begin", async {
            let closed = |error: std::io::Error| {
                let message = format!("no port of 127.0.0.1 can be opened: {}", error.kind());
                Error::new(ErrorKind::Local, message).with_source(error)
            };
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
                .await
                .map_err(closed)?;
            let port = listener.local_addr().map_err(closed)?.port();
            let address = format!("http://127.0.0.1:{port}");
            let to = to.redirect_to(format!("{address}{PATH}"));
            let page = self.auth.sign_in_with_oauth(to).await?;
            Ok(LoopbackSignIn {
                settings: self,
                listener,
                address,
                page,
            })
        })
        .await
    }
}

/// A user on the way to an identity source; see [`OAuthLoopback`]. Dropping it closes the port.
#[derive(Debug)]
#[must_use = "nobody is signed in until `finish` is awaited"]
pub struct LoopbackSignIn {
    settings: OAuthLoopback,
    listener: TcpListener,
    address: String,
    page: OAuthUrl,
}

impl LoopbackSignIn {
    /// Where to send the user: open `url` in their browser.
    pub fn page(&self) -> &OAuthUrl {
        &self.page
    }

    /// Waits until the user comes back, and signs them in. Whatever else calls the port (a favicon,
    /// a scan, a page with another state) is turned away and does not end the wait.
    ///
    /// # Errors
    ///
    /// [`Timeout`](ErrorKind::Timeout) if the user does not come back in time; otherwise as
    /// [`Auth::handle_oauth_callback`]: `access_denied` if they said no.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the port. If the user is back already, they may be signed in.
    pub async fn finish(self) -> Result<VerifiedOAuth> {
        named("auth.oauth_loopback.finish", async {
            let limit = self.settings.time_limit;
            let Ok((mut connection, url)) = tokio::time::timeout(limit, self.redirect()).await
            else {
                let message = format!("the user did not come back within {limit:?} (`time_limit`)");
                return Err(Error::timeout(TimeoutPhase::Total, limit)
                    .with_message(message)
                    .with_operation("auth.oauth_loopback"));
            };
            let result = self.settings.auth.handle_oauth_callback(url).await;
            let (status, page) = match &result {
                Ok(_) => ("200 OK", &self.settings.done),
                Err(_) => ("400 Bad Request", &self.settings.failed),
            };
            respond(&mut connection, status, page).await;
            result
        })
        .await
    }

    /// The connection on which the user came back, without a response yet, and the URL.
    async fn redirect(&self) -> (TcpStream, String) {
        let mut open = JoinSet::new();
        loop {
            tokio::select! {
                accepted = self.listener.accept(), if open.len() < CONNECTIONS => match accepted {
                    Ok((connection, _)) => {
                        open.spawn(read_target(connection));
                    }
                    // Too many open files, or the like: it may pass.
                    Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                },
                Some(read) = open.join_next() => {
                    let Ok(Some((mut connection, target))) = read else { continue };
                    match self.judge(&target) {
                        Ok(url) => return (connection, url),
                        Err(status) => {
                            open.spawn(async move {
                                respond(&mut connection, status, "").await;
                                None
                            });
                        }
                    }
                }
            }
        }
    }

    /// The whole URL of the way back, or how anything else is turned away.
    fn judge(&self, target: &str) -> Result<String, &'static str> {
        let path = target.split(['?', '#']).next().unwrap_or_default();
        if path != PATH {
            return Err("404 Not Found");
        }
        let url = format!("{}{target}", self.address);
        let is_ours =
            |(name, value): &(String, String)| name == "state" && *value == self.page.state;
        match query_of(&url).iter().any(is_ours) {
            true => Ok(url),
            false => Err("400 Bad Request"),
        }
    }
}
