//! On whose behalf a call goes on when the user changes while it is in progress.

use std::sync::Mutex;

use super::*;
use crate::credential::{Cached, CredentialProvider};
use crate::operation::CallOptions;
use crate::testing::{MockRequest, response};
use crate::{CredentialUse, ErrorKind};

const EXPIRED: &str = r#"{"code":"ACCESS_TOKEN_EXPIRED","message":"x"}"#;

/// A user who signs in and out, and whose tokens are replaced when they are rejected.
#[derive(Clone, Default)]
struct People(Arc<Mutex<Option<Token>>>);

impl People {
    fn sign_in(&self, name: &str) {
        self.set(name, 1);
    }

    fn refresh(&self, name: &str, number: usize) {
        self.set(name, number);
    }

    fn sign_out(&self) {
        *self.0.lock().unwrap() = None;
    }

    fn set(&self, name: &str, number: usize) {
        let token = Token::bearer(&format!("{name}-{number}").into(), None).unwrap();
        *self.0.lock().unwrap() = Some(token.with_lineage(name));
    }
}

impl CredentialProvider for People {
    fn cached(&self) -> Cached {
        match &*self.0.lock().unwrap() {
            Some(token) => Cached::Token(token.clone()),
            None => Cached::Absent,
        }
    }

    fn token(&self) -> BoxFuture<'_, Result<Option<Token>>> {
        let token = self.0.lock().unwrap().clone();
        Box::pin(std::future::ready(Ok(token)))
    }

    fn reject(&self, _: &Token) {}
}

/// What happens between the first response and whatever follows.
type Change = fn(&People);

/// Responds to the first request with `status`, and everything after it well; `change` comes before the
/// first response.
fn gateway(people: &People, status: u16, change: Change) -> MockTransport {
    let people = people.clone();
    let first = move |_: MockRequest| {
        change(&people);
        async move { Ok(response(status, &[], EXPIRED).map(Body::from)) }
    };
    let mock = MockTransport::new().then(first);
    mock.fallback(|_| async { Ok(response(200, &[], "{}").map(Body::from)) })
}

fn sent(mock: &MockTransport) -> Vec<String> {
    let bearer = |request: &MockRequest| {
        let value = request.header("authorization").unwrap_or("Bearer none");
        value["Bearer ".len()..].to_owned()
    };
    mock.requests().iter().map(bearer).collect()
}

/// Everything that an attempt can follow: a rejected token, and a failure that may pass.
const FIRST: [u16; 2] = [401, 503];

#[tokio::test(start_paused = true)]
async fn a_call_of_one_user_is_never_sent_as_another_or_with_the_key() {
    let changes: [(&str, Change); 3] = [
        ("signed in as another", |people| people.sign_in("b")),
        ("signed out", People::sign_out),
        ("signed in anew", |people| people.sign_in("a-later")),
    ];
    for status in FIRST {
        for (name, change) in changes {
            for operation in [get(), post().idempotency(crate::Idempotency::Idempotent)] {
                let people = People::default();
                people.sign_in("a");
                let mock = gateway(&people, status, change);
                let client = builder(&mock).credentials(people).build().unwrap();
                let error = client.fetch(operation).await.unwrap_err();
                assert_eq!(sent(&mock), ["a-1"], "{status}, {name}");
                let stands = error.status().is_some_and(|first| first == status);
                let changed = error.kind() == ErrorKind::Credentials
                    && error.message().contains("the signed-in user changed");
                assert!(stands || changed, "{status}, {name}: {error}");
                assert!(error.was_sent() && !error.is_retryable(), "{error:?}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_goes_on_with_a_newer_token_of_its_session() {
    for status in FIRST {
        let people = People::default();
        people.sign_in("a");
        let mock = gateway(&people, status, |people| people.refresh("a", 2));
        let client = builder(&mock).credentials(people).build().unwrap();
        client.fetch(get()).await.unwrap();
        assert_eq!(sent(&mock), ["a-1", "a-2"], "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_begun_with_the_key_or_with_nothing_stays_so() {
    for (key, expected) in [(true, "the-access-key"), (false, "none")] {
        let people = People::default();
        let mock = gateway(&people, 503, |people| people.sign_in("b"));
        let builder = match key {
            true => builder(&mock),
            false => Client::builder().env_id("test-env").transport(mock.clone()),
        };
        let client = builder.credentials(people).build().unwrap();
        let operation = get().credential(CredentialUse::Optional);
        client.fetch(operation).await.unwrap();
        assert_eq!(sent(&mock), [expected, expected]);
    }
}

#[tokio::test(start_paused = true)]
async fn several_requests_of_one_call_have_one_user() {
    let people = People::default();
    people.sign_in("a");
    let mock =
        MockTransport::new().fallback(|_| async { Ok(response(200, &[], "{}").map(Body::from)) });
    let client = builder(&mock).credentials(people.clone()).build().unwrap();
    let one = CallOptions::default().as_one_call();
    client.fetch(get().options(one.clone())).await.unwrap();
    people.refresh("a", 2);
    client.fetch(get().options(one.clone())).await.unwrap();
    // What is made for nobody in any case belongs to it without being of anybody.
    let sign_in = post().credential(CredentialUse::AccessKey);
    client.fetch(sign_in.options(one.clone())).await.unwrap();
    people.sign_in("b");
    let error = client.fetch(get().options(one.clone())).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Credentials);
    assert!(!error.was_sent(), "that one was not");
    people.sign_out();
    client.fetch(get().options(one)).await.unwrap_err();
    client.fetch(get()).await.unwrap();
    assert_eq!(
        sent(&mock),
        ["a-1", "a-2", "the-access-key", "the-access-key"]
    );

    // Begun by whoever is signed in when it begins, if not by whoever is when it is sent.
    let people = People::default();
    people.sign_in("a");
    let client = builder(&mock)
        .credentials(Knowing(people.clone()))
        .build()
        .unwrap();
    let one = client.credentials().one_call(CallOptions::default());
    people.sign_in("b");
    client.fetch(get().options(one)).await.unwrap_err();
}

/// As [`People`], who know who is signed in before they are asked for a token.
#[derive(Clone)]
struct Knowing(People);

impl CredentialProvider for Knowing {
    fn cached(&self) -> Cached {
        Cached::Unknown
    }

    fn token(&self) -> BoxFuture<'_, Result<Option<Token>>> {
        let people = self.0.clone();
        Box::pin(async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            people.token().await
        })
    }

    fn current(&self) -> Option<Token> {
        self.0.0.lock().unwrap().clone()
    }

    fn reject(&self, _: &Token) {}
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_a_token_gets_none_of_another_session() {
    let changes: [Change; 2] = [|people| people.sign_in("b"), People::sign_out];
    for change in changes {
        let people = People::default();
        people.sign_in("a");
        let mock = MockTransport::new();
        let client = builder(&mock)
            .credentials(Knowing(people.clone()))
            .build()
            .unwrap();
        let call = tokio::spawn(async move { client.fetch(get()).await });
        tokio::task::yield_now().await;
        change(&people);
        let error = call.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Credentials);
        assert!(!error.was_sent() && sent(&mock).is_empty(), "{error:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_made_by_hand_keeps_its_user_too() {
    use tower::{Service as _, ServiceExt as _};
    for status in FIRST {
        let people = People::default();
        people.sign_in("a");
        let mock = gateway(&people, status, |people| people.sign_in("b"));
        let client = builder(&mock).credentials(people).build().unwrap();
        let request = http::Request::get("/v1/things")
            .body(Body::empty())
            .unwrap();
        let mut service = client.service();
        let _ = service.ready().await.unwrap().call(request).await;
        assert_eq!(sent(&mock), ["a-1"], "{status}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_that_requires_a_user_never_carries_the_key() {
    let mock =
        MockTransport::new().fallback(|_| async { Ok(response(200, &[], "{}").map(Body::from)) });
    let people = People::default();
    let strict = builder(&mock).credentials(people.clone()).require_user();
    let strict = strict.build().unwrap();
    for credential in [CredentialUse::Required, CredentialUse::Optional] {
        let error = strict
            .fetch(get().credential(credential))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Credentials);
        assert!(error.message().contains("needs a user"), "{error}");
    }
    let per_call = CallOptions::new().with_require_user(true);
    let lenient = builder(&mock).credentials(people.clone()).build().unwrap();
    lenient
        .fetch(get().options(per_call.clone()))
        .await
        .unwrap_err();
    assert!(sent(&mock).is_empty());
    // By hand, too.
    use tower::{Service as _, ServiceExt as _};
    let request = http::Request::get("/v1/things")
        .body(Body::empty())
        .unwrap();
    let sent_by_hand = strict.service().ready().await.unwrap().call(request).await;
    assert!(sent_by_hand.is_err() && sent(&mock).is_empty());

    // Calls that need no user carry the key as ever; a call can be let off.
    strict
        .fetch(get().credential(CredentialUse::AccessKey))
        .await
        .unwrap();
    let per_call = per_call.with_require_user(false);
    lenient.fetch(get().options(per_call)).await.unwrap();
    people.sign_in("a");
    strict.fetch(get()).await.unwrap();
    assert_eq!(sent(&mock), ["the-access-key", "the-access-key", "a-1"]);
}
