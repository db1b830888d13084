//! The conformance suite and the fence, on a real server: set `CLOUDBASE_TEST_REDIS_URL` to run them.

#![allow(clippy::print_stderr)]

use std::process;

use super::*;
use crate::store::conformance::conforms;

mod scripted;
mod tls;

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
async fn a_holder_that_has_lost_the_lock_writes_no_more() {
    let Some(store) = store() else { return };
    let stale = store.lock("k").await.unwrap();
    store.save("k", &"first".into(), &stale).await.unwrap();
    // As if its holder had stopped until the lock ran out.
    let names = store.names("k");
    let forget = ::redis::cmd("DEL").arg(&names.lock).to_owned();
    store.server.run::<u64>(&forget).await.unwrap();
    let newer = store.lock("k").await.unwrap();
    assert!(newer.fence() > stale.fence(), "{newer:?} {stale:?}");

    let error = store
        .save("k", &"sentinel".into(), &stale)
        .await
        .unwrap_err();
    assert!(stale.was_lost(&error), "{error}");
    let error = store.remove("k", &stale).await.unwrap_err();
    assert!(stale.was_lost(&error), "{error}");
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

/// What only an accident does to the server.
async fn run(store: &RedisStore, command: &[&str]) {
    let mut cmd = ::redis::cmd(command[0]);
    for word in &command[1..] {
        cmd.arg(*word);
    }
    store.server.run::<::redis::Value>(&cmd).await.unwrap();
}

#[tokio::test]
async fn a_lock_from_before_the_server_lost_its_data_writes_nothing() {
    let Some(store) = store() else { return };
    let names = store.names("k");
    let first = store.lock("k").await.unwrap();
    run(&store, &["DEL", &names.value, &names.lock, &names.fence]).await;
    // Nobody has taken a lock since: who held it cannot be known.
    for lost in [
        store.save("k", &"early".into(), &first).await,
        store.remove("k", &first).await,
    ] {
        assert!(first.was_lost(&lost.unwrap_err()));
    }
    let second = store.lock("k").await.unwrap();
    assert_eq!(
        first.fence(),
        second.fence(),
        "it counts from the beginning"
    );
    assert_ne!(first.owner(), second.owner());
    store.save("k", &"second".into(), &second).await.unwrap();
    let stale = store.save("k", &"first".into(), &first).await;
    assert!(first.was_lost(&stale.unwrap_err()));
    assert_eq!(text(&store).await.as_deref(), Some("second"));
}

#[tokio::test]
async fn corrupted_fences_and_locks_heal() {
    let Some(store) = store() else { return };
    let store = store.lock_lifetime_of_a_test(Duration::from_millis(50));
    let names = store.names("k");
    let fence = &*names.fence;
    let corrupted: &[&[&str]] = &[
        &["SET", fence, "abc"],
        &["SET", fence, ""],
        &["SET", fence, "-5"],
        &["SET", fence, "17"],
        &["SET", fence, "9223372036854775807"],
        &["SET", fence, "9007199254740991:x"],
        &["LPUSH", fence, "1"],
        &["HSET", &names.lock, "a", "b"],
        &["SET", &names.lock, "a holder without an expiry"],
    ];
    for command in corrupted {
        run(&store, &["DEL", &names.lock, fence]).await;
        run(&store, command).await;
        let limit = Duration::from_secs(5);
        let lock = tokio::time::timeout(limit, store.lock("k")).await;
        let lock = lock.unwrap_or_else(|_| panic!("{command:?}")).unwrap();
        store.save("k", &"x".into(), &lock).await.unwrap();
        lock.release().await;
        let next = store.lock("k").await.unwrap();
        assert!(next.fence() > 0, "{command:?}");
        store.remove("k", &next).await.unwrap();
        next.release().await;
    }
}

#[tokio::test]
async fn what_is_not_text_counts_as_absent_and_is_replaced() {
    let Some(store) = store() else { return };
    let name = store.names("k").value;
    for command in [["LPUSH", &name, "x"], ["SADD", &name, "x"]] {
        run(&store, &command).await;
        assert_eq!(text(&store).await, None, "{command:?}");
        let lock = store.lock("k").await.unwrap();
        store.save("k", &"new".into(), &lock).await.unwrap();
        assert_eq!(text(&store).await.as_deref(), Some("new"));
        store.remove("k", &lock).await.unwrap();
        lock.release().await;
    }
}

#[tokio::test]
async fn the_documented_rights_are_enough() {
    let Some(store) = store() else { return };
    let user = format!("user-{}", fastrand::u64(..));
    let pattern = format!("~{}:*", store.prefix);
    let documented = "-@all +eval +get +set +del +pttl +pexpire";
    assert!(include_str!("../redis.rs").contains(&format!("~cloudbase:* {documented}\n")));
    let mut rights = vec!["ACL", "SETUSER", &user, "on", ">sentinel", &pattern];
    rights.extend(documented.split(' '));
    run(&store, &rights).await;
    let url = std::env::var("CLOUDBASE_TEST_REDIS_URL").unwrap();
    let as_user = |password: &str| {
        let url = url.replace("redis://", &format!("redis://{user}:{password}@"));
        RedisStore::new(url).unwrap().prefix(&*store.prefix)
    };
    conforms(Arc::new(as_user("sentinel")), "k").await;

    // Less is not, and the error says so.
    run(&store, &["ACL", "SETUSER", &user, "-eval"]).await;
    let error = as_user("sentinel").lock("k").await.unwrap_err();
    assert!(error.message().contains("NOPERM"), "{error}");
    assert!(!error.is_retryable());
    let error = as_user("other-sentinel").load("k").await.unwrap_err();
    assert!(error.message().contains("WRONGPASS"), "{error}");
    assert!(!format!("{error:?}").contains("sentinel"));
    run(&store, &["ACL", "DELUSER", &user]).await;
    let error = RedisStore::new(format!("{url}/9999")).unwrap();
    let error = error.load("k").await.unwrap_err();
    assert!(error.message().contains("no such database"), "{error}");
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
async fn a_lost_connection_is_made_again() {
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
        assert!(error.is_retryable(), "an outage passes");
        assert!(std::error::Error::source(&error).is_some());
        assert_eq!(
            error.message(),
            format!("the session store at {address} failed: connection refused")
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
