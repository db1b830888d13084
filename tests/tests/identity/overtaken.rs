//! Sign-ins and sign-outs that overtake a refresh.

use std::time::Duration;

use cloudbase_auth::{Auth, AuthEvent, ErrorKind, SetSession, SignOutReason};
use cloudbase_core::Result;
use serde_json::json;
use tokio::time::{Instant, advance, sleep};

use super::service::{Service, sign_in};
use super::sessions::{call, over, reported};
use super::store::Unsteady;

/// Lin, whose refresh hangs.
async fn hanging(service: &Service) -> (Auth, tokio::task::JoinHandle<Result<()>>) {
    let auth = over(service).await;
    service.interlude("/auth/v1/token", 1, 200, std::future::pending);
    let client = auth.client().clone();
    let waiting = tokio::spawn(async move { call(&client).await });
    while service.count("/auth/v1/token") == 0 {
        tokio::task::yield_now().await;
    }
    (auth, waiting)
}

#[tokio::test(start_paused = true)]
async fn signing_out_waits_for_no_refresh_and_not_long_for_the_service() {
    let service = Service::new();
    let (auth, waiting) = hanging(&service).await;
    let mut events = auth.events();
    let begin = Instant::now();
    auth.sign_out().await.unwrap();
    assert!(
        begin.elapsed() < Duration::from_millis(100),
        "{:?}",
        begin.elapsed()
    );
    assert!(auth.peek_session().is_none());
    let error = waiting.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credentials, "{error}");
    assert!(matches!(
        events.next().await,
        AuthEvent::SignedOut(SignOutReason::Requested)
    ));
    assert_eq!(service.count("/v1/functions/pay"), 0);

    // The token is alive, and the service does not respond.
    let service = Service::new();
    let auth = service.signed_in("lin").await;
    service.interlude("/auth/v1/revoke", 1, 200, std::future::pending);
    let begin = Instant::now();
    let signing_out = tokio::spawn({
        let auth = auth.clone();
        async move { auth.sign_out().await }
    });
    while service.count("/auth/v1/revoke") == 0 {
        tokio::task::yield_now().await;
    }
    assert!(auth.peek_session().is_none(), "here it is over at once");
    let outcome = signing_out.await.unwrap().unwrap();
    assert_eq!(begin.elapsed(), Duration::from_secs(5));
    assert!(!outcome.revoked && outcome.error.unwrap().is_timeout());
    assert_eq!(service.count("/auth/v1/revoke"), 1, "one attempt");
}

#[tokio::test(start_paused = true)]
async fn signing_in_as_another_user_waits_for_no_refresh() {
    for by_token in [false, true] {
        let service = Service::new();
        let (auth, waiting) = hanging(&service).await;
        let begin = Instant::now();
        if by_token {
            let session = SetSession::new("r-mei.7.7");
            auth.set_session(session).await.unwrap();
        } else {
            sign_in(&auth, "mei").await;
        }
        assert!(
            begin.elapsed() < Duration::from_millis(100),
            "{:?}",
            begin.elapsed()
        );
        assert_eq!(auth.session().await.unwrap().unwrap().sub(), "mei");
        let error = waiting.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Credentials, "{error}");
        assert!(
            error.message().contains("the signed-in user changed"),
            "{error}"
        );
        assert_eq!(service.count("/v1/functions/pay"), 0);
        call(auth.client()).await.unwrap();
        assert!(service.tokens("/v1/functions/pay")[0].starts_with("mei."));
    }
}

#[tokio::test(start_paused = true)]
async fn a_refresh_that_is_being_saved_brings_nobody_back_who_signs_out() {
    let service = Service::new();
    let client = service.builder().build().unwrap();
    let store = Unsteady::new(1, 0, Duration::from_millis(10));
    let auth = Auth::builder(client).session_store(store).build().unwrap();
    sign_in(&auth, "lin").await;
    advance(Duration::from_secs(7300)).await;
    let mut events = auth.events();
    let waiting = tokio::spawn({
        let client = auth.client().clone();
        async move { call(&client).await }
    });
    let moment = Duration::from_micros(100);
    while service.count("/auth/v1/token") == 0 {
        sleep(moment).await;
    }
    let signing_out = tokio::spawn({
        let auth = auth.clone();
        async move { auth.sign_out().await }
    });
    while !signing_out.is_finished() {
        sleep(moment).await;
        assert!(auth.peek_session().is_none());
    }
    assert!(signing_out.await.unwrap().unwrap().revoked);
    let error = waiting.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credentials, "{error}");
    assert_eq!(reported(&mut events).await, ["SIGNED_OUT"]);
    // What the refresh has brought is revoked.
    assert_eq!(service.tokens("/auth/v1/revoke"), ["lin.1.3"]);
    assert_eq!(service.count("/auth/v1/token"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_profile_that_is_being_saved_brings_nobody_back_who_signs_out() {
    // The sign-out begins at each moment of the change.
    for moment in 0..60 {
        let service = Service::new();
        let client = service.builder().build().unwrap();
        let store = Unsteady::new(1, 0, Duration::from_millis(10));
        let auth = Auth::builder(client).session_store(store).build().unwrap();
        sign_in(&auth, "lin").await;
        service.say("/user/me", 200, json!({ "sub": "lin", "name": "Lin" }));
        let fetching = tokio::spawn({
            let auth = auth.clone();
            async move { auth.refresh_user().await }
        });
        sleep(Duration::from_millis(moment)).await;
        let signing_out = tokio::spawn({
            let auth = auth.clone();
            async move { auth.sign_out().await }
        });
        while !(signing_out.is_finished() && fetching.is_finished()) {
            sleep(Duration::from_micros(100)).await;
            assert!(auth.peek_session().is_none(), "{moment} ms");
        }
        assert!(auth.session().await.unwrap().is_none(), "{moment} ms");
    }
}

#[tokio::test(start_paused = true)]
async fn signing_out_waits_for_no_session_that_is_taken_over() {
    let service = Service::new();
    let auth = service.signed_in("lin").await;
    let own = auth.peek_session().unwrap();
    let own = own.refresh_token().unwrap().clone();
    service.interlude("/auth/v1/token", 1, 200, std::future::pending);
    let taking_over = tokio::spawn({
        let auth = auth.clone();
        async move { auth.set_session(SetSession::new(own)).await }
    });
    while service.count("/auth/v1/token") == 0 {
        tokio::task::yield_now().await;
    }
    let begin = Instant::now();
    auth.sign_out().await.unwrap();
    assert!(begin.elapsed() < Duration::from_millis(100));
    let error = taking_over.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interrupted, "{error}");
    assert!(auth.peek_session().is_none());
}
