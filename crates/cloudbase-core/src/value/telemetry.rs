//! The names of spans and fields: OpenTelemetry's where it has one.

/// The span of one call, at level info.
pub const CALL_SPAN: &str = "cloudbase.call";
/// The span of one attempt, at level debug.
pub const ATTEMPT_SPAN: &str = "cloudbase.attempt";

/// What a span is shown as: the operation (`mysql.select`) or `GET /v1/functions/{name}`.
pub const OTEL_NAME: &str = "otel.name";
/// `client`.
pub const OTEL_KIND: &str = "otel.kind";
/// `ERROR` once a call or attempt has failed.
pub const OTEL_STATUS_CODE: &str = "otel.status_code";

/// The operation of a call: `mysql.select`.
pub const OPERATION: &str = "cloudbase.operation";
/// The environment of a call.
pub const ENV_ID: &str = "cloudbase.env_id";
/// How many attempts a call took.
pub const ATTEMPTS: &str = "cloudbase.attempts";
/// The request id that the service returned, or else the one that was sent.
pub const REQUEST_ID: &str = "cloudbase.request_id";

/// The class of a failure (`timeout`), or the status of a rejection (`503`).
pub const ERROR_TYPE: &str = "error.type";
/// `GET`.
pub const HTTP_REQUEST_METHOD: &str = "http.request.method";
/// How often the request was sent before, from the second attempt.
pub const HTTP_REQUEST_RESEND_COUNT: &str = "http.request.resend_count";
/// The status of the response.
pub const HTTP_RESPONSE_STATUS_CODE: &str = "http.response.status_code";
/// The host that the request goes to.
pub const SERVER_ADDRESS: &str = "server.address";
/// Its port.
pub const SERVER_PORT: &str = "server.port";
/// The path without values: `/v1/functions/{name}`.
pub const URL_TEMPLATE: &str = "url.template";
