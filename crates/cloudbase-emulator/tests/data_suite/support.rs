//! Starting emulators and talking to them.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use cloudbase_emulator::{Emulator, EmulatorBuilder};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

/// The engines that a suite runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    Sqlite,
    MySql,
}

/// The real server's one database is used by one test at a time.
static SERVER: Mutex<()> = Mutex::new(());

impl Engine {
    /// SQLite always, the server where there is one.
    pub(crate) fn all() -> Vec<Self> {
        match std::env::var("CLOUDBASE_TEST_MYSQL_URL") {
            Ok(_) => vec![Self::Sqlite, Self::MySql],
            Err(_) => vec![Self::Sqlite],
        }
    }

    /// Emulator settings for this engine.
    pub(crate) fn builder(self) -> EmulatorBuilder {
        let builder = Emulator::builder().env_id("test-env");
        match self {
            Self::Sqlite => builder,
            Self::MySql => builder.mysql(std::env::var("CLOUDBASE_TEST_MYSQL_URL").unwrap()),
        }
    }

    /// Held for as long as a test uses the engine.
    pub(crate) fn exclusive(self) -> Option<MutexGuard<'static, ()>> {
        (self == Self::MySql).then(|| SERVER.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Runs a test on a runtime of its own, engine by engine.
pub(crate) fn on_each_engine<F>(test: impl Fn(Engine) -> F)
where
    F: Future<Output = ()>,
{
    for engine in Engine::all() {
        let _exclusive = engine.exclusive();
        block_on(test(engine));
    }
}

/// Runs a future to its end.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}

/// A client with a token.
pub(crate) struct Api {
    client: Client<HttpConnector, Full<Bytes>>,
    endpoint: String,
    token: Option<String>,
}

/// A response, read to its end.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Response {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("{error} in {} {:?}", self.status, self.text))
    }

    /// A header, or the empty text.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// The gateway's `code`.
    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }
}

impl Api {
    /// As the administrator.
    pub(crate) fn admin(emulator: &Emulator) -> Self {
        Self::with(emulator, Some(emulator.api_key()))
    }

    /// With the publishable key.
    pub(crate) fn publishable(emulator: &Emulator) -> Self {
        Self::with(emulator, Some(emulator.publishable_key()))
    }

    /// With any token, or none.
    pub(crate) fn with(emulator: &Emulator, token: Option<&str>) -> Self {
        Self {
            client: Client::builder(TokioExecutor::new()).build_http(),
            endpoint: emulator.endpoint().to_owned(),
            token: token.map(str::to_owned),
        }
    }

    /// A new user, signed in anonymously; and the user's id.
    pub(crate) async fn user(emulator: &Emulator) -> (Self, String) {
        // An anonymous visitor is known by the device.
        static DEVICES: AtomicU32 = AtomicU32::new(0);
        let device = format!("device-{}", DEVICES.fetch_add(1, Ordering::Relaxed));
        let visitor = Self::with(emulator, None);
        let path = format!(
            "/auth/v1/signin/anonymously?client_id={}",
            emulator.env_id()
        );
        let response = visitor
            .send(Method::POST, &path, &[("x-device-id", &device)], "{}")
            .await;
        assert_eq!(response.status, 200, "{}", response.text);
        let session = response.json();
        let token = session["access_token"].as_str().unwrap();
        (
            Self::with(emulator, Some(token)),
            session["sub"].as_str().unwrap().to_owned(),
        )
    }

    /// Sends a request to a path of the emulator.
    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Bytes>,
    ) -> Response {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.endpoint))
            .header("content-type", "application/json");
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::new(body.into())).unwrap();
        let response = self.client.request(request).await.unwrap();
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Response {
            status: head.status.as_u16(),
            headers: head.headers,
            text: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    /// `GET /v1/rdb/rest/…`
    pub(crate) async fn rows(&self, path: &str) -> Value {
        let response = self.rest(Method::GET, path, &[], Value::Null).await;
        assert_eq!(response.status, StatusCode::OK, "{path}: {}", response.text);
        response.json()
    }

    /// Any method on `/v1/rdb/rest/…`; no body if it is null.
    pub(crate) async fn rest(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Value,
    ) -> Response {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        self.send(method, &format!("/v1/rdb/rest/{path}"), headers, body)
            .await
    }

    /// A data-model call.
    pub(crate) async fn model(&self, method: Method, path: &str, body: Value) -> Value {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let response = self
            .send(method, &format!("/v1/model/{path}"), &[], body)
            .await;
        assert_eq!(response.status, 200, "{path}: {}", response.text);
        response.json()
    }
}

/// Percent-encodes a query value completely.
pub(crate) fn encode(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// `{"code": …}` and nothing said of the rest.
pub(crate) fn code(code: &str) -> Value {
    json!({ "code": code })
}
