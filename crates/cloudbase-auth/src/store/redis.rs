//! A store in Redis, for servers that are more than one machine.

mod connection;
mod fault;
mod scripts;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ::redis::Client;
use cloudbase_core::{Error, ErrorKind, Result};
use futures_core::future::BoxFuture;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::Instant;

use self::connection::Server;
use self::scripts::Script;
use super::{SessionStore, StoreLock};

/// How long a lock is waited for. Its holder makes one call to the service, which has a limit
/// of its own.
const LOCK_LIMIT: Duration = Duration::from_secs(75);
const LOCK_PAUSE: Duration = Duration::from_millis(2);
const LOCK_PAUSE_MAX: Duration = Duration::from_millis(100);

/// Keeps sessions in a Redis server: any number of processes on any number of machines share a
/// session and refresh it once.
///
/// - A lock belongs to its owner for ten seconds; the holder prolongs it while it needs it. The lock
///   of a holder that dies is free after that time.
/// - Each lock has an owner and a number. A holder that was paused so long that another one took
///   the lock writes nothing more, also after the server has lost its data.
/// - A lost connection is replaced, once for each command. All who need a connection wait for the
///   same attempt (at most 3 s), and for a second after one that failed nobody tries again. A command
///   has 5 s, a lock 75 s.
/// - An outage of the server is an error with
///   [`is_retryable`](cloudbase_core::Error::is_retryable).
///
/// # What the server needs
///
/// Values are kept without an end, under `<prefix>:{<key>}`, beside `…:lock` and `…:fence`. A program
/// that can read the server can use the sessions: give it a password, and a network of its own. A user
/// with these rights is enough (`cloudbase` is the [`prefix`](Self::prefix)):
///
/// ```text
/// ACL SETUSER sessions on >the-password ~cloudbase:* -@all +eval +get +set +del +pttl +pexpire
/// ```
///
/// A database other than 0 needs `+select`, too. The steps that must not be separated are Lua scripts
/// sent with `EVAL`: a server without scripts (`-@scripting`) cannot be used.
///
/// # TLS
///
/// For `rediss://` the program adds the crate `redis` with one of its TLS features, such as
/// `tokio-rustls-comp`. It trusts the certificates of the system. An authority of your own is either
/// installed there, or named, in a PEM file, by the environment variable `SSL_CERT_FILE`.
///
/// # Examples
///
/// ```no_run
/// # fn example(client: cloudbase_core::Client) -> cloudbase_auth::Result<()> {
/// use cloudbase_auth::{Auth, RedisStore};
///
/// let store = RedisStore::new("redis://:the-password@sessions.internal:6379/0")?;
/// let auth = Auth::builder(client).session_store(store).build()?;
/// # Ok(())
/// # }
/// ```
#[cfg_attr(docsrs, doc(cfg(feature = "redis")))]
#[derive(Clone)]
pub struct RedisStore {
    server: Arc<Server>,
    prefix: Arc<str>,
    lock_lifetime: Duration,
}

impl RedisStore {
    /// A store in the server at `url`: `redis://[:password@]host[:port][/database]`. Nothing is
    /// connected yet.
    ///
    /// # Errors
    ///
    /// [`Config`](ErrorKind::Config) if that is no such URL. It is not repeated.
    pub fn new(url: impl Into<SecretString>) -> Result<Self> {
        let url = url.into();
        let client = Client::open(url.expose_secret()).map_err(|_| {
            Error::config(
                "session_store",
                "needs a URL such as `redis://:password@host:6379/0` (`rediss://` with a TLS feature of the crate `redis`)",
            )
        })?;
        Ok(Self {
            server: Arc::new(Server::new(client)),
            prefix: "cloudbase".into(),
            lock_lifetime: Duration::from_secs(10),
        })
    }

    /// What the names of all keys begin with. Default `cloudbase`.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into().into();
        self
    }

    /// For how long a lock stays after its holder has died. Default 10 s, at least 1 s.
    #[must_use]
    pub fn lock_lifetime(mut self, lifetime: Duration) -> Self {
        self.lock_lifetime = lifetime.max(Duration::from_secs(1));
        self
    }

    /// As [`lock_lifetime`](Self::lock_lifetime), with no minimum: tests outlive locks on purpose.
    #[doc(hidden)]
    #[must_use]
    pub fn lock_lifetime_of_a_test(mut self, lifetime: Duration) -> Self {
        self.lock_lifetime = lifetime;
        self
    }

    /// One slot of a cluster holds all that belongs to a key: what is in braces decides.
    fn names(&self, key: &str) -> Names {
        let value = format!("{}:{{{key}}}", self.prefix);
        Names {
            lock: format!("{value}:lock"),
            fence: format!("{value}:fence"),
            value,
        }
    }
}

/// The names under which the server keeps what belongs to one key.
#[derive(Clone)]
struct Names {
    value: String,
    lock: String,
    fence: String,
}

impl SessionStore for RedisStore {
    fn load<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<SecretString>>> {
        Box::pin(async move {
            let get = ::redis::cmd("GET").arg(self.names(key).value).to_owned();
            let value: Option<Vec<u8>> = match self.server.attempt(&get).await? {
                Ok(value) => value,
                // A list or the like is no session; the next save replaces it.
                Err(fault) if fault.is_wrong_type => {
                    tracing::warn!(
                        "what the session store holds is not text, and counts as absent"
                    );
                    None
                }
                Err(fault) => return Err(self.server.error(fault)),
            };
            // What is no text is no session either; an empty one is discarded by its reader.
            let text = |bytes| String::from_utf8(bytes).unwrap_or_default().into();
            Ok(value.map(text))
        })
    }

    fn save<'a>(
        &'a self,
        key: &'a str,
        value: &'a SecretString,
        lock: &'a StoreLock,
    ) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let names = self.names(key);
            let save = Script::Save
                .on(&[&names.value, &names.fence])
                .arg(fence(lock))
                .arg(value.expose_secret())
                .to_owned();
            still_held(self.server.run(&save).await?, lock)
        })
    }

    fn remove<'a>(&'a self, key: &'a str, lock: &'a StoreLock) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let names = self.names(key);
            let remove = Script::Remove
                .on(&[&names.value, &names.fence])
                .arg(fence(lock))
                .to_owned();
            still_held(self.server.run(&remove).await?, lock)
        })
    }

    fn lock<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<StoreLock>> {
        Box::pin(async move {
            let names = self.names(key);
            let owner = uuid::Uuid::new_v4().simple().to_string();
            // A caller that gives up waiting must not hold the lock that its last command may have got.
            let mut given_up = GivenUp(Some((self.server.clone(), names.clone(), owner.clone())));
            let take = Script::Lock
                .on(&[&names.lock, &names.fence])
                .arg(&owner)
                .arg(millis(self.lock_lifetime))
                .to_owned();
            let limit = Instant::now() + LOCK_LIMIT;
            let mut pause = LOCK_PAUSE;
            loop {
                let fence: String = self.server.run(&take).await?;
                if let Some((number, _)) = fence.split_once(':') {
                    given_up.0 = None;
                    return Ok(self.held(names, owner, number.parse().unwrap_or_default()));
                }
                if Instant::now() >= limit {
                    return Err(Error::new(
                        ErrorKind::Local,
                        format!("another process has held the session's lock for {LOCK_LIMIT:?}"),
                    )
                    .with_transient(true)
                    .settle(true));
                }
                tokio::time::sleep(pause.mul_f64(0.5 + fastrand::f64())).await;
                pause = (pause * 2).min(LOCK_PAUSE_MAX);
            }
        })
    }
}

impl RedisStore {
    /// A lock that is prolonged until it is let go.
    fn held(&self, names: Names, owner: String, fence: u64) -> StoreLock {
        let (server, lifetime) = (self.server.clone(), self.lock_lifetime);
        let prolong = Script::Prolong
            .on(&[&names.lock])
            .arg(&owner)
            .arg(millis(lifetime))
            .to_owned();
        let prolonging = Stop(tokio::spawn(async move {
            loop {
                tokio::time::sleep(lifetime / 3).await;
                match server.run::<u64>(&prolong).await {
                    Ok(1) => {}
                    Ok(_) => {
                        tracing::warn!("the session's lock has been lost to another process");
                        break;
                    }
                    // The lock outlives a few failures.
                    Err(error) => tracing::debug!(%error, "the session's lock was not prolonged"),
                }
            }
        }));
        let (server, name) = (self.server.clone(), owner.clone());
        StoreLock::new(fence, move || async move {
            drop(prolonging);
            release(&server, &names, &owner).await;
        })
        .with_owner(name)
    }
}

/// What the server knows a lock by.
fn fence(lock: &StoreLock) -> String {
    format!("{}:{}", lock.fence(), lock.owner())
}

async fn release(server: &Arc<Server>, names: &Names, owner: &str) {
    let release = Script::Release.on(&[&names.lock]).arg(owner).to_owned();
    if let Err(error) = server.run::<u64>(&release).await {
        tracing::debug!(%error, "the session's lock was not let go; it ends by itself");
    }
}

fn still_held(written: u64, lock: &StoreLock) -> Result<()> {
    match written {
        1 => Ok(()),
        _ => Err(lock.lost()),
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Stops a task when it is dropped.
struct Stop(tokio::task::JoinHandle<()>);

impl Drop for Stop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Lets a lock go that nobody waits for any more.
struct GivenUp(Option<(Arc<Server>, Names, String)>);

impl Drop for GivenUp {
    fn drop(&mut self) {
        if let Some((server, names, owner)) = self.0.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(async move { release(&server, &names, &owner).await });
        }
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("prefix", &self.prefix)
            .field("lock_lifetime", &self.lock_lifetime)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
