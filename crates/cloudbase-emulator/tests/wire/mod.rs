//! A plain HTTP client for tests of the emulator: nothing in it knows CloudBase.
#![allow(
    dead_code,
    unreachable_pub,
    missing_debug_implementations,
    clippy::unwrap_used,
    reason = "each test binary uses its own part, and a test that cannot go on must stop"
)]

pub mod classic;
pub mod pg;
pub mod user;

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use http_body_util::BodyExt;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;

/// A client with its own connections.
#[derive(Clone)]
pub struct Wire {
    client: Client<HttpConnector, Body>,
}

/// A request under construction.
pub struct Call {
    wire: Wire,
    request: Request<Body>,
}

/// A complete response.
#[derive(Debug)]
pub struct Response {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Wire {
    pub fn new() -> Self {
        Self {
            client: Client::builder(TokioExecutor::new()).build_http(),
        }
    }

    pub fn call(&self, method: Method, url: &str) -> Call {
        let mut request = Request::new(Body::empty());
        *request.method_mut() = method;
        *request.uri_mut() = url.parse().unwrap_or_else(|error| panic!("{url}: {error}"));
        Call {
            wire: self.clone(),
            request,
        }
    }

    pub fn get(&self, url: &str) -> Call {
        self.call(Method::GET, url)
    }

    pub fn head(&self, url: &str) -> Call {
        self.call(Method::HEAD, url)
    }

    pub fn put(&self, url: &str) -> Call {
        self.call(Method::PUT, url)
    }

    pub fn post(&self, url: &str) -> Call {
        self.call(Method::POST, url)
    }

    pub fn delete(&self, url: &str) -> Call {
        self.call(Method::DELETE, url)
    }
}

impl Call {
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        self.request
            .headers_mut()
            .insert(name, HeaderValue::from_str(value).unwrap());
        self
    }

    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    pub fn json(self, value: &Value) -> Self {
        self.header("content-type", "application/json")
            .body(value.to_string())
    }

    pub fn body(mut self, body: impl Into<Body>) -> Self {
        *self.request.body_mut() = body.into();
        self
    }

    /// The response with its body still to come.
    pub async fn stream(self) -> http::Response<hyper::body::Incoming> {
        self.wire.client.request(self.request).await.unwrap()
    }

    /// The whole response, or the transport's error.
    pub async fn try_send(self) -> Result<Response, String> {
        let response = self
            .wire
            .client
            .request(self.request)
            .await
            .map_err(|error| error.to_string())?;
        let (parts, body) = response.into_parts();
        let body = body
            .collect()
            .await
            .map_err(|error| error.to_string())?
            .to_bytes();
        Ok(Response {
            status: parts.status,
            headers: parts.headers,
            body,
        })
    }

    /// The whole response.
    pub async fn send(self) -> Response {
        self.try_send().await.unwrap()
    }
}

impl Response {
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        self
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.text()))
    }

    /// The `code` of a JSON error.
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The `<Code>` of an XML error.
    pub fn xml_code(&self) -> String {
        let text = self.text();
        let code = text
            .split_once("<Code>")
            .and_then(|(_, rest)| rest.split_once("</Code>"));
        code.map(|(code, _)| code.to_owned()).unwrap_or_default()
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}
