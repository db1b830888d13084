//! The names of spans and fields: OpenTelemetry's where it has one.

/// The span of one call.
pub const CALL_SPAN: &str = "cloudbase.call";
/// The span of one attempt.
pub const ATTEMPT_SPAN: &str = "cloudbase.attempt";
