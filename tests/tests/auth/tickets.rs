//! Functions that get tickets: they call the SDK, hang, and panic.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use cloudbase_auth::{Auth, ErrorKind};
use tokio::time::{Instant, advance, timeout};

use super::gateway::{Gateway, LIFETIME, call};

type Handle = Arc<OnceLock<Auth>>;

#[tokio::test(start_paused = true)]
async fn a_ticket_function_may_call_the_sdk_and_does_not_wait_for_itself() {
    let gateway = Gateway::new();
    let auth = Auth::new(gateway.client_with_key()).unwrap();
    let handle = Handle::default();
    handle.set(auth.clone()).unwrap();
    let get_ticket = move || {
        let auth = handle.get().unwrap().clone();
        async move {
            // With the access key, though the session is what it is needed for.
            call(auth.client()).await?;
            assert!(auth.session().await?.is_none() && auth.user().await?.is_none());
            for error in [
                auth.refresh_session().await.err(),
                auth.refresh_user().await.err(),
            ] {
                assert_eq!(error.unwrap().kind(), ErrorKind::Credentials);
            }
            for error in [
                auth.sign_out().await.err(),
                auth.set_session(cloudbase_auth::SetSession::new("r0"))
                    .await
                    .err(),
                auth.sign_in_with_custom_ticket(|| async { Ok("t") })
                    .await
                    .err(),
            ] {
                assert_eq!(error.unwrap().kind(), ErrorKind::Local);
            }
            Ok::<_, cloudbase_auth::Error>("t1")
        }
    };
    let hour = Duration::from_secs(3600);
    let signed_in = timeout(hour, auth.sign_in_with_custom_ticket(get_ticket));
    signed_in.await.expect("it hangs").unwrap();
    advance(LIFETIME).await;
    let begin = Instant::now();
    call(auth.client()).await.unwrap();
    assert!(auth.session().await.unwrap().is_some());
    assert!(begin.elapsed() < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_ticket_function_that_stands_still_or_panics_is_an_error_and_ends_nothing() {
    for panics in [true, false] {
        let gateway = Gateway::new();
        let auth = Auth::new(gateway.client()).unwrap();
        let asked = Arc::new(std::sync::atomic::AtomicU32::new(0));
        let counter = asked.clone();
        let get_ticket = move || {
            let n = counter.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            async move {
                match n {
                    1 if panics => panic!("a ticket function"),
                    1 => std::future::pending().await,
                    n => Ok(format!("t{n}")),
                }
            }
        };
        auth.sign_in_with_custom_ticket(get_ticket).await.unwrap();
        advance(LIFETIME).await;
        let begin = Instant::now();
        let error = auth.session().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Credentials);
        assert!(
            begin.elapsed() <= Duration::from_secs(61),
            "{:?}",
            begin.elapsed()
        );
        assert_eq!(error.message().contains("panicked"), panics, "{error}");
        assert!(auth.peek_session().is_some(), "kept");
        // It rests, and is asked again.
        auth.session().await.unwrap_err();
        advance(Duration::from_secs(6)).await;
        call(auth.client()).await.unwrap();
        assert_eq!(asked.load(std::sync::atomic::Ordering::SeqCst), 3);
        auth.sign_out().await.unwrap();
    }
}
