//! What this SDK does differently from the official one on purpose, step by step, and why.

use cloudbase_tests::fixtures::{Difference, Differences};

const WITHOUT_DATA: &[&str] = &[
    "functions_call 2",
    "functions_call_results 1",
    "functions_call_results 2",
    "functions_call_results 3",
    "functions_call_results 4",
    "functions_call_results 5",
    "functions_call_results 6",
];
const EVENT: &str =
    "an event is a JSON object by the HTTP API; without data ours is `{}`, not nothing";
const EVENT_TYPE: &str = "follows from the event";

pub(super) static DIFFERENCES: Differences = Differences::new(&[
    Difference::new(
        "result",
        "error missing",
        "a HEAD has no body, which the JavaScript SDK tries to parse",
        &["apis_call 9"],
    ),
    Difference::new(
        "GET /v1/cloudrun/svc/api/items",
        "query.q value",
        "the JavaScript SDK does not encode data in the query, so that an `&` ends the value",
        &["cloudrun_call_container 2"],
    ),
    Difference::new(
        "GET /v1/cloudrun/svc/api/items",
        "query.z missing",
        "as above",
        &["cloudrun_call_container 2"],
    ),
    Difference::new(
        "result",
        "error.message value",
        "arguments are checked here first, with a sentence of ours",
        &["cloudrun_call_container 9", "functions_call_error 4"],
    ),
    Difference::new(
        "POST /v1/functions/hello",
        "body value",
        EVENT,
        WITHOUT_DATA,
    ),
    Difference::new(
        "POST /v1/functions/hello",
        "header.content-type extra",
        EVENT_TYPE,
        WITHOUT_DATA,
    ),
    Difference::new(
        "POST /v1/functions/missing",
        "body value",
        EVENT,
        &["functions_call_error 1"],
    ),
    Difference::new(
        "POST /v1/functions/missing",
        "header.content-type extra",
        EVENT_TYPE,
        &["functions_call_error 1"],
    ),
    Difference::new(
        "POST /v1/functions/broken",
        "body value",
        EVENT,
        &["functions_call_error 2", "functions_call_error 3"],
    ),
    Difference::new(
        "POST /v1/functions/broken",
        "header.content-type extra",
        EVENT_TYPE,
        &["functions_call_error 2", "functions_call_error 3"],
    ),
    Difference::new(
        "result",
        "result.code missing",
        "a 2xx body is the function's own value, even if it has a code",
        &["functions_call_error 2"],
    ),
    Difference::new(
        "result",
        "result.message missing",
        "a 2xx body is the function's own value, even if it has a code",
        &["functions_call_error 2"],
    ),
    Difference::new(
        "result",
        "result.requestId value",
        "a 2xx body is the function's own value, even if it has a request id",
        &["functions_call_error 2"],
    ),
    Difference::new(
        "POST /auth/v1/token",
        "body.client_secret missing",
        "it is empty there",
        &["functions_call_expired_token_in_the_response 1"],
    ),
]);
