//! Renewals under load and in trouble, on paused time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use cloudbase_auth::{
    Auth, AuthEvent, Error, ErrorKind, ExposeSecret as _, SessionStore as _, SignOutReason,
};
use tokio::time::{Instant, advance, sleep};

use super::gateway::{Gateway, KEY, LIFETIME, Refresh, call, session};

#[tokio::test(start_paused = true)]
async fn ten_thousand_tasks_refresh_once_for_a_hundred_seeds() {
    for seed in 0..100 {
        let random = fastrand::Rng::with_seed(seed);
        let gateway = Gateway::new();
        gateway.on_refresh(Refresh::Grant(Duration::from_micros(
            random.clone().u64(0..20_000),
        )));
        let (auth, _store) = gateway.auth(&session(-5)).await;
        let auth = Arc::new(auth);
        let mut random = random;
        let tasks: Vec<_> = (0..10_000)
            .map(|n| {
                let (auth, delay) = (auth.clone(), Duration::from_micros(random.u64(0..10_000)));
                tokio::spawn(async move {
                    sleep(delay).await;
                    if n % 1000 == 0 {
                        return call(auth.client()).await.is_ok();
                    }
                    auth.session().await.is_ok_and(|session| session.is_some())
                })
            })
            .collect();
        // A caller that goes away loses nothing.
        tasks[random.usize(0..10_000)].abort();
        for task in tasks {
            assert!(task.await.unwrap_or(true), "seed {seed}: a call failed");
        }
        assert_eq!(
            (gateway.refreshes(), gateway.rejected()),
            (1, 0),
            "seed {seed}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn fifty_rejections_are_one_refresh() {
    let gateway = Gateway::new();
    let (auth, _store) = gateway.auth(&session(7000)).await;
    assert!(auth.session().await.unwrap().is_some());
    gateway.revoke("a0");
    let calls: Vec<_> = (0..50)
        .map(|_| {
            let client = auth.client().clone();
            tokio::spawn(async move { call(&client).await })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(gateway.refreshes(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_that_fails_for_a_minute_ends_nothing() {
    for refresh in [
        Refresh::Reject(500, "internal"),
        Refresh::Reject(429, "resource_exhausted"),
        Refresh::Silence,
        Refresh::Reset,
    ] {
        let gateway = Gateway::new();
        gateway.on_refresh(refresh);
        // Alive, but due.
        let (auth, store) = gateway.auth(&session(20)).await;
        let mut events = auth.events();
        auth.session().await.unwrap();
        advance(Duration::from_secs(12)).await;
        let start = Instant::now();
        for second in 0..60 {
            let result = call(auth.client()).await;
            if start.elapsed() < Duration::from_secs(7) {
                result.unwrap_or_else(|error| {
                    panic!("{refresh:?}: the token is alive at {second} s: {error}")
                });
            } else if let Err(error) = result {
                assert_eq!(error.kind(), ErrorKind::Credentials, "{refresh:?}: {error}");
                assert!(!error.to_string().contains("r0"));
            }
            sleep(Duration::from_secs(1)).await;
        }
        // Cooldowns of 5, 10, 20, 40 s between refreshes.
        let times = gateway.refresh_times();
        assert!(
            (1..=6).contains(&times.len()),
            "{refresh:?}: {} refreshes",
            times.len()
        );
        for (n, pair) in times.windows(2).enumerate() {
            let rest = Duration::from_secs((5 << n).min(60));
            assert!(
                pair[1] - pair[0] >= rest,
                "{refresh:?}: waited {:?} instead of {rest:?}",
                pair[1] - pair[0]
            );
        }
        assert_eq!(
            gateway.rejected(),
            0,
            "{refresh:?}: no ended token is ever sent"
        );
        let stored = store.load(KEY).await.unwrap().unwrap();
        assert!(
            stored.expose_secret().contains("\"r0\""),
            "{refresh:?}: still stored"
        );
        assert!(auth.peek_session().is_some());

        gateway.on_refresh(Refresh::Grant(Duration::ZERO));
        sleep(Duration::from_secs(61)).await;
        call(auth.client()).await.unwrap();
        assert_eq!(events.next().await.name(), "INITIAL_SESSION");
        assert_eq!(events.next().await.name(), "TOKEN_REFRESHED", "{refresh:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_rejected_session_lasts_as_long_as_its_token_then_ends_once() {
    let gateway = Gateway::new();
    gateway.spend_refresh_token();
    let (auth, store) = gateway.auth(&session(80)).await;
    let mut events = auth.events();
    auth.session().await.unwrap();
    assert_eq!(events.next().await.name(), "INITIAL_SESSION");
    let rejected = auth.refresh_session().await.unwrap_err();
    assert_eq!(rejected.code().unwrap().as_str(), "invalid_grant");
    for _ in 0..70 {
        call(auth.client()).await.unwrap();
        sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(
        gateway.refreshes(),
        1,
        "a dead refresh token is not tried again"
    );
    sleep(Duration::from_secs(15)).await;
    assert!(auth.session().await.unwrap().is_none());
    assert_eq!(
        call(auth.client()).await.unwrap_err().kind(),
        ErrorKind::Credentials
    );
    let AuthEvent::SignedOut(reason) = events.next().await else {
        panic!("not reported")
    };
    assert!(matches!(reason, SignOutReason::Rejected { code } if code == "invalid_grant"));
    assert!(store.load(KEY).await.unwrap().is_none());
    assert_eq!((gateway.refreshes(), gateway.rejected()), (1, 0));
    let mut rest = auth.events();
    let nothing_more = tokio::time::timeout(Duration::from_secs(60), rest.next()).await;
    assert!(nothing_more.is_err());
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_rejected_session_is_reported_in_time_though_nobody_calls() {
    let gateway = Gateway::new();
    gateway.spend_refresh_token();
    let (auth, store) = gateway.auth(&session(80)).await;
    let mut events = auth.events();
    auth.session().await.unwrap();
    let begin = Instant::now();
    for _ in 0..3 {
        auth.refresh_session().await.unwrap_err();
    }
    assert_eq!(events.next().await.name(), "INITIAL_SESSION");
    let AuthEvent::SignedOut(reason) = events.next().await else {
        panic!("not reported")
    };
    assert!(matches!(reason, SignOutReason::Rejected { code } if code == "invalid_grant"));
    let after = begin.elapsed().as_secs_f64();
    assert!((70.0..=80.1).contains(&after), "after {after} s");
    assert!(auth.peek_session().is_none() && store.load(KEY).await.unwrap().is_none());
    assert_eq!(
        call(auth.client()).await.unwrap_err().kind(),
        ErrorKind::Credentials
    );
    let more = tokio::time::timeout(LIFETIME, events.next()).await;
    assert!(more.is_err(), "{more:?}");
    assert_eq!((gateway.refreshes(), gateway.rejected()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn waiting_for_the_end_of_a_session_keeps_nothing_alive_and_is_called_off() {
    let tasks = || {
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks()
    };
    let gateway = Gateway::new();
    gateway.spend_refresh_token();
    let before = tasks();
    let (auth, _store) = gateway.auth(&session(3600)).await;
    auth.session().await.unwrap();
    auth.refresh_session().await.unwrap_err();
    assert_eq!(tasks(), before + 1);
    drop(auth);
    tokio::task::yield_now().await;
    assert_eq!(tasks(), before, "it ends with the handle");

    let gateway = Gateway::new();
    gateway.spend_refresh_token();
    let (auth, _store) = gateway.auth(&session(3600)).await;
    let mut events = auth.events();
    auth.session().await.unwrap();
    auth.refresh_session().await.unwrap_err();
    let ticket = auth.sign_in_with_custom_ticket(|| async { Ok("t") });
    ticket.await.unwrap();
    sleep(Duration::from_secs(3700)).await;
    for expected in ["INITIAL_SESSION", "SIGNED_IN", "USER_UPDATED"] {
        assert_eq!(events.next().await.name(), expected);
    }
    let more = tokio::time::timeout(Duration::from_secs(60), events.next()).await;
    assert!(more.is_err(), "another session is in force: {more:?}");
    assert!(auth.session().await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_lost_response_makes_no_loop() {
    let gateway = Gateway::new();
    gateway.on_refresh(Refresh::Lose);
    let (auth, _store) = gateway.auth(&session(-5)).await;
    let mut events = auth.events();
    assert!(
        auth.session().await.is_err(),
        "kept: whether it was refreshed is unknown"
    );
    assert!(auth.peek_session().is_some());
    gateway.on_refresh(Refresh::Grant(Duration::ZERO));
    for _ in 0..120 {
        let _ = auth.session().await;
        sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(gateway.refreshes(), 2);
    assert!(auth.session().await.unwrap().is_none());
    assert_eq!(events.next().await.name(), "INITIAL_SESSION");
    assert!(matches!(
        events.next().await,
        AuthEvent::SignedOut(SignOutReason::Rejected { .. })
    ));
}

#[tokio::test(start_paused = true)]
async fn clocks_may_be_wrong() {
    for (hours, refreshes) in [(-10, 1), (10, 0)] {
        let gateway = Gateway::new();
        let (auth, _store) = gateway.auth(&session(3600 + hours * 3600)).await;
        for _ in 0..100 {
            call(auth.client()).await.unwrap();
        }
        assert_eq!(gateway.refreshes(), refreshes, "{hours} h");
        assert!(auth.session().await.unwrap().is_some());
    }
    // A clock that was set back 10 h makes a stored session seem long-lived; the gateway knows better.
    let gateway = Gateway::new();
    gateway.revoke("a0");
    let (auth, _store) = gateway.auth(&session(10 * 3600)).await;
    call(auth.client()).await.unwrap();
    assert_eq!((gateway.refreshes(), gateway.rejected()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn eight_hours_of_sleep_cost_one_refresh() {
    let gateway = Gateway::new();
    let (auth, _store) = gateway.auth(&session(7000)).await;
    call(auth.client()).await.unwrap();
    advance(Duration::from_secs(8 * 3600)).await;
    for _ in 0..100 {
        call(auth.client()).await.unwrap();
    }
    assert_eq!((gateway.refreshes(), gateway.rejected()), (1, 0));
    // A session is refreshed before it ends, and calls do not wait for that.
    advance(LIFETIME - Duration::from_secs(10)).await;
    gateway.on_refresh(Refresh::Silence);
    call(auth.client()).await.unwrap();
    tokio::task::yield_now().await;
    assert_eq!(gateway.refreshes(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_sign_out_beats_a_refresh_under_way() {
    let gateway = Gateway::new();
    gateway.on_refresh(Refresh::Grant(Duration::from_secs(5)));
    let (auth, store) = gateway.auth(&session(-5)).await;
    let waiting = {
        let auth = auth.clone();
        tokio::spawn(async move { auth.session().await })
    };
    tokio::task::yield_now().await;
    auth.sign_out().await.unwrap();
    waiting.await.unwrap().unwrap();
    assert!(auth.session().await.unwrap().is_none());
    assert!(store.load(KEY).await.unwrap().is_none());
    assert_eq!(gateway.refreshes(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_ticket_is_asked_for_again_when_its_session_ends() {
    let gateway = Gateway::new();
    let auth = Auth::new(gateway.client()).unwrap();
    let mut events = auth.events();
    let failed = auth.sign_in_with_custom_ticket(|| async {
        Err::<String, _>(Error::new(ErrorKind::Local, "my server is down"))
    });
    assert_eq!(failed.await.unwrap_err().message(), "my server is down");

    let asked = Arc::new(AtomicU32::new(0));
    let counter = asked.clone();
    let get_ticket = move || {
        let n = counter.fetch_add(1, Ordering::SeqCst);
        async move {
            match n {
                2 => Err(Error::new(ErrorKind::Local, "my server is down")),
                n => Ok(format!("t{n}")),
            }
        }
    };
    auth.sign_in_with_custom_ticket(get_ticket).await.unwrap();
    for round in 0..100 {
        call(auth.client()).await.unwrap();
        if round == 50 {
            advance(LIFETIME).await;
        }
    }
    assert_eq!(asked.load(Ordering::SeqCst), 2, "once for each session");
    advance(LIFETIME).await;
    call(auth.client()).await.unwrap_err();
    assert!(
        auth.peek_session().is_some(),
        "a server that is down ends nothing"
    );
    advance(Duration::from_secs(6)).await;
    call(auth.client()).await.unwrap();
    assert_eq!((asked.load(Ordering::SeqCst), gateway.rejected()), (4, 0));
    for expected in [
        "SIGNED_IN",
        "USER_UPDATED",
        "TOKEN_REFRESHED",
        "TOKEN_REFRESHED",
    ] {
        assert_eq!(events.next().await.name(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn without_means_to_refresh_a_session_ends_with_its_token() {
    let gateway = Gateway::new();
    let mut short = session(60);
    short.as_object_mut().unwrap().remove("refresh_token");
    let (auth, store) = gateway.auth(&short).await;
    let mut events = auth.events();
    call(auth.client()).await.unwrap();
    let rejected = auth.refresh_session().await.unwrap_err();
    assert_eq!(rejected.code().unwrap().as_str(), "unauthenticated");
    for _ in 0..58 {
        sleep(Duration::from_secs(1)).await;
        call(auth.client()).await.unwrap();
    }
    sleep(Duration::from_secs(5)).await;
    assert!(auth.session().await.unwrap().is_none());
    assert!(store.load(KEY).await.unwrap().is_none());
    assert_eq!(events.next().await.name(), "INITIAL_SESSION");
    assert!(matches!(
        events.next().await,
        AuthEvent::SignedOut(SignOutReason::Expired)
    ));
    assert_eq!((gateway.refreshes(), gateway.rejected()), (0, 0));
}
