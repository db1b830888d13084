//! A service in memory for tests on paused time: it renews sessions, or fails to, as it is told.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use cloudbase_auth::{Auth, MemoryStore, SecretString, SessionStore as _, Timestamp};
use cloudbase_core::{Body, Client, ClientBuilder, Operation, Result};
use http::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};
use tokio::time::Instant;

pub(crate) const KEY: &str = "credentials_mock-env";

/// How long its access tokens live.
pub(crate) const LIFETIME: Duration = Duration::from_secs(7200);

#[derive(Clone)]
pub(crate) struct Gateway {
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    renewal: Renewal,
    refresh_token: String,
    serial: u32,
    tokens: HashMap<String, Instant>,
    /// When a renewal was asked for.
    renewals: Vec<Instant>,
    /// Bearers of calls that were refused.
    refused: u32,
}

/// What a renewal is answered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Renewal {
    /// A new pair, after this time.
    Grant(Duration),
    /// An error.
    Refuse(u16, &'static str),
    /// Nothing, ever.
    Silence,
    /// The connection is lost before anything happens.
    Reset,
    /// A new pair is made, and the connection is lost.
    Lose,
}

impl Gateway {
    pub(crate) fn new() -> Self {
        let inner = Inner {
            renewal: Renewal::Grant(Duration::from_millis(20)),
            refresh_token: "r0".to_owned(),
            serial: 0,
            tokens: HashMap::from([("a0".to_owned(), Instant::now() + LIFETIME)]),
            renewals: Vec::new(),
            refused: 0,
        };
        Self {
            inner: Arc::new(Mutex::new(inner)),
        }
    }

    pub(crate) fn renewal(&self, renewal: Renewal) {
        self.lock().renewal = renewal;
    }

    pub(crate) fn renewals(&self) -> usize {
        self.lock().renewals.len()
    }

    pub(crate) fn renewal_times(&self) -> Vec<Instant> {
        self.lock().renewals.clone()
    }

    /// Calls that came with a token that was not good any more.
    pub(crate) fn refused(&self) -> u32 {
        self.lock().refused
    }

    /// Takes an access token for good that it has not made.
    pub(crate) fn allow(&self, token: &str) {
        let end = Instant::now() + LIFETIME;
        self.lock().tokens.insert(token.to_owned(), end);
    }

    /// Ends an access token before its time.
    pub(crate) fn revoke(&self, token: &str) {
        self.lock().tokens.remove(token);
    }

    /// Another device has taken the session's place.
    pub(crate) fn spend_refresh_token(&self) {
        self.lock().refresh_token = "taken".to_owned();
    }

    pub(crate) fn client(&self) -> Client {
        self.builder().build().unwrap()
    }

    /// A client with an access key, which the service knows.
    pub(crate) fn client_with_key(&self) -> Client {
        let forever = Instant::now() + 1000 * LIFETIME;
        self.lock().tokens.insert("the-key".to_owned(), forever);
        self.builder().access_key("the-key").build().unwrap()
    }

    fn builder(&self) -> ClientBuilder {
        let gateway = self.clone();
        let service = tower::service_fn(move |request| gateway.clone().answer(request));
        Client::builder().env_id("mock-env").transport(service)
    }

    /// A handle whose store holds this session.
    pub(crate) async fn auth(&self, session: &Value) -> (Auth, MemoryStore) {
        let store = MemoryStore::new();
        let lock = store.lock(KEY).await.unwrap();
        store
            .save(KEY, &SecretString::from(session.to_string()), &lock)
            .await
            .unwrap();
        lock.release().await;
        (
            Auth::builder(self.client())
                .session_store(store.clone())
                .build()
                .unwrap(),
            store,
        )
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    async fn answer(
        self,
        request: Request<Body>,
    ) -> std::result::Result<Response<Body>, std::io::Error> {
        let (head, body) = request.into_parts();
        let body = body.into_bytes(1 << 20).await.unwrap_or_default();
        let bearer = head
            .headers
            .get("authorization")
            .map(|value| value.to_str().unwrap()[7..].to_owned());
        if head.uri.path() == "/auth/v1/token" {
            let body: Value = serde_json::from_slice(&body).unwrap();
            return self.renew(&body, bearer).await;
        }
        if head.uri.path() == "/auth/v1/signin/custom" {
            let body: Value = serde_json::from_slice(&body).unwrap();
            return Ok(self.custom(&body));
        }
        let good = bearer.is_some_and(|token| {
            self.lock()
                .tokens
                .get(&token)
                .is_some_and(|until| *until > Instant::now())
        });
        if !good {
            self.lock().refused += 1;
            let body = json!({"code": "ACCESS_TOKEN_EXPIRED", "error": "unauthenticated", "message": "no"});
            return Ok(json_answer(StatusCode::UNAUTHORIZED, &body));
        }
        Ok(json_answer(
            StatusCode::OK,
            &json!({"sub": "u1", "name": "Lin"}),
        ))
    }

    /// A session without a refresh token for each ticket.
    fn custom(&self, body: &Value) -> Response<Body> {
        assert_eq!(body["provider_id"], "custom");
        let access = format!("of-{}", body["ticket"].as_str().unwrap());
        self.lock()
            .tokens
            .insert(access.clone(), Instant::now() + LIFETIME);
        let session =
            json!({"access_token": access, "expires_in": LIFETIME.as_secs(), "sub": "u1"});
        json_answer(StatusCode::OK, &session)
    }

    async fn renew(&self, body: &Value, bearer: Option<String>) -> std::io::Result<Response<Body>> {
        assert_eq!(bearer, None, "no session's token goes to a renewal");
        let renewal = {
            let mut inner = self.lock();
            inner.renewals.push(Instant::now());
            inner.renewal
        };
        let reset = || std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        match renewal {
            Renewal::Refuse(status, code) => {
                return Ok(json_answer(
                    StatusCode::from_u16(status).unwrap(),
                    &json!({"error": code}),
                ));
            }
            Renewal::Silence => std::future::pending().await,
            Renewal::Reset => return Err(reset()),
            Renewal::Grant(delay) => tokio::time::sleep(delay).await,
            Renewal::Lose => {}
        };
        let answer = {
            let mut inner = self.lock();
            if body["refresh_token"] != inner.refresh_token.as_str() {
                json_answer(StatusCode::BAD_REQUEST, &json!({"error": "invalid_grant"}))
            } else {
                inner.serial += 1;
                let (access, refresh) =
                    (format!("a{}", inner.serial), format!("r{}", inner.serial));
                inner.refresh_token.clone_from(&refresh);
                inner
                    .tokens
                    .insert(access.clone(), Instant::now() + LIFETIME);
                let pair = json!({
                    "token_type": "Bearer", "access_token": access, "refresh_token": refresh,
                    "expires_in": LIFETIME.as_secs(), "scope": "user", "sub": "u1",
                });
                json_answer(StatusCode::OK, &pair)
            }
        };
        if renewal == Renewal::Lose {
            Err(reset())
        } else {
            Ok(answer)
        }
    }
}

/// A stored session whose access token ends in so many seconds by the wall clock.
pub(crate) fn session(left: i64) -> Value {
    let now = Timestamp::from(SystemTime::now()).as_unix_millis();
    json!({
        "token_type": "Bearer", "access_token": "a0", "refresh_token": "r0", "expires_in": LIFETIME.as_secs(),
        "scope": "user", "sub": "u1", "version": "v1",
        "expires_at": Timestamp::from_unix_millis(now + left * 1000).unwrap().to_string(),
    })
}

/// A call of some product.
pub(crate) async fn call(client: &Client) -> Result<()> {
    let operation = Operation::new(
        "test.call",
        "/v1/test",
        Method::GET,
        http::Uri::from_static("/v1/test"),
    );
    client.fetch(operation).await.map(drop)
}

fn json_answer(status: StatusCode, body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string().into_bytes()));
    *response.status_mut() = status;
    response
}
