//! Which responses without a value confirm that the service has done what it was asked for.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use cloudbase_core::http::{Method, Request, Response, Uri};
use cloudbase_core::{Body, BoxError, Client, CredentialUse, ErrorKind, Operation, Result};
use tower::service_fn;

const PAGE: &str = "<html>Welcome</html>";

/// What a call comes to whose response must confirm it.
async fn confirm(status: u16, body: &'static str) -> Result<()> {
    let transport = service_fn(move |_: Request<Body>| async move {
        let response = Response::builder().status(status);
        Ok::<_, BoxError>(response.body(Body::from(body))?)
    });
    let client = Client::builder()
        .env_id("env")
        .transport(transport)
        .build()?;
    let uri = Uri::from_static("/v1/things/1");
    let call = Operation::new("things.remove", "/v1/things/{id}", Method::DELETE, uri)
        .credential(CredentialUse::None);
    client.fetch(call).await?.confirm().map(drop)
}

#[tokio::test]
async fn an_empty_response_and_json_confirm_a_call() {
    for body in ["", " \r\n", "{}", "null", r#"{"code":"","result":[1]}"#] {
        confirm(200, body).await.unwrap();
    }
}

#[tokio::test]
async fn a_page_confirms_nothing_unless_its_status_says_enough() {
    for status in [200, 202] {
        let error = confirm(status, PAGE).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{status}: {error:?}");
    }
    for status in [201, 204] {
        confirm(status, PAGE).await.unwrap();
    }
}
