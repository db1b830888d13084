//! Hosts of keys that are silent, slow, or respond by half.

use tokio::time::Instant;

use super::*;
use crate::server::jwks::cache::{FETCH_LIMIT, LIFETIME, PAUSE};

/// What the host does with a request.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Does {
    Publish(&'static [(&'static str, usize)]),
    /// Publishes after so many milliseconds.
    Slow(u64),
    Nothing,
    /// Sends a head and some of the body.
    Half,
    Fail,
}

/// A host that does these things one after the other, and the last one again and again.
fn host(script: &'static [Does]) -> (MockTransport, Arc<AtomicUsize>) {
    let served = Arc::new(AtomicUsize::new(0));
    let count = served.clone();
    let mock = MockTransport::new().fallback(move |_| {
        let at = count.fetch_add(1, Ordering::SeqCst);
        let does = script[at.min(script.len() - 1)];
        async move {
            let published = |keys| response(200, &[], document(keys).to_string()).map(Body::from);
            match does {
                Does::Publish(keys) => Ok(published(keys)),
                Does::Slow(millis) => {
                    tokio::time::sleep(Duration::from_millis(millis)).await;
                    Ok(published(&[("k1", 0)]))
                }
                Does::Nothing => std::future::pending().await,
                Does::Half => {
                    // Drips slowly enough for no limit of stalled bodies.
                    Ok(http::Response::new(Body::stream(drops())))
                }
                Does::Fail => Ok(response(500, &[], "{}").map(Body::from)),
            }
        }
    });
    (mock, served)
}

/// `{"keys":[` and then a blank every 300 ms, for ever.
fn drops() -> impl futures_core::Stream<Item = Result<bytes::Bytes, std::io::Error>> + Send + 'static
{
    struct Drops(u32, std::pin::Pin<Box<tokio::time::Sleep>>);
    impl futures_core::Stream for Drops {
        type Item = Result<bytes::Bytes, std::io::Error>;

        fn poll_next(
            mut self: std::pin::Pin<&mut Self>,
            cx: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Self::Item>> {
            if self.0 > 0 {
                std::task::ready!(self.1.as_mut().poll(cx));
                let next = Instant::now() + Duration::from_millis(300);
                self.1.as_mut().reset(next);
            }
            self.0 += 1;
            let piece: &'static [u8] = if self.0 == 1 { br#"{"keys":["# } else { b" " };
            std::task::Poll::Ready(Some(Ok(bytes::Bytes::from_static(piece))))
        }
    }
    Drops(0, Box::pin(tokio::time::sleep(Duration::ZERO)))
}

fn many(
    verifier: &TokenVerifier,
    token: &str,
    n: usize,
) -> Vec<tokio::task::JoinHandle<Result<Claims>>> {
    (0..n)
        .map(|_| {
            let (verifier, token) = (verifier.clone(), token.to_owned());
            tokio::spawn(async move { check(&verifier, &token).await })
        })
        .collect()
}

const K1: Does = Does::Publish(&[("k1", 0)]);

#[tokio::test(start_paused = true)]
async fn all_who_wait_share_one_outcome_within_the_limit() {
    let token = sign(0, &header(), &claims());
    for (script, seconds, good) in [
        (&[Does::Nothing][..], 5.0, false),
        (&[Does::Half], 5.0, false),
        (&[Does::Slow(6000)], 5.0, false),
        (&[Does::Slow(3000)], 3.0, true),
        (&[Does::Fail], 0.0, false),
    ] {
        let (mock, served) = host(script);
        let verifier = verifier(&mock);
        let begin = Instant::now();
        for task in many(&verifier, &token, 4) {
            let result = task.await.unwrap();
            assert_eq!(result.is_ok(), good, "{script:?}: {result:?}");
            if let Err(error) = result {
                assert_eq!(
                    TokenFault::of(&error),
                    None,
                    "nothing is known of the token"
                );
            }
        }
        let took = begin.elapsed().as_secs_f64();
        assert!((took - seconds).abs() < 0.1, "{script:?}: {took}");
        assert_eq!(served.load(Ordering::SeqCst), 1, "{script:?}");
        if good {
            continue;
        }
        // The pause begins with the end of the fetch, and is said.
        tokio::time::advance(PAUSE - Duration::from_secs(1)).await;
        let begin = Instant::now();
        let error = check(&verifier, &token).await.unwrap_err();
        assert!(begin.elapsed().is_zero(), "{script:?}");
        assert_eq!(
            error.retry_after(),
            Some(Duration::from_secs(1)),
            "{script:?}"
        );
        assert_eq!(served.load(Ordering::SeqCst), 1, "{script:?}");
        tokio::time::advance(Duration::from_secs(2)).await;
        let _ = check(&verifier, &token).await;
        assert_eq!(served.load(Ordering::SeqCst), 2, "{script:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_known_key_never_waits_for_the_host() {
    let token = sign(0, &header(), &claims());
    for script in [
        &[K1, Does::Nothing][..],
        &[K1, Does::Half],
        &[K1, Does::Slow(4000)],
        &[K1, Does::Fail],
    ] {
        let (mock, served) = host(script);
        let verifier = verifier(&mock);
        check(&verifier, &token).await.unwrap();
        tokio::time::advance(LIFETIME + Duration::from_secs(1)).await;
        let begin = Instant::now();
        for task in many(&verifier, &token, 3) {
            task.await.unwrap().unwrap();
        }
        assert!(begin.elapsed().is_zero(), "{script:?}");
        // While the fetch is under way, and in the pause after it.
        for _ in 0..10 {
            check(&verifier, &token).await.unwrap();
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        assert_eq!(served.load(Ordering::SeqCst), 2, "one behind: {script:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn made_up_names_cost_those_with_known_keys_nothing() {
    let good = sign(0, &header(), &claims());
    let made_up = sign(0, &json!({ "alg": "RS256", "kid": "nobody" }), &claims());
    let (mock, served) = host(&[K1, Does::Nothing]);
    let verifier = verifier(&mock);
    check(&verifier, &good).await.unwrap();
    tokio::time::advance(PAUSE + Duration::from_secs(1)).await;
    let waiting = many(&verifier, &made_up, 2);
    tokio::task::yield_now().await;
    let begin = Instant::now();
    check(&verifier, &good).await.unwrap();
    assert!(begin.elapsed().is_zero());
    for task in waiting {
        let error = task.await.unwrap().unwrap_err();
        assert_eq!(TokenFault::of(&error), None, "it may be a new key");
    }
    assert!(begin.elapsed() <= FETCH_LIMIT);
    assert_eq!(served.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_goes_away_takes_the_fetch_from_nobody() {
    let token = sign(0, &header(), &claims());
    let (mock, served) = host(&[Does::Slow(2000)]);
    let verifier = verifier(&mock);
    let mut tasks = many(&verifier, &token, 3);
    tokio::time::sleep(Duration::from_secs(1)).await;
    tasks.remove(0).abort();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    assert_eq!(served.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn keys_can_be_kept_for_any_time() {
    let token = sign(0, &header(), &claims());
    for lifetime in [Duration::ZERO, Duration::MAX] {
        let verifier = builder(&publishing()).cache_for(lifetime).build().unwrap();
        check(&verifier, &token).await.unwrap();
        tokio::time::advance(Duration::from_secs(700)).await;
        check(&verifier, &token).await.unwrap();
    }
}

#[test]
fn outside_a_runtime_the_error_says_so() {
    let verifier = verifier(&publishing());
    let token = sign(0, &header(), &claims());
    let mut verified = std::pin::pin!(verifier.verify(token.as_str()));
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(result) = verified.as_mut().poll(&mut cx) else {
        panic!("it waits")
    };
    assert_eq!(result.unwrap_err().kind(), ErrorKind::Local);
}
