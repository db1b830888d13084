//! The one structured response that functions, hosting and APIs have, the platform's rejection, with
//! each of its fields in turn as something else.

use cloudbase_core::{Body, BoxError, Client, ErrorKind};
use cloudbase_functions::{Apis, CloudRun, Functions};
use cloudbase_tests::substitutes::substitutes;
use http::{Request, Response};
use serde_json::{Value, json};
use tower::service_fn;

/// A client of a gateway that says this to everything.
fn client(status: u16, response: &Value) -> Client {
    let response = response.to_string();
    let transport = service_fn(move |_: Request<Body>| {
        let response = Response::builder()
            .status(status)
            .header("content-type", "application/json")
            .body(Body::from(response.clone()));
        async { Ok::<_, BoxError>(response?) }
    });
    let client = Client::builder().env_id("env").transport(transport);
    client.access_key("key").build().unwrap()
}

#[tokio::test]
async fn a_rejection_is_one_whatever_its_fields_are() {
    let rejection = json!({
        "code": "FUNCTION_INVOCATION_FAILED", "message": "it broke", "requestId": "r-1",
    });
    for (field, what, response) in substitutes(&rejection, "") {
        let client = client(400, &response);
        let functions = Functions::new(client.clone());
        let (hosting, apis) = (CloudRun::new(client.clone()), Apis::new(client));
        for error in [
            functions.call("f").await.unwrap_err(),
            functions.http("f").get("/").await.unwrap_err(),
            hosting.call("s").await.unwrap_err(),
            hosting.service("s").get("/").await.unwrap_err(),
            apis.api("a").post("/").await.unwrap_err(),
        ] {
            let place = format!("`{field}` {what}: {error:?}");
            assert_eq!(error.kind(), ErrorKind::Api, "{place}");
            assert_eq!(error.status().unwrap().as_u16(), 400, "{place}");
            assert_eq!(
                error.response().unwrap().text(),
                response.to_string(),
                "{place}"
            );
            if field != "code" {
                let code = error.code().unwrap().as_str();
                assert_eq!(code, "FUNCTION_INVOCATION_FAILED", "{place}");
            }
            if field != "message" {
                assert_eq!(error.message(), "it broke", "{place}");
            }
            if field != "requestId" {
                assert_eq!(error.request_id(), Some("r-1"), "{place}");
            }
        }
    }
}

#[tokio::test]
async fn what_a_function_returns_is_its_own_whatever_it_is_called() {
    let value = json!({ "code": "X", "message": "m", "requestId": "r-1", "statusCode": 500 });
    for (field, what, body) in substitutes(&value, "") {
        let functions = Functions::new(client(200, &body));
        let response = functions.call("f").await.unwrap();
        assert_eq!(response.json::<Value>().unwrap(), body, "`{field}` {what}");
    }
}
