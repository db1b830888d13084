//! The conformance suite and the fence, on a real server: set `CLOUDBASE_TEST_REDIS_URL` to run them.

#![allow(clippy::print_stderr)]

use std::process;

use super::*;
use crate::store::conformance::conforms;

/// A store under names of its own, if there is a server to test on.
fn store() -> Option<RedisStore> {
    let Ok(url) = std::env::var("CLOUDBASE_TEST_REDIS_URL") else {
        eprintln!("skipped: CLOUDBASE_TEST_REDIS_URL is not set");
        return None;
    };
    let prefix = format!("test-{}-{}", process::id(), fastrand::u64(..));
    Some(RedisStore::new(url).unwrap().prefix(prefix))
}

async fn text(store: &RedisStore) -> Option<String> {
    let value = store.load("k").await.unwrap();
    value.map(|value| value.expose_secret().to_owned())
}

#[tokio::test]
async fn conformance() {
    if let Some(store) = store() {
        conforms(Arc::new(store), "k").await;
    }
}

#[tokio::test]
async fn whoever_has_lost_the_lock_writes_no_more() {
    let Some(store) = store() else { return };
    let stale = store.lock("k").await.unwrap();
    store.save("k", &"first".into(), &stale).await.unwrap();
    // As if its holder had stood still until the lock ran out.
    let names = store.names("k");
    let forget = ::redis::cmd("DEL").arg(&names.lock).to_owned();
    store.server.run::<u64>(&forget).await.unwrap();
    let newer = store.lock("k").await.unwrap();
    assert!(newer.fence() > stale.fence(), "{newer:?} {stale:?}");

    let error = store
        .save("k", &"sentinel".into(), &stale)
        .await
        .unwrap_err();
    assert!(error.message().contains("lost"), "{error}");
    assert!(store.remove("k", &stale).await.is_err());
    assert!(
        store
            .save("k", &"x".into(), &StoreLock::unshared())
            .await
            .is_err()
    );
    store.save("k", &"second".into(), &newer).await.unwrap();
    stale.release().await;
    assert!(
        store.save("k", &"third".into(), &newer).await.is_ok(),
        "letting go of a lost lock takes it from nobody"
    );
    let held = ::redis::cmd("EXISTS").arg(&names.lock).to_owned();
    assert_eq!(store.server.run::<u64>(&held).await.unwrap(), 1);
    newer.release().await;
    assert_eq!(text(&store).await.as_deref(), Some("third"));
}

#[tokio::test]
async fn a_lock_lives_for_as_long_as_it_is_held() {
    let Some(store) = store() else { return };
    let store = store.lock_lifetime(Duration::from_secs(1));
    let lock = store.lock("k").await.unwrap();
    let names = store.names("k");
    let left = ::redis::cmd("PTTL").arg(&names.lock).to_owned();
    let mut last = i64::MAX;
    // It is prolonged once what is left of it grows.
    loop {
        let now: i64 = store.server.run(&left).await.unwrap();
        assert!(now > 0, "it has ended: {now}");
        if now > last {
            break;
        }
        last = now;
        tokio::task::yield_now().await;
    }
    lock.release().await;
    assert_eq!(
        store.server.run::<i64>(&left).await.unwrap(),
        -2,
        "it is gone"
    );
}

#[tokio::test]
async fn a_lost_connection_is_made_anew() {
    let Some(store) = store() else { return };
    let lock = store.lock("k").await.unwrap();
    store.save("k", &"kept".into(), &lock).await.unwrap();
    let id: i64 = store
        .server
        .run(::redis::cmd("CLIENT").arg("ID"))
        .await
        .unwrap();
    let other = RedisStore::new(std::env::var("CLOUDBASE_TEST_REDIS_URL").unwrap()).unwrap();
    let kill = ::redis::cmd("CLIENT")
        .arg("KILL")
        .arg("ID")
        .arg(id)
        .to_owned();
    assert_eq!(other.server.run::<i64>(&kill).await.unwrap(), 1);
    assert_eq!(text(&store).await.as_deref(), Some("kept"));
    lock.release().await;
}

#[tokio::test]
async fn a_server_that_is_not_there_is_an_error_without_its_password() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let store = RedisStore::new(format!("redis://:sentinel@{address}/0")).unwrap();
    for error in [
        store.load("k").await.unwrap_err(),
        store.lock("k").await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Local);
        assert_eq!(
            error.message(),
            format!("the session store at {address} failed: the connection was refused")
        );
        assert!(
            !format!("{error} {error:?} {store:?}").contains("sentinel"),
            "{error:?}"
        );
    }
    let error = RedisStore::new("sentinel").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(!format!("{error:?}").contains("sentinel"));
}
