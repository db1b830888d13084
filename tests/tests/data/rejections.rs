//! What is known of a call that was rejected, and under which id the service knows it.

use cloudbase_auth::{Auth, Password};
use cloudbase_core::{Body, BoxError, Client};
use cloudbase_data::{Models, MySql, Row};
use cloudbase_emulator::{Fault, NewUser};
use http::{Request, Response};
use serde_json::json;
use tower::service_fn;

use crate::support::{client, library, mysql};

const COUNT: &str = "HEAD /v1/rdb/rest/books";
const READ: &str = "GET /v1/rdb/rest/books";

#[tokio::test]
async fn a_rejected_count_says_why() {
    let emulator = library().start().await.unwrap();
    let mysql = mysql(&emulator);
    for (status, code, denied) in [
        (401, "PERMISSION_DENIED", true),
        (403, "PERMISSION_DENIED", true),
        (400, "INVALID_REQUEST", false),
        (423, "ENV_FEATURE_NOT_CONFIGURED", false),
    ] {
        emulator.faults().clear();
        let rejected = |on: &str| Fault::on(on).status(status, code);
        emulator.faults().add(rejected(COUNT));
        emulator.faults().add(rejected(READ));
        let error = mysql.from("books").count().await.unwrap_err();
        assert_eq!(error.code().unwrap(), code);
        assert_eq!(error.status().unwrap(), status);
        assert_eq!(error.operation(), "mysql.count");
        assert_eq!(error.is_permission_denied(), denied, "{error}");
        assert!(!error.is_unauthenticated(), "{error}");
    }
    // If only the response without a body was in the way, the second request has the count.
    emulator.faults().clear();
    emulator.faults().add(Fault::on(COUNT).status(400, "X"));
    assert_eq!(
        mysql.from("books").count().eq("done", false).await.unwrap(),
        2
    );
    // A service that is overloaded is not asked once more for its reason.
    emulator.faults().clear();
    emulator.faults().add(Fault::on(COUNT).status(503, "X"));
    emulator.requests().clear();
    let once = mysql.from("books").count().max_attempts(1);
    assert!(once.await.unwrap_err().is_transient());
    assert_eq!(emulator.requests().count(READ), 0);
    emulator.shutdown().await;
}

#[tokio::test]
async fn a_count_whose_token_is_rejected_is_made_with_a_fresh_one() {
    for code in ["ACCESS_TOKEN_EXPIRED", "ACCESS_TOKEN_INVALID"] {
        let user = NewUser::username("lin").password("N3w-pass!");
        let emulator = library().user(user).start().await.unwrap();
        let client = client(&emulator, emulator.publishable_key());
        let auth = Auth::new(client.clone()).unwrap();
        let password = Password::username("lin", "N3w-pass!");
        auth.sign_in_with_password(password).await.unwrap();
        for on in [COUNT, READ] {
            let rejected = Fault::on(on).status(401, code);
            emulator.faults().add(rejected.times(1));
        }
        let count = MySql::new(client).from("books").count();
        assert_eq!(count.await.unwrap(), 4, "{code}");
        let requests = emulator.requests();
        assert_eq!(requests.count("POST /auth/v1/token"), 1, "{code}");
        assert_eq!(requests.count(READ), 2, "{code}");
        emulator.shutdown().await;
    }
}

/// Models of a service that says this to everything, with another id in the header.
fn models_that_get(body: serde_json::Value) -> Models {
    let body = body.to_string();
    let transport = service_fn(move |_: Request<Body>| {
        let response = Response::builder()
            .header("x-request-id", "of-the-header")
            .body(Body::from(body.clone()));
        async { Ok::<_, BoxError>(response?) }
    });
    let client = Client::builder().env_id("env").transport(transport);
    Models::new(client.access_key("key").build().unwrap())
}

#[tokio::test]
async fn the_id_of_a_request_is_that_of_the_body() {
    let id = "of-the-body";
    let models = models_that_get(json!({ "data": { "record": { "a": 1 } }, "requestId": id }));
    let todo = models.model("todo");
    let got = todo
        .get_by_id("1")
        .record::<Row>()
        .send_with_meta()
        .await
        .unwrap();
    assert_eq!(got.request_id(), id);
    // What does not fit is an error of the same request.
    let error = todo.get_by_id("1").record::<Vec<u8>>().await.unwrap_err();
    assert_eq!(error.request_id(), Some(id), "{error}");

    let models = models_that_get(json!({ "data": "text", "requestId": id }));
    let error = models
        .model("todo")
        .get_by_id("1")
        .record::<Row>()
        .await
        .unwrap_err();
    assert_eq!(error.request_id(), Some(id), "{error}");

    let models = models_that_get(json!({ "data": { "TableName": ["t"] }, "requestId": id }));
    let names = models
        .data_sources()
        .table_names("s")
        .send_with_meta()
        .await
        .unwrap();
    assert_eq!(names.request_id(), id);

    let response = json!({ "Response": { "Data": { "a": 1 }, "RequestId": id } });
    let template = models_that_get(response).sql_template::<Row>("t");
    assert_eq!(template.send_with_meta().await.unwrap().request_id(), id);
    let failure =
        json!({ "Response": { "Error": { "Code": "X", "Message": "m" }, "RequestId": id } });
    let template = models_that_get(failure).sql_template::<Row>("t");
    assert_eq!(template.await.unwrap_err().request_id(), Some(id));

    // An id that is not valid is passed over.
    for odd in [
        json!(null),
        json!(""),
        json!("two words"),
        json!({ "a": "b c" }),
    ] {
        let models = models_that_get(json!({ "data": { "record": { "a": 1 } }, "requestId": odd }));
        let got = models
            .model("todo")
            .get_by_id("1")
            .record::<Row>()
            .send_with_meta();
        assert_eq!(got.await.unwrap().request_id(), "of-the-header", "{odd}");
    }
}
