//! Asks the program for a ticket. Its function may call the SDK, hang, or panic: none of that
//! may hold the session up for good.

use std::sync::Arc;
use std::time::Duration;

use cloudbase_core::{Error, ErrorKind, Result};
use futures_core::future::BoxFuture;
use secrecy::SecretString;
use tokio::task::JoinSet;

/// Makes a ticket whenever a session needs one.
pub(crate) type TicketSource =
    Arc<dyn Fn() -> BoxFuture<'static, Result<SecretString>> + Send + Sync>;

/// How long the function may take. All calls that need a token wait for it.
const LIMIT: Duration = Duration::from_secs(60);

tokio::task_local! {
    static ASKING: ();
}

/// Whether this runs within the program's function. The session waits for that, so it cannot wait
/// for the session.
pub(crate) fn is_asking() -> bool {
    ASKING.try_get().is_ok()
}

/// Runs `work` as a part of the program's function if `asking`: a task of its own knows nothing of
/// the one that made it.
pub(crate) async fn within<F: Future>(asking: bool, work: F) -> F::Output {
    match asking {
        true => ASKING.scope((), work).await,
        false => work.await,
    }
}

/// What to say to a function that would change the session which waits for it.
pub(crate) fn would_wait_for_itself() -> Error {
    let message =
        "a function that gets a ticket cannot sign anybody in or out: the session waits for it";
    Error::new(ErrorKind::Local, message)
}

pub(crate) async fn ask(source: &TicketSource) -> Result<SecretString> {
    let source = source.clone();
    // A set stops its task when it is dropped.
    let mut task = JoinSet::new();
    task.spawn(within(true, async move { source().await }));
    match tokio::time::timeout(LIMIT, task.join_next()).await {
        Ok(Some(Ok(ticket))) => ticket,
        Ok(Some(Err(error))) if error.is_panic() => Err(Error::new(
            ErrorKind::Local,
            "the function that gets a ticket has panicked",
        )),
        Ok(_) => Err(Error::new(ErrorKind::Interrupted, "the runtime shut down")),
        Err(_) => Err(Error::new(
            ErrorKind::Timeout,
            format!("the function that gets a ticket has taken longer than {LIMIT:?}"),
        )),
    }
}
