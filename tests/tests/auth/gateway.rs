//! A service in memory for tests on paused time: it refreshes sessions, or fails to, as a test says.

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
    refresh: Refresh,
    refresh_token: String,
    serial: u32,
    tokens: HashMap<String, Instant>,
    /// When a refresh was asked for.
    refreshes: Vec<Instant>,
    /// Bearers of calls that were rejected.
    rejected: u32,
}

/// What a refresh gets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Refresh {
    /// A new pair, after this time.
    Grant(Duration),
    /// An error.
    Reject(u16, &'static str),
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
            refresh: Refresh::Grant(Duration::from_millis(20)),
            refresh_token: "r0".to_owned(),
            serial: 0,
            tokens: HashMap::from([("a0".to_owned(), Instant::now() + LIFETIME)]),
            refreshes: Vec::new(),
            rejected: 0,
        };
        Self {
            inner: Arc::new(Mutex::new(inner)),
        }
    }

    pub(crate) fn on_refresh(&self, refresh: Refresh) {
        self.lock().refresh = refresh;
    }

    pub(crate) fn refreshes(&self) -> usize {
        self.lock().refreshes.len()
    }

    pub(crate) fn refresh_times(&self) -> Vec<Instant> {
        self.lock().refreshes.clone()
    }

    /// Calls that came with a token that was not good any more.
    pub(crate) fn rejected(&self) -> u32 {
        self.lock().rejected
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
        let service = tower::service_fn(move |request| gateway.clone().respond(request));
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

    async fn respond(
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
            return self.respond_to_refresh(&body, bearer).await;
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
            self.lock().rejected += 1;
            let body = json!({"code": "ACCESS_TOKEN_EXPIRED", "error": "unauthenticated", "message": "no"});
            return Ok(json_response(StatusCode::UNAUTHORIZED, &body));
        }
        Ok(json_response(
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
        json_response(StatusCode::OK, &session)
    }

    async fn respond_to_refresh(
        &self,
        body: &Value,
        bearer: Option<String>,
    ) -> std::io::Result<Response<Body>> {
        assert_eq!(bearer, None, "no session's token goes to a refresh");
        let refresh = {
            let mut inner = self.lock();
            inner.refreshes.push(Instant::now());
            inner.refresh
        };
        let reset = || std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        match refresh {
            Refresh::Reject(status, code) => {
                return Ok(json_response(
                    StatusCode::from_u16(status).unwrap(),
                    &json!({"error": code}),
                ));
            }
            Refresh::Silence => std::future::pending().await,
            Refresh::Reset => return Err(reset()),
            Refresh::Grant(delay) => tokio::time::sleep(delay).await,
            Refresh::Lose => {}
        };
        let response = {
            let mut inner = self.lock();
            if body["refresh_token"] != inner.refresh_token.as_str() {
                json_response(StatusCode::BAD_REQUEST, &json!({"error": "invalid_grant"}))
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
                json_response(StatusCode::OK, &pair)
            }
        };
        if refresh == Refresh::Lose {
            Err(reset())
        } else {
            Ok(response)
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

fn json_response(status: StatusCode, body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(body.to_string().into_bytes()));
    *response.status_mut() = status;
    response
}
