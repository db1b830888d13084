//! A plain HTTP client for the document database.

use std::fmt::Display;

use bytes::Bytes;
use cloudbase_emulator::Emulator;
use http::{Method, Request};
use http_body_util::{BodyExt as _, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

/// The default instance and database.
pub(crate) const BASE: &str = "/v1/database/instances/(default)/databases/(default)";

/// A client with a token.
#[derive(Clone)]
pub(crate) struct Api {
    client: Client<HttpConnector, Full<Bytes>>,
    endpoint: String,
    token: String,
}

/// A response, read to its end.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) json: Value,
    /// The body, whose fields are in their order.
    pub(crate) text: String,
}

impl Response {
    /// The body of a response with this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.json);
        self.json
    }

    /// Panics unless it is this error.
    #[track_caller]
    pub(crate) fn rejects(self, status: u16, code: &str) -> String {
        assert_eq!(
            (self.status, &self.json["code"]),
            (status, &json!(code)),
            "{}",
            self.json
        );
        assert!(self.json["request_id"].is_string(), "{}", self.json);
        self.json["message"].as_str().unwrap().to_owned()
    }
}

impl Api {
    pub(crate) fn admin(emulator: &Emulator) -> Self {
        Self::with(emulator, emulator.api_key())
    }

    pub(crate) fn with(emulator: &Emulator, token: &str) -> Self {
        Self {
            client: Client::builder(TokioExecutor::new()).build_http(),
            endpoint: emulator.endpoint().to_owned(),
            token: token.to_owned(),
        }
    }

    /// A new user, known by a device; and the user's id.
    pub(crate) async fn user(emulator: &Emulator, device: &str) -> (Self, String) {
        let mut visitor = Self::with(emulator, emulator.publishable_key());
        let body = json!({"client_id": emulator.env_id()});
        let path = "/auth/v1/signin/anonymously";
        let session = visitor
            .exchange(Method::POST, path, Some(body.to_string()), device)
            .await
            .expect(200);
        visitor.token = session["access_token"].as_str().unwrap().to_owned();
        (visitor, session["sub"].as_str().unwrap().to_owned())
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Option<String>,
        device: &str,
    ) -> Response {
        let body = body.unwrap_or_default();
        let request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.endpoint))
            .header("authorization", format!("Bearer {}", self.token))
            .header("content-type", "application/json; charset=utf-8")
            .header("x-device-id", device)
            .body(Full::new(Bytes::from(body)))
            .unwrap();
        let response = self.client.request(request).await.unwrap();
        let status = response.status().as_u16();
        let text = response.into_body().collect().await.unwrap().to_bytes();
        let json = serde_json::from_slice(&text)
            .unwrap_or_else(|error| panic!("{error} in {status} {text:?}"));
        let text = String::from_utf8(text.to_vec()).unwrap();
        Response { status, json, text }
    }

    /// Sends to a path below the database.
    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<String>) -> Response {
        self.send_to(method, &format!("{BASE}{path}"), body).await
    }

    /// Sends to any path.
    pub(crate) async fn send_to(
        &self,
        method: Method,
        path: &str,
        body: Option<String>,
    ) -> Response {
        self.exchange(method, path, body, "device-0").await
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.send(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: impl Display) -> Response {
        self.send(Method::POST, path, Some(body.to_string())).await
    }

    pub(crate) async fn patch(&self, path: &str, body: impl Display) -> Response {
        self.send(Method::PATCH, path, Some(body.to_string())).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Response {
        self.send(Method::DELETE, path, None).await
    }

    /// Inserts into a collection and returns the ids.
    pub(crate) async fn insert(&self, collection: &str, documents: impl Display) -> Value {
        let path = format!("/collections/{collection}/documents");
        let inserted = self.post(&path, format!(r#"{{"data":{documents}}}"#)).await;
        inserted.expect(201)["insertedIds"].take()
    }

    /// The documents of a collection that a filter finds.
    pub(crate) async fn find(&self, collection: &str, filter: Value) -> Value {
        let filter = query(&[("query", &filter.to_string()), ("limit", "1000")]);
        let path = format!("/collections/{collection}/documents?{filter}");
        self.get(&path).await.expect(200)["list"].take()
    }

    /// Begins a transaction and returns its id.
    pub(crate) async fn begin(&self) -> String {
        let begun = self
            .send(Method::POST, "/transactions", None)
            .await
            .expect(201);
        begun["transactionId"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn end(&self, transaction: &str, how: &str) -> Response {
        let path = format!("/transactions/{transaction}/{how}");
        self.send(Method::POST, &path, None).await
    }
}

/// Parameters, escaped.
pub(crate) fn query(parameters: &[(&str, &str)]) -> String {
    let escape = |text: &str| -> String {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
        text.bytes()
            .map(|byte| match plain(byte) {
                true => char::from(byte).to_string(),
                false => format!("%{byte:02X}"),
            })
            .collect()
    };
    let pairs = parameters
        .iter()
        .map(|(name, value)| format!("{name}={}", escape(value)));
    pairs.collect::<Vec<_>>().join("&")
}

/// An emulator whose collections are given as for [`cloudbase_emulator::EmulatorBuilder::documents`].
pub(crate) async fn with(collections: Value) -> Emulator {
    Emulator::builder()
        .documents(collections)
        .start()
        .await
        .unwrap()
}

pub(crate) fn int(number: i32) -> Value {
    json!({"$numberInt": number.to_string()})
}
