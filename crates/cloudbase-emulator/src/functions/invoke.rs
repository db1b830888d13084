//! `/v1/functions/{name}`: calling event functions and HTTP functions.

use std::time::Duration;

use axum::{
    Json,
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::{Map, Value};

use super::{
    FunctionsState,
    context::FunctionContext,
    error::FunctionError,
    forward::{ForwardError, identify},
    function::{EventHandler, Function, Target, Upstream},
    route::{Address, is_name},
};
use crate::{
    error::GatewayError, identity::Caller, request_id::RequestId, server::missing, state::AppState,
};

/// Largest request body of a text type.
const MAX_TEXT: u64 = 100 * 1024;
/// Largest request body of any other type, and largest response of an event function.
const MAX_OTHER: u64 = 6 * 1024 * 1024;

/// Handles every request below `/v1/functions/`.
pub(super) async fn handle(
    State(state): State<AppState>,
    caller: Caller,
    request: Request,
) -> Result<Response, GatewayError> {
    let uri = request.uri().clone();
    let address = Address::read("/v1/functions/", &uri).ok_or_else(|| missing::function(""))?;
    let qualifier = request
        .headers()
        .get("x-qualifier")
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    let function = Some(address.name)
        .filter(|name| is_name(name))
        .and_then(|name| state.functions.function(name))
        .ok_or_else(|| missing::function(address.name))?;
    let function = function.qualified(qualifier.as_deref()).ok_or_else(|| {
        GatewayError::not_found(
            "FUNCTION_QUALIFIER_NOT_FOUND",
            "The function has no such version or alias.",
        )
    })?;
    admit(function, &caller)?;
    let _slot = match &function.slots {
        None => None,
        Some(slots) => Some(slots.clone().try_acquire_owned().map_err(|_| {
            GatewayError::from(FunctionError::new(
                "FUNCTION_EXCEED_RESOURCE_LIMIT",
                "All of the function's concurrency is in use.",
            ))
        })?),
    };
    let call = Call {
        functions: &state.functions,
        function,
        id: RequestId::from_request(&request),
        address,
        env: state.keys.env_id(),
        caller: &caller,
        qualifier: qualifier.as_deref(),
    };
    if is_web_call(&call.address, request.headers()) {
        call.web(request).await
    } else {
        call.event(request).await
    }
}

fn admit(function: &Function, caller: &Caller) -> Result<(), GatewayError> {
    if function.abnormal {
        return Err(GatewayError::bad_request(
            "FUNCTION_STATUS_ABNORMAL",
            "The function is not in a state in which it can be called.",
        ));
    }
    if !function.access.admits(caller) {
        return Err(GatewayError::forbidden(
            "FUNCTIONS_PERMISSION_DENIED",
            "The function's rules reject this identity.",
        ));
    }
    Ok(())
}

fn is_web_call(address: &Address<'_>, headers: &HeaderMap) -> bool {
    let is_true = |value: &str| value.trim().eq_ignore_ascii_case("true");
    address.parameter("webfn").is_some_and(is_true)
        || headers
            .get("x-tcb-webfn")
            .and_then(|value| value.to_str().ok())
            .is_some_and(is_true)
}

/// One call of one function.
struct Call<'a> {
    functions: &'a FunctionsState,
    function: &'a Function,
    address: Address<'a>,
    id: RequestId,
    env: &'a str,
    caller: &'a Caller,
    qualifier: Option<&'a str>,
}

impl Call<'_> {
    async fn web(&self, request: Request) -> Result<Response, GatewayError> {
        let Target::Upstream(upstream) = &self.function.target else {
            return Err(self.not_web());
        };
        if !self.function.web {
            return Err(self.not_web());
        }
        let limit = self.limit(request.headers());
        let (mut parts, body) = request.into_parts();
        parts.uri = self.address.target(Some("webfn"))?;
        identify(
            &mut parts.headers,
            &self.id,
            self.env,
            self.address.name,
            self.caller,
        );
        let request = Request::from_parts(parts, body);
        let response = self.functions.forwarder().send(upstream, request, limit);
        match within(self.function.timeout, response).await? {
            Ok(response) => Ok(response),
            Err(ForwardError::TooLarge) => Err(too_large(limit)),
            Err(error) => {
                let mut response = GatewayError::from(no_response(error)).into_response();
                // What the platform reports when nothing listens on the function's port.
                response.headers_mut().insert(
                    "x-cloudbase-upstream-status-code",
                    HeaderValue::from_static("443"),
                );
                Ok(response)
            }
        }
    }

    async fn event(&self, request: Request) -> Result<Response, GatewayError> {
        if self.function.web {
            return Err(invalid(
                "This is an HTTP function: call it with webfn=true.",
            ));
        }
        if self.address.path.is_some_and(|path| path != "/") {
            return Err(GatewayError::not_found(
                "INVALID_PATH",
                "Only HTTP functions have paths below their name.",
            ));
        }
        if request.method() != Method::POST {
            return Err(GatewayError::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "INVALID_REQUEST",
                "Functions are called with POST.",
            ));
        }
        let (mut parts, body) = request.into_parts();
        let event = event_of(read(body, self.limit(&parts.headers)).await?)?;
        match &self.function.target {
            Target::Event(handler) => self.closure(handler, event, parts.headers).await,
            Target::Upstream(upstream) => {
                identify(
                    &mut parts.headers,
                    &self.id,
                    self.env,
                    self.address.name,
                    self.caller,
                );
                self.posted(upstream, event, parts.headers).await
            }
        }
    }

    async fn closure(
        &self,
        handler: &EventHandler,
        event: Map<String, Value>,
        headers: HeaderMap,
    ) -> Result<Response, GatewayError> {
        let context = FunctionContext::new(
            self.address.name,
            self.qualifier,
            &self.id.0,
            self.caller,
            headers,
        );
        // A task of its own: a panic costs one response, and a caller that leaves does not end the run.
        let mut run = tokio::spawn(handler(Value::Object(event), context));
        let outcome = match within(self.function.timeout, &mut run).await {
            Ok(outcome) => outcome,
            Err(error) => {
                run.abort();
                return Err(error);
            }
        };
        match outcome {
            Ok(Ok(Value::String(text))) => sized(text.len()).map(|()| text.into_response()),
            Ok(Ok(value)) => {
                let json = value.to_string();
                sized(json.len())?;
                let json_type = (header::CONTENT_TYPE, "application/json; charset=utf-8");
                Ok(([json_type], json).into_response())
            }
            Ok(Err(error)) => Err(error.into()),
            Err(error) => {
                Err(FunctionError::failed(format!("The function crashed ({error}).")).into())
            }
        }
    }

    /// Posts the event to a server, as the functions framework takes it.
    async fn posted(
        &self,
        upstream: &Upstream,
        event: Map<String, Value>,
        mut headers: HeaderMap,
    ) -> Result<Response, GatewayError> {
        headers.remove(header::CONTENT_LENGTH);
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json; charset=utf-8"),
        );
        let mut request = Request::new(Body::from(Value::Object(event).to_string()));
        *request.method_mut() = Method::POST;
        *request.headers_mut() = headers;
        let run = async {
            let response = self
                .functions
                .forwarder()
                .send(upstream, request, MAX_OTHER)
                .await;
            let (parts, body) = response.map_err(no_response)?.into_parts();
            match Limited::new(body, MAX_OTHER as usize).collect().await {
                Ok(body) => Ok((parts, body.to_bytes())),
                Err(error) if error.is::<LengthLimitError>() => Err(response_too_large()),
                Err(error) => Err(FunctionError::failed(format!(
                    "The response broke off ({error})."
                ))),
            }
        };
        let (mut parts, body) = within(self.function.timeout, run).await??;
        if let Some(error) = framework_error(parts.status, &body) {
            return Err(error.into());
        }
        parts.headers.remove(header::CONTENT_LENGTH);
        Ok(Response::from_parts(parts, Body::from(body)))
    }

    /// The limit for a request body, by its type.
    fn limit(&self, headers: &HeaderMap) -> u64 {
        let content_type = headers.get(header::CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok());
        let is_text = content_type.is_some_and(|value| {
            let value = value.trim_start().to_ascii_lowercase();
            value.starts_with("text/")
                || value.starts_with("application/x-www-form-urlencoded")
                || self.functions.json_is_text && value.starts_with("application/json")
        });
        if is_text { MAX_TEXT } else { MAX_OTHER }
    }

    fn not_web(&self) -> GatewayError {
        invalid("This is not an HTTP function: call it without webfn.")
    }
}

/// What the platform makes of the errors that the functions framework reports.
fn framework_error(status: StatusCode, body: &Bytes) -> Option<FunctionError> {
    if status.is_success() {
        return None;
    }
    let Json(error): Json<Value> = Json::from_bytes(body).ok()?;
    let message = error["message"].as_str().unwrap_or_default();
    let code = match error["code"].as_str()? {
        "SYS_ERR" => "FUNCTION_INVOCATION_FAILED",
        "SERVER_TIMEOUT" => "FUNCTION_TIME_LIMIT_EXCEEDED",
        "TOO_MANY_REQUESTS" => "FUNCTION_EXCEED_RESOURCE_LIMIT",
        "BAD_REQUEST" => "FUNCTION_PARAM_INVALID",
        _ => return None,
    };
    Some(FunctionError::new(code, message))
}

async fn read(body: Body, limit: u64) -> Result<Bytes, GatewayError> {
    match Limited::new(body, limit as usize).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(too_large(limit)),
        Err(_) => Err(invalid("bad http request body (it broke off)")),
    }
}

/// The event: an object; nothing stands for an empty one.
fn event_of(body: Bytes) -> Result<Map<String, Value>, GatewayError> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Map::new());
    }
    match serde_json::from_slice(&body) {
        Ok(Value::Object(event)) => Ok(event),
        Ok(_) => Err(invalid("bad http request body (it must be a JSON object)")),
        Err(error) => Err(invalid(&format!("bad http request body ({error})"))),
    }
}

async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Result<T, GatewayError> {
    tokio::time::timeout(limit, work).await.map_err(|_| {
        GatewayError::bad_request(
            "FUNCTION_TIME_LIMIT_EXCEEDED",
            format!("Invoking task timed out after {limit:?}."),
        )
    })
}

fn sized(length: usize) -> Result<(), GatewayError> {
    if length as u64 > MAX_OTHER {
        Err(response_too_large().into())
    } else {
        Ok(())
    }
}

fn response_too_large() -> FunctionError {
    FunctionError::new(
        "EXCEED_MAX_RESPONSE_SIZE",
        "The response is larger than 6 MB.",
    )
}

fn no_response(error: ForwardError) -> FunctionError {
    match error {
        ForwardError::NotReady(error) => {
            FunctionError::failed(format!("The function's process did not start: {error}."))
        }
        ForwardError::Unreachable(error) => {
            FunctionError::failed(format!("The function gave no response: {error}."))
        }
        ForwardError::TooLarge => {
            FunctionError::new("EXCEED_MAX_PAYLOAD_SIZE", "The request body is too large.")
        }
    }
}

fn too_large(limit: u64) -> GatewayError {
    FunctionError::new(
        "EXCEED_MAX_PAYLOAD_SIZE",
        format!("The request body is larger than {limit} bytes."),
    )
    .into()
}

fn invalid(message: &str) -> GatewayError {
    GatewayError::bad_request("FUNCTION_PARAM_INVALID", message)
}
