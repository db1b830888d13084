//! Three ways to call one function: JSON out, an access key, JSON in.

use anyhow::{Result, ensure};
use bytes::Bytes;
use cloudbase_core::{Body, BoxError, Client as Core};
use cloudbase_functions::Functions;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, Uri, header};
use http_body_util::{BodyExt, Full};
use hyper_util::{
    client::legacy::{Client as Pool, connect::HttpConnector},
    rt::{TokioExecutor, TokioTimer},
};
use serde::{Deserialize, Serialize};
use tower::service_fn;

use crate::{
    contest::Contender,
    server::{JSON, RESPONSE},
};

pub(crate) const KEY: &str = "an-access-key";
const PATH: &str = "/v1/functions/hello";
const SDK_VERSION: HeaderName = HeaderName::from_static("x-sdk-version");
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
pub(crate) const ID: &str = "0b7f1c56-93a1-4f0e-8a55-6a3de2d0f0c1";

/// What the SDK sends with every call: the requests are the same, so that only the clients differ.
const COMMON: [(HeaderName, &str); 4] = [
    (header::ACCEPT, "*/*"),
    (header::ACCEPT_LANGUAGE, "zh-CN"),
    (header::USER_AGENT, "a-client/0.1"),
    (SDK_VERSION, "@cloudbase/rust-sdk/0.1.0"),
];

pub(crate) fn set_common_headers(headers: &mut HeaderMap) {
    headers.insert(
        header::AUTHORIZATION,
        HeaderValue::from_static("Bearer an-access-key"),
    );
    headers.insert(REQUEST_ID, HeaderValue::from_static(ID));
    for (name, value) in COMMON {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

/// The pooled client of hyper-util, set up as the SDK sets it up.
pub(crate) fn pool() -> Pool<HttpConnector, Full<Bytes>> {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    Pool::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .build(connector)
}

pub(crate) fn reqwest_client() -> Result<reqwest::Client> {
    let common = COMMON.map(|(name, value)| (name, HeaderValue::from_static(value)));
    let client = reqwest::Client::builder()
        .default_headers(common.into_iter().collect())
        .build()?;
    Ok(client)
}

#[derive(Serialize)]
struct Question {
    name: &'static str,
    count: u32,
}

const QUESTION: Question = Question {
    name: "Lin",
    count: 20,
};

#[derive(Deserialize)]
struct Greeting {
    count: u32,
}

impl Greeting {
    fn check(&self) -> Result<()> {
        ensure!(
            self.count == QUESTION.count,
            "the response says {}",
            self.count
        );
        Ok(())
    }
}

/// The pooled client of hyper-util, with nothing around it: the floor.
#[derive(Debug)]
pub struct HyperUtil {
    client: Pool<HttpConnector, Full<Bytes>>,
    uri: Uri,
}

impl HyperUtil {
    /// For a server at `endpoint`.
    ///
    /// # Errors
    ///
    /// `endpoint` is no URI.
    pub fn new(endpoint: &str) -> Result<Self> {
        Ok(Self {
            client: pool(),
            uri: format!("{endpoint}{PATH}").parse()?,
        })
    }
}

impl Contender for HyperUtil {
    fn name(&self) -> String {
        "hyper-util".to_owned()
    }

    async fn call(&self) -> Result<()> {
        let mut request = Request::new(Full::new(Bytes::from(serde_json::to_vec(&QUESTION)?)));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = self.uri.clone();
        let headers = request.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        set_common_headers(headers);
        let response = self.client.request(request).await?;
        ensure!(response.status().is_success(), "{}", response.status());
        let body = response.into_body().collect().await?.to_bytes();
        serde_json::from_slice::<Greeting>(&body)?.check()
    }
}

/// What someone without an SDK writes.
#[derive(Debug)]
pub struct Reqwest {
    client: reqwest::Client,
    url: String,
}

impl Reqwest {
    /// For a server at `endpoint`.
    ///
    /// # Errors
    ///
    /// The client cannot be built.
    pub fn new(endpoint: &str) -> Result<Self> {
        Ok(Self {
            client: reqwest_client()?,
            url: format!("{endpoint}{PATH}"),
        })
    }
}

impl Contender for Reqwest {
    fn name(&self) -> String {
        "reqwest".to_owned()
    }

    async fn call(&self) -> Result<()> {
        let request = self
            .client
            .post(&self.url)
            .header(REQUEST_ID, HeaderValue::from_static(ID))
            .bearer_auth(KEY)
            .json(&QUESTION);
        request
            .send()
            .await?
            .error_for_status()?
            .json::<Greeting>()
            .await?
            .check()
    }
}

/// Our own, with every layer that it has by default.
#[derive(Debug)]
pub struct Sdk {
    functions: Functions,
}

impl Sdk {
    /// For a server at `endpoint`.
    ///
    /// # Errors
    ///
    /// The client cannot be built.
    pub fn new(endpoint: &str) -> Result<Self> {
        let client = Core::builder()
            .env_id("bench-env")
            .endpoint(endpoint)
            .access_key(KEY)
            .build()?;
        Ok(Self {
            functions: Functions::new(client),
        })
    }

    /// Over a service in memory that responds as the server does: no connection, all else as by default.
    ///
    /// # Errors
    ///
    /// The client cannot be built.
    pub fn over_mock() -> Result<Self> {
        let service = service_fn(|_: Request<Body>| async {
            let mut response = Response::new(Body::from(Bytes::from_static(RESPONSE)));
            response.headers_mut().insert(header::CONTENT_TYPE, JSON);
            Ok::<_, BoxError>(response)
        });
        let client = Core::builder()
            .env_id("bench-env")
            .access_key(KEY)
            .transport(service)
            .build()?;
        Ok(Self {
            functions: Functions::new(client),
        })
    }
}

impl Contender for Sdk {
    fn name(&self) -> String {
        "cloudbase".to_owned()
    }

    async fn call(&self) -> Result<()> {
        self.functions
            .call("hello")
            .json(&QUESTION)
            .await?
            .json::<Greeting>()?
            .check()
    }
}
