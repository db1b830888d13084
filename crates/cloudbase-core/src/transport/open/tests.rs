//! When the lack of a file descriptor is what failed.

#[cfg(unix)]
use std::{fs::File, process::Command};

use futures_util::future::join_all;

use super::*;
use crate::error::Error;

#[test]
fn a_name_that_is_being_resolved_has_no_descriptor() {
    let open = Arc::new(Open::default());
    let (one, resolution) = (open.enter(), open.resolve());
    assert!(open.any() && !open.any_descriptor());
    let other = open.enter();
    assert!(open.any_descriptor());
    drop(other);
    assert!(!open.any_descriptor());
    drop(resolution);
    assert!(open.any_descriptor());
    drop(one.lasting());
    assert!(!open.any() && !open.any_descriptor());
}

/// A connection that does not come about, with the descriptor that it lacked.
fn out_of_descriptors() -> Error {
    let cause = std::io::Error::from_raw_os_error(if cfg!(windows) { 10024 } else { 24 });
    Error::new(ErrorKind::Connect, "no descriptor").with_source(cause)
}

#[tokio::test(start_paused = true)]
async fn one_tries_again_at_a_time_and_none_for_longer_than_its_end() {
    let open = Arc::new(Open::default());
    let _connection = open.enter().lasting();
    let end = Instant::now() + 20 * LOOKS_EVERY;
    let tries = AtomicUsize::new(0);
    let callers = (0..50).map(|_| {
        open.retry_when_short(end, || async {
            tries.fetch_add(1, Ordering::Relaxed);
            Err::<(), _>(out_of_descriptors())
        })
    });
    for result in join_all(callers).await {
        assert!(result.is_err());
    }
    assert_eq!(Instant::now(), end);
    // Each once; the one with the permit at once, and after each wait.
    assert!(tries.into_inner() <= 50 + 1 + 20 + 1);
}

#[tokio::test(start_paused = true)]
async fn a_name_is_resolved_again_once_descriptors_were_short() {
    let open = Arc::new(Open::default());
    let _connection = open.enter().lasting();
    let end = Instant::now() + 20 * LOOKS_EVERY;
    let tries = AtomicUsize::new(0);
    let call = || {
        open.retry_when_short(end, || async {
            tries.fetch_add(1, Ordering::Relaxed);
            Err::<(), _>(Error::new(ErrorKind::Dns, "no such name"))
        })
    };
    call().await.unwrap_err();
    assert_eq!(tries.load(Ordering::Relaxed), 1);
    let short = || async { Err::<(), _>(out_of_descriptors()) };
    open.retry_when_short(Instant::now(), short)
        .await
        .unwrap_err();
    let begin = Instant::now();
    call().await.unwrap_err();
    assert_eq!(tries.load(Ordering::Relaxed), 1 + 1 + MAX_DOUBTS);
    assert!(begin.elapsed() <= 2 * LOOKS_EVERY);
}

/// In a program of its own that may have 64 files open.
#[cfg(unix)]
#[test]
fn a_name_that_is_not_resolved_without_descriptors_lacked_one() {
    const CHILD: &str = "CLOUDBASE_TEST_WITHOUT_DESCRIPTORS";
    let name = "a_name_that_is_not_resolved_without_descriptors_lacked_one";
    if std::env::var_os(CHILD).is_none() {
        let status = Command::new("sh")
            .args(["-c", "ulimit -n 64 && exec \"$0\" \"$@\""])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", &format!("transport::open::tests::{name}")])
            .env(CHILD, "1")
            .status();
        assert!(status.unwrap().success());
        return;
    }
    let error = Error::new(ErrorKind::Dns, "no such name");
    assert!(!error::is_out_of_descriptors(&error));
    let files: Vec<_> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
    assert!(error::is_out_of_descriptors(&error));
    drop(files);
    assert!(!error::is_out_of_descriptors(&error));
}
