//! The codes by which the service names its errors: known ones as constants, unknown ones kept.

use std::borrow::Cow;
use std::fmt;

use super::display::NAME_LIMIT;
use super::text::Shown;

/// A code of the service: `ACCESS_TOKEN_EXPIRED` from the gateway, `invalid_grant` from auth.
///
/// An open set: compare with the constants, or with a string.
///
/// ```
/// use cloudbase_core::ErrorCode;
///
/// let code = ErrorCode::from("MISSING_CREDENTIALS");
/// assert_eq!(code, ErrorCode::MISSING_CREDENTIALS);
/// assert_eq!(code, "MISSING_CREDENTIALS");
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ErrorCode(Cow<'static, str>);

impl ErrorCode {
    /// A code that is known when the program is written.
    pub const fn from_static(code: &'static str) -> Self {
        Self(Cow::Borrowed(code))
    }

    /// The code as the service spells it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for ErrorCode {
    fn from(code: &str) -> Self {
        Self(Cow::Owned(code.to_owned()))
    }
}

impl From<String> for ErrorCode {
    fn from(code: String) -> Self {
        Self(Cow::Owned(code))
    }
}

impl PartialEq<str> for ErrorCode {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for ErrorCode {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

impl AsRef<str> for ErrorCode {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Shown(&self.0, NAME_LIMIT), f)
    }
}

impl fmt::Debug for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

macro_rules! codes {
    ($( $(#[$section:meta])* $name:ident = $text:literal, $doc:literal; )*) => {
        impl ErrorCode {
            $( #[doc = $doc] pub const $name: Self = Self::from_static($text); )*
        }

    };
}

codes! {
    MISSING_CREDENTIALS = "MISSING_CREDENTIALS", "The request carries no recognisable credential.";
    INVALID_CREDENTIALS = "INVALID_CREDENTIALS", "The credential is wrong.";
    ACCESS_TOKEN_INVALID = "ACCESS_TOKEN_INVALID", "The access token is not valid.";
    INVALID_ACCESS_TOKEN = "INVALID_ACCESS_TOKEN", "Older spelling of `ACCESS_TOKEN_INVALID`.";
    ACCESS_TOKEN_EXPIRED = "ACCESS_TOKEN_EXPIRED", "The access token has expired.";
    ACCESS_TOKEN_KID_INVALID = "ACCESS_TOKEN_KID_INVALID", "The token was signed for another environment or site: a configuration error.";
    AUTHENTICATION_FAILED = "AUTHENTICATION_FAILED", "The caller could not be authenticated.";
    PERMISSION_DENIED = "PERMISSION_DENIED", "The caller may not do this.";
    ACCESS_DENIED = "ACCESS_DENIED", "The caller may not do this.";
    ACTION_FORBIDDEN = "ACTION_FORBIDDEN", "The action is forbidden.";
    EXCEED_AUTHORITY = "EXCEED_AUTHORITY", "The caller's rights do not reach this far.";
    STORAGE_EXCEED_AUTHORITY = "STORAGE_EXCEED_AUTHORITY", "The caller may not touch this object.";
    OBJECT_BATCH_TOO_LARGE = "OBJECT_BATCH_TOO_LARGE", "More objects in one batch than allowed.";
    OBJECT_NOT_EXIST = "OBJECT_NOT_EXIST", "The object does not exist.";
    STORAGE_FILE_NONEXIST = "STORAGE_FILE_NONEXIST", "The object does not exist.";
    FUNCTIONS_PERMISSION_DENIED = "FUNCTIONS_PERMISSION_DENIED", "The caller may not call this function.";
    SERVICE_FORBIDDEN = "SERVICE_FORBIDDEN", "The service is switched off for this caller.";
    DEFAULT_DOMAIN_EXPIRED = "DEFAULT_DOMAIN_EXPIRED", "The default domain has expired.";
    INVALID_PARAM = "INVALID_PARAM", "A parameter is invalid.";
    INVALID_REQUEST = "INVALID_REQUEST", "The request is invalid.";
    BAD_REQUEST = "BAD_REQUEST", "The request is invalid.";
    INVALID_COMMON_PARAM = "INVALID_COMMON_PARAM", "A common parameter is invalid.";
    INVALID_APPID = "INVALID_APPID", "The application id is invalid.";
    INVALID_ACTION = "INVALID_ACTION", "The action is unknown.";
    INVALID_ENV = "INVALID_ENV", "The environment does not exist.";
    INVALID_ENV_STATUS = "INVALID_ENV_STATUS", "The environment is not in a usable state.";
    INVALID_ENV_SOURCE = "INVALID_ENV_SOURCE", "The environment does not accept this caller.";
    INVALID_PATH = "INVALID_PATH", "The path is unknown.";
    INVALID_OPERATION = "INVALID_OPERATION", "The operation is not possible now.";
    INVALID_REGION = "INVALID_REGION", "The region is wrong.";
    INVALID_HOST = "INVALID_HOST", "The host is wrong.";
    INVALID_REQUEST_SOURCE = "INVALID_REQUEST_SOURCE", "The request comes from a source that is not allowed.";
    RESOURCE_NOT_FOUND = "RESOURCE_NOT_FOUND", "The resource does not exist.";
    RESOURCE_NOT_INITIAL = "RESOURCE_NOT_INITIAL", "The resource is not initialised.";
    RESOURCE_UNAVAILABLE = "RESOURCE_UNAVAILABLE", "The resource cannot be reached now.";
    ENV_SUSPENDED = "ENV_SUSPENDED", "The environment is suspended for unpaid fees.";
    ENV_ISOLATED = "ENV_ISOLATED", "The environment is isolated.";
    ENV_ABNORMAL = "ENV_ABNORMAL", "The environment is in an abnormal state.";
    ENV_NOT_READY = "ENV_NOT_READY", "The environment is being prepared.";
    ENV_FEATURE_NOT_CONFIGURED = "ENV_FEATURE_NOT_CONFIGURED", "The feature is not switched on in this environment.";
    DATABASE_RESOURCE_ISOLATED = "DATABASE_RESOURCE_ISOLATED", "The database is isolated.";
    SERVICE_CHARGE_OVERDUE = "SERVICE_CHARGE_OVERDUE", "Fees are overdue.";
    EXCEED_RATELIMIT = "EXCEED_RATELIMIT", "The rate limit was hit.";
    EXCEED_REQUEST_LIMIT = "EXCEED_REQUEST_LIMIT", "The quota of requests is used up.";
    EXCEED_CONCURRENT_REQUEST_LIMIT = "EXCEED_CONCURRENT_REQUEST_LIMIT", "Too many requests at the same time.";
    EXCEED_REQUEST_SIZE_LIMIT = "EXCEED_REQUEST_SIZE_LIMIT", "The request is too large.";
    EXCEED_MAX_PAYLOAD_SIZE = "EXCEED_MAX_PAYLOAD_SIZE", "The payload is too large.";
    EXCEED_MAX_RESPONSE_SIZE = "EXCEED_MAX_RESPONSE_SIZE", "The answer is too large.";
    REQUEST_LIMIT_EXCEEDED = "RequestLimitExceeded", "The rate limit was hit.";
    SYS_ERR = "SYS_ERR", "Internal error of the service.";
    OPERATION_FAILED = "OPERATION_FAILED", "The operation failed.";
    SERVER_TIMEOUT = "SERVER_TIMEOUT", "The service ran out of time.";
    REQUEST_CANCELED = "REQUEST_CANCELED", "The request was cancelled.";
    REQUEST_FORBIDDEN = "REQUEST_FORBIDDEN", "The request was refused.";
    DATABASE_REQUEST_FAILED = "DATABASE_REQUEST_FAILED", "The database failed.";
    DATABASE_TIMEOUT = "DATABASE_TIMEOUT", "The database ran out of time.";
    DATABASE_DUPLICATE_WRITE = "DATABASE_DUPLICATE_WRITE", "A row with this key exists.";
    DATABASE_COLLECTION_ALREADY_EXIST = "DATABASE_COLLECTION_ALREADY_EXIST", "The collection exists.";
    DATABASE_COLLECTION_NOT_EXIST = "DATABASE_COLLECTION_NOT_EXIST", "The collection does not exist.";
    DATABASE_TRANSACTION_CONFLICT = "DATABASE_TRANSACTION_CONFLICT", "The transaction ran into another one.";
    DATABASE_TRANSACTION_FAIL = "DATABASE_TRANSACTION_FAIL", "The transaction failed.";
    DATABASE_PERMISSION_DENIED = "DATABASE_PERMISSION_DENIED", "The caller may not touch this collection.";
    SIGN_PARAM_INVALID = "SIGN_PARAM_INVALID", "The signature is invalid.";
    LOGIN_MANNER_UNREGISTED = "LOGIN_MANNER_UNREGISTED", "The way of signing in is not switched on.";
    CHECK_LOGIN_FAILED = "CHECK_LOGIN_FAILED", "The sign-in has expired (older services).";
    REFRESH_TOKEN_EXPIRED = "REFRESH_TOKEN_EXPIRED", "The refresh token has expired.";
    INVALID_REFRESH_TOKEN = "INVALID_REFRESH_TOKEN", "The refresh token is not valid.";
    REFRESH_TOKEN_EXHAUSTED = "REFRESH_TOKEN_EXHAUSTED", "The user's sessions are limited, and this one was ended by a newer one.";
    CANCELLED = "cancelled", "The call was cancelled.";
    UNKNOWN = "unknown", "Unknown error.";
    INVALID_ARGUMENT = "invalid_argument", "A parameter is bad or missing; also a wrong or expired verification code.";
    DEADLINE_EXCEEDED = "deadline_exceeded", "The service ran out of time.";
    NOT_FOUND = "not_found", "The user or resource does not exist.";
    ALREADY_EXISTS = "already_exists", "It exists already.";
    AUTH_PERMISSION_DENIED = "permission_denied", "The caller may not do this.";
    RESOURCE_EXHAUSTED = "resource_exhausted", "A rate limit was hit.";
    FAILED_PRECONDITION = "failed_precondition", "The state does not allow it: sign-in method off, already bound, …";
    ABORTED = "aborted", "The operation was broken off.";
    OUT_OF_RANGE = "out_of_range", "A value is out of range.";
    UNIMPLEMENTED = "unimplemented", "Not implemented by the service.";
    INTERNAL = "internal", "Internal error of the service.";
    UNAVAILABLE = "unavailable", "The service cannot be reached now.";
    DATA_LOSS = "data_loss", "Data was lost.";
    UNAUTHENTICATED = "unauthenticated", "The token is missing, invalid, expired or revoked.";
    UNAUTHORIZED = "unauthorized", "The token is not accepted.";
    CAPTCHA_REQUIRED = "captcha_required", "A captcha must be solved first.";
    CAPTCHA_INVALID = "captcha_invalid", "The captcha token was refused.";
    PROVIDER_ERROR = "provider_error", "The identity provider failed.";
    PROVIDER_NOT_ENABLED = "provider_not_enabled", "The identity provider is not switched on.";
    UNAUTHORIZED_CLIENT = "unauthorized_client", "The client id is not allowed to do this.";
    MFA_PHONE_REQUIRED = "mfa_phone_required", "A phone number must be bound first.";
    LOGIN_TYPE_DISABLED = "login_type_disabled", "This sign-in method is switched off.";
    LOGIN_METHOD_DISABLED = "login_method_disabled", "This sign-in method is switched off.";
    INVALID_PASSWORD = "invalid_password", "The password is wrong.";
    WRONG_PASSWORD = "wrong_password", "The password is wrong.";
    PASSWORD_NOT_SET = "password_not_set", "The user has no password.";
    INVALID_USERNAME_OR_PASSWORD = "invalid_username_or_password", "User name or password is wrong.";
    AUTH_INVALID_CREDENTIALS = "invalid_credentials", "The credentials are wrong.";
    INVALID_STATUS = "invalid_status", "The user's state does not allow it.";
    USER_NOT_FOUND = "user_not_found", "The user does not exist.";
    USER_PENDING = "user_pending", "The user is not activated.";
    USER_BLOCKED = "user_blocked", "The user is blocked.";
    UNDER_REVIEW = "under_review", "The user is under review.";
    INVALID_VERIFICATION_CODE = "invalid_verification_code", "The verification code is wrong.";
    TWO_FACTOR_REQUIRED = "two_factor_required", "A second factor is needed.";
    INVALID_TWO_FACTOR = "invalid_two_factor", "The second factor is wrong.";
    INVALID_TWO_FACTOR_RECOVERY = "invalid_two_factor_recovery", "The recovery code is wrong.";
    PHONE_REQUIRED = "phone_required", "A phone number is needed.";
    AUTH_INVALID_REQUEST = "invalid_request", "The request is invalid.";
    INVALID_GRANT = "invalid_grant", "The grant (refresh token, code, ticket) is not valid any more.";
    INVALID_SCOPE = "invalid_scope", "The scope is invalid.";
    AUTH_ACCESS_DENIED = "access_denied", "Access was denied.";
    UNSUPPORTED_RESPONSE_TYPE = "unsupported_response_type", "The response type is not supported.";
    SERVER_ERROR = "server_error", "Internal error of the service.";
    TEMPORARILY_UNAVAILABLE = "temporarily_unavailable", "The service cannot be reached now.";
    INTERACTION_REQUIRED = "interaction_required", "The user must act.";
    LOGIN_REQUIRED = "login_required", "The user must sign in.";
    ACCOUNT_SELECTION_REQUIRED = "account_selection_required", "The user must choose an account.";
    CONSENT_REQUIRED = "consent_required", "The user must consent.";
    INVALID_REQUEST_URI = "invalid_request_uri", "The request URI is invalid.";
    INVALID_REQUEST_OBJECT = "invalid_request_object", "The request object is invalid.";
    REQUEST_NOT_SUPPORTED = "request_not_supported", "The parameter is not supported.";
    REQUEST_URI_NOT_SUPPORTED = "request_uri_not_supported", "The parameter is not supported.";
    REGISTRATION_NOT_SUPPORTED = "registration_not_supported", "Registration is not supported.";
    FUNCTION_NOT_FOUND = "FUNCTION_NOT_FOUND", "The function does not exist.";
    FUNCTION_PARAM_INVALID = "FUNCTION_PARAM_INVALID", "A parameter of the call is invalid.";
    FUNCTION_QUALIFIER_NOT_FOUND = "FUNCTION_QUALIFIER_NOT_FOUND", "The version or alias does not exist.";
    FUNCTION_STATUS_ABNORMAL = "FUNCTION_STATUS_ABNORMAL", "The function is not in a state to be called.";
    FUNCTION_INVOCATION_FAILED = "FUNCTION_INVOCATION_FAILED", "The function failed.";
    FUNCTION_TIME_LIMIT_EXCEEDED = "FUNCTION_TIME_LIMIT_EXCEEDED", "The function ran out of time.";
    FUNCTIONS_TIME_LIMIT_EXCEEDED = "FUNCTIONS_TIME_LIMIT_EXCEEDED", "Older spelling of `FUNCTION_TIME_LIMIT_EXCEEDED`.";
    FUNCTION_MEMORY_LIMIT_EXCEEDED = "FUNCTION_MEMORY_LIMIT_EXCEEDED", "The function ran out of memory.";
    FUNCTION_EXCEED_RESOURCE_LIMIT = "FUNCTION_EXCEED_RESOURCE_LIMIT", "The function's resources are used up.";
    STORAGE_BUCKET_NOT_FOUND = "STORAGE_BUCKET_NOT_FOUND", "The bucket does not exist.";
    STORAGE_CONTENT_LENGTH_REQUIRED = "STORAGE_CONTENT_LENGTH_REQUIRED", "The upload must say its length.";
    STORAGE_NOT_EXIST = "STORAGE_NOT_EXIST", "The storage does not exist.";
    STORAGE_PERMISSION_DENIED = "STORAGE_PERMISSION_DENIED", "The caller may not touch this object.";
    STORAGE_REQUEST_FAIL = "STORAGE_REQUEST_FAIL", "The object store failed.";
    OBJECT_ALREADY_EXIST = "OBJECT_ALREADY_EXIST", "The object exists already.";
    OBJECT_KEY_EXISTS = "FileAlreadyExists", "The object store refused to replace an object.";
    COS_ACTION_FAILED = "COS_ACTION_FAILED", "The object store refused the action.";
    NO_SUCH_KEY = "NoSuchKey", "The object store has no such object.";
    NO_SUCH_BUCKET = "NoSuchBucket", "The object store has no such bucket.";
    COS_ACCESS_DENIED = "AccessDenied", "The object store refused: the signature is expired or not for this.";
    SIGNATURE_DOES_NOT_MATCH = "SignatureDoesNotMatch", "The request is not what was signed.";
    REQUEST_TIME_TOO_SKEWED = "RequestTimeTooSkewed", "The clock of this machine is wrong.";
    ENTITY_TOO_LARGE = "EntityTooLarge", "The object is larger than the object store takes in one piece.";
    PRECONDITION_FAILED = "PreconditionFailed", "The object is not the expected one any more.";
    INVALID_RANGE = "InvalidRange", "The object has no such bytes.";
    SLOW_DOWN = "SlowDown", "The object store asks for fewer requests.";
    SERVICE_NOT_FOUND = "SERVICE_NOT_FOUND", "The hosting service does not exist.";
    SERVICE_TIMEOUT = "SERVICE_TIMEOUT", "The hosting service did not answer in time.";
    SERVICE_NOT_READY = "SERVICE_NOT_READY", "No instance of the hosting service is ready.";
    SERVICE_VERSION_NOT_FOUND = "SERVICE_VERSION_NOT_FOUND", "The hosting service has no such version.";
    SERVICE_ENDPOINT_NOT_FOUND = "SERVICE_ENDPOINT_NOT_FOUND", "The hosting service has no such endpoint.";
    SERVICE_RESOURCE_NOT_FOUND = "SERVICE_RESOURCE_NOT_FOUND", "The hosting service has no such resource.";
    SERVICE_LB_STATUS_ABNORMAL = "SERVICE_LB_STATUS_ABNORMAL", "The load balancer of the hosting service is broken.";
    TOO_MANY_REQUESTS = "TOO_MANY_REQUESTS", "The function runs too often at the same time.";
    DATA_SOURCE_OP_AUTH_FAILURE = "DATA_SOURCE_OP_AUTH_FAILURE", "The role lacks the permission on the data model.";
    AUTH_FAILURE = "AUTH_FAILURE", "The caller may not do this.";
    AUTH_FAILURE_TOKEN_FAILURE = "AUTH_FAILURE_TOKEN_FAILURE", "The token is not accepted.";
    UNAUTHORIZED_OPERATION = "UNAUTHORIZED_OPERATION", "The caller may not do this.";
    OPERATION_DENIED = "OPERATION_DENIED", "The operation is denied.";
    FAILED_OPERATION = "FAILED_OPERATION", "The operation failed.";
    FAILED_OPERATION_CUSTOMIZED_METHODS_ERROR = "FAILED_OPERATION_CUSTOMIZED_METHODS_ERROR", "A method of the data source failed.";
    FAILED_AGGREGATE = "FAILED_AGGREGATE", "The aggregation failed.";
    OPERATION_TIMEOUT = "OPERATION_TIMEOUT", "The data source ran out of time.";
    INVALID_PARAMETER = "INVALID_PARAMETER", "A parameter is invalid.";
    INVALID_PARAMETER_VALUE = "INVALID_PARAMETER_VALUE", "The value of a parameter is invalid.";
    MISSING_PARAMETER = "MISSING_PARAMETER", "A parameter is missing.";
    UNKNOWN_PARAMETER = "UNKNOWN_PARAMETER", "A parameter is unknown.";
    UNSUPPORTED_OPERATION = "UNSUPPORTED_OPERATION", "The operation is not supported.";
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED", "A limit was passed.";
    MODEL_REQUEST_LIMIT_EXCEEDED = "REQUEST_LIMIT_EXCEEDED", "The rate limit of data sources was hit.";
    RESOURCE_INSUFFICIENT = "RESOURCE_INSUFFICIENT", "The resources do not suffice.";
    RESOURCE_IN_USE = "RESOURCE_IN_USE", "The resource is in use.";
    RESOURCE_SOLD_OUT = "RESOURCE_SOLD_OUT", "The resource is sold out.";
    TABLE_NOT_EXIST = "TABLE_NOT_EXIST", "The table does not exist.";
    NO_SUCH_VERSION = "NO_SUCH_VERSION", "The version does not exist.";
    FLEXDB_INTERNAL_ERROR = "FLEXDB_INTERNAL_ERROR", "The document database failed.";
    FLEXDB_REQUEST_TIMEOUT = "FLEXDB_REQUEST_TIMEOUT", "The document database ran out of time.";
    FLEXDB_RESOURCE_OVERDUE = "FLEXDB_RESOURCE_OVERDUE", "Fees of the document database are overdue.";
    FLEXDB_READ_LIMIT = "FLEXDB_READ_LIMIT", "The limit of reads of the document database was hit.";
    FLEXDB_WRITE_LIMIT = "FLEXDB_WRITE_LIMIT", "The limit of writes to the document database was hit.";
    DATABASE_INVALID_OPERRATOR = "DATABASE_INVALID_OPERRATOR", "The filter operator is not supported (the service spells it so).";
    DATASOURCE_NOT_EXIST = "DATASOURCE_NOT_EXIST", "The data source does not exist.";
}
