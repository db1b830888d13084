//! The codes that are known, by product, with what they mean.

use super::{ErrorCode, Meaning};

macro_rules! codes {
    ($( $list:ident $section:literal {
        $( $name:ident = $text:literal $([$($meaning:ident),+])?, $doc:literal; )*
    } )*) => {
        $(
            #[doc = $section]
            impl ErrorCode {
                $( #[doc = $doc] pub const $name: Self = Self::from_static($text); )*
            }

            #[allow(dead_code, reason = "few sections are looked through as a whole")]
            pub(crate) const $list: &[&str] = &[$($text),*];
        )*

        impl ErrorCode {
            /// What the code means, whatever the status beside it.
            pub(in crate::error) fn meanings(&self) -> &'static [Meaning] {
                match self.as_str() {
                    $($( $( $text => &[$(Meaning::$meaning),+], )? )*)*
                    _ => &[],
                }
            }
        }

        /// Section, name and text of each.
        #[cfg(test)]
        pub(super) const ALL: &[(&str, &str, &str)] =
            &[$($( (stringify!($list), stringify!($name), $text), )*)*];
    };
}

codes! {
    GATEWAY "# The gateway, in front of every product" {
        MISSING_CREDENTIALS = "MISSING_CREDENTIALS" [Unauthenticated], "The request carries no recognisable credential.";
        INVALID_CREDENTIALS = "INVALID_CREDENTIALS" [Unauthenticated], "The credential is wrong.";
        ACCESS_TOKEN_INVALID = "ACCESS_TOKEN_INVALID" [Unauthenticated], "The access token is not valid.";
        INVALID_ACCESS_TOKEN = "INVALID_ACCESS_TOKEN" [Unauthenticated], "Older spelling of `ACCESS_TOKEN_INVALID`.";
        ACCESS_TOKEN_EXPIRED = "ACCESS_TOKEN_EXPIRED" [Unauthenticated], "The access token has expired.";
        ACCESS_TOKEN_KID_INVALID = "ACCESS_TOKEN_KID_INVALID", "The token was signed for another environment or site: a configuration error.";
        AUTHENTICATION_FAILED = "AUTHENTICATION_FAILED" [Unauthenticated], "The caller could not be authenticated.";
        PERMISSION_DENIED = "PERMISSION_DENIED" [PermissionDenied], "The caller may not do this.";
        ACCESS_DENIED = "ACCESS_DENIED" [PermissionDenied], "The caller may not do this.";
        ACTION_FORBIDDEN = "ACTION_FORBIDDEN" [PermissionDenied], "The action is forbidden.";
        EXCEED_AUTHORITY = "EXCEED_AUTHORITY" [PermissionDenied], "The caller's rights do not reach this far.";
        DEFAULT_DOMAIN_EXPIRED = "DEFAULT_DOMAIN_EXPIRED" [Obstacle], "The default domain has expired.";
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
        RESOURCE_NOT_FOUND = "RESOURCE_NOT_FOUND" [NotFound], "The resource does not exist.";
        RESOURCE_NOT_INITIAL = "RESOURCE_NOT_INITIAL", "The resource is not initialised.";
        RESOURCE_UNAVAILABLE = "RESOURCE_UNAVAILABLE" [Transient], "The resource cannot be reached now.";
        ENV_SUSPENDED = "ENV_SUSPENDED", "The environment is suspended for unpaid fees.";
        ENV_ISOLATED = "ENV_ISOLATED", "The environment is isolated.";
        ENV_ABNORMAL = "ENV_ABNORMAL", "The environment is in an abnormal state.";
        ENV_NOT_READY = "ENV_NOT_READY", "The environment is being prepared.";
        ENV_FEATURE_NOT_CONFIGURED = "ENV_FEATURE_NOT_CONFIGURED", "The feature is not switched on in this environment.";
        SERVICE_CHARGE_OVERDUE = "SERVICE_CHARGE_OVERDUE", "Fees are overdue.";
        EXCEED_RATELIMIT = "EXCEED_RATELIMIT" [Throttled], "The rate limit was hit.";
        EXCEED_REQUEST_LIMIT = "EXCEED_REQUEST_LIMIT" [Throttled, Final], "The quota of requests is used up.";
        EXCEED_CONCURRENT_REQUEST_LIMIT = "EXCEED_CONCURRENT_REQUEST_LIMIT" [Throttled], "Too many requests at the same time.";
        GATEWAY_REQUEST_LIMIT_EXCEEDED = "RequestLimitExceeded" [Throttled], "The rate limit was hit.";
        EXCEED_REQUEST_SIZE_LIMIT = "EXCEED_REQUEST_SIZE_LIMIT", "The request is too large.";
        EXCEED_MAX_PAYLOAD_SIZE = "EXCEED_MAX_PAYLOAD_SIZE", "The payload is too large.";
        EXCEED_MAX_RESPONSE_SIZE = "EXCEED_MAX_RESPONSE_SIZE", "The response is too large.";
        SYS_ERR = "SYS_ERR", "Internal error of the service.";
        OPERATION_FAILED = "OPERATION_FAILED", "The operation failed.";
        SERVER_TIMEOUT = "SERVER_TIMEOUT", "The service ran out of time.";
        REQUEST_CANCELED = "REQUEST_CANCELED", "The request was cancelled.";
        REQUEST_FORBIDDEN = "REQUEST_FORBIDDEN" [PermissionDenied], "The request was rejected.";
        SIGN_PARAM_INVALID = "SIGN_PARAM_INVALID", "The signature is invalid.";
        LOGIN_MANNER_UNREGISTED = "LOGIN_MANNER_UNREGISTED", "The way of signing in is not switched on.";
        CHECK_LOGIN_FAILED = "CHECK_LOGIN_FAILED" [Unauthenticated], "The sign-in has expired (older services).";
        REFRESH_TOKEN_EXPIRED = "REFRESH_TOKEN_EXPIRED" [Unauthenticated], "The refresh token has expired.";
        INVALID_REFRESH_TOKEN = "INVALID_REFRESH_TOKEN" [Unauthenticated], "The refresh token is not valid.";
        REFRESH_TOKEN_EXHAUSTED = "REFRESH_TOKEN_EXHAUSTED" [Unauthenticated], "The user's sessions are limited, and this one was ended by a newer one.";
    }

    AUTH "# Auth: the words of `error`" {
        CANCELLED = "cancelled", "The call was cancelled.";
        UNKNOWN = "unknown", "Unknown error.";
        INVALID_ARGUMENT = "invalid_argument", "A parameter is bad or missing; also a wrong or expired verification code.";
        DEADLINE_EXCEEDED = "deadline_exceeded" [Transient], "The service ran out of time.";
        NOT_FOUND = "not_found" [NotFound], "The user or resource does not exist.";
        ALREADY_EXISTS = "already_exists" [Conflict], "It exists already.";
        AUTH_PERMISSION_DENIED = "permission_denied" [PermissionDenied], "The caller may not do this.";
        RESOURCE_EXHAUSTED = "resource_exhausted" [Throttled], "A rate limit was hit.";
        FAILED_PRECONDITION = "failed_precondition", "The state does not allow it: sign-in method off, already bound, …";
        ABORTED = "aborted" [Transient], "The operation was broken off.";
        OUT_OF_RANGE = "out_of_range", "A value is out of range.";
        UNIMPLEMENTED = "unimplemented" [Final], "Not implemented by the service.";
        INTERNAL = "internal", "Internal error of the service.";
        UNAVAILABLE = "unavailable" [Transient], "The service cannot be reached now.";
        DATA_LOSS = "data_loss" [Final], "Data was lost.";
        UNAUTHENTICATED = "unauthenticated" [Unauthenticated], "The token is missing, invalid, expired or revoked.";
        CAPTCHA_REQUIRED = "captcha_required", "A captcha must be solved first.";
        CAPTCHA_INVALID = "captcha_invalid", "The captcha token was rejected.";
        PROVIDER_ERROR = "provider_error", "The identity provider failed.";
        UNAUTHORIZED_CLIENT = "unauthorized_client" [Obstacle], "The client id is not allowed to do this.";
        MFA_PHONE_REQUIRED = "mfa_phone_required" [Obstacle], "A phone number must be bound first.";
        LOGIN_TYPE_DISABLED = "login_type_disabled" [Obstacle], "This sign-in method is switched off.";
        UNAUTHORIZED = "unauthorized" [Unauthenticated], "The token is not accepted.";
        PROVIDER_NOT_ENABLED = "provider_not_enabled", "The identity provider is not switched on.";
        LOGIN_METHOD_DISABLED = "login_method_disabled", "This sign-in method is switched off.";
        INVALID_PASSWORD = "invalid_password" [Password], "The password is wrong.";
        WRONG_PASSWORD = "wrong_password" [Password], "The password is wrong.";
        PASSWORD_NOT_SET = "password_not_set", "The user has no password.";
        WEAK_PASSWORD = "weak_password", "The password does not meet the rules of the environment.";
        INVALID_USERNAME_OR_PASSWORD = "invalid_username_or_password" [Password], "User name or password is wrong.";
        AUTH_INVALID_CREDENTIALS = "invalid_credentials" [Password], "The credentials are wrong.";
        INVALID_STATUS = "invalid_status" [Obstacle], "The user's state does not allow it.";
        USER_NOT_FOUND = "user_not_found" [NotFound], "The user does not exist.";
        USER_PENDING = "user_pending" [Obstacle], "The user is not activated.";
        USER_BLOCKED = "user_blocked" [Obstacle], "The user is blocked.";
        UNDER_REVIEW = "under_review" [Obstacle], "The user is under review.";
        USERNAME_ALREADY_EXISTS = "username_already_exists" [Conflict], "The user name is taken.";
        EMAIL_ALREADY_EXISTS = "email_already_exists" [Conflict], "The e-mail address is taken.";
        PHONE_ALREADY_EXISTS = "phone_already_exists" [Conflict], "The phone number is taken.";
        PHONE_NUMBER_ALREADY_EXISTS = "phone_number_already_exists" [Conflict], "The phone number is taken (another spelling).";
        CONTACT_ALREADY_EXISTS = "contact_already_exists" [Conflict], "The address or phone number is taken.";
        INVALID_PHONE_NUMBER = "invalid_phone_number", "The phone number has not the form `+86 13900001111`.";
        INVALID_VERIFICATION_CODE = "invalid_verification_code", "The verification code is wrong.";
        VERIFICATION_CODE_EXPIRED = "verification_code_expired", "The verification code has expired.";
        VERIFICATION_EXPIRED = "verification_expired", "The verification code has expired (another spelling).";
        RATE_LIMIT_EXCEEDED = "rate_limit_exceeded" [Throttled], "A rate limit was hit (as `resource_exhausted`).";
        INVALID_CAPTCHA = "invalid_captcha", "The text of the captcha is wrong.";
        CAPTCHA_EXPIRED = "captcha_expired", "The captcha has expired.";
        CAPTCHA_USED = "captcha_used", "The captcha was used already.";
        TWO_FACTOR_REQUIRED = "two_factor_required", "A second factor is needed.";
        INVALID_TWO_FACTOR = "invalid_two_factor", "The second factor is wrong.";
        INVALID_TWO_FACTOR_RECOVERY = "invalid_two_factor_recovery", "The recovery code is wrong.";
        PHONE_REQUIRED = "phone_required", "A phone number is needed.";
        PROVIDER_NOT_FOUND = "provider_not_found" [NotFound], "The identity is not bound, or its provider does not exist.";
        INVALID_CLIENT = "invalid_client", "The client id does not exist.";
        AUTH_INVALID_REQUEST = "invalid_request", "The request is invalid.";
        INVALID_GRANT = "invalid_grant", "The grant (refresh token, code, ticket) is not valid any more.";
        INVALID_SCOPE = "invalid_scope", "The scope is invalid.";
        AUTH_ACCESS_DENIED = "access_denied" [PermissionDenied], "Access was denied.";
        UNSUPPORTED_RESPONSE_TYPE = "unsupported_response_type", "The response type is not supported.";
        SERVER_ERROR = "server_error" [Transient], "Internal error of the service.";
        TEMPORARILY_UNAVAILABLE = "temporarily_unavailable" [Transient], "The service cannot be reached now.";
        INTERACTION_REQUIRED = "interaction_required", "The user must act.";
        LOGIN_REQUIRED = "login_required", "The user must sign in.";
        ACCOUNT_SELECTION_REQUIRED = "account_selection_required", "The user must choose an account.";
        CONSENT_REQUIRED = "consent_required", "The user must consent.";
        INVALID_REQUEST_URI = "invalid_request_uri", "The request URI is invalid.";
        INVALID_REQUEST_OBJECT = "invalid_request_object", "The request object is invalid.";
        REQUEST_NOT_SUPPORTED = "request_not_supported", "The parameter is not supported.";
        REQUEST_URI_NOT_SUPPORTED = "request_uri_not_supported", "The parameter is not supported.";
        REGISTRATION_NOT_SUPPORTED = "registration_not_supported", "Registration is not supported.";
    }

    MYSQL "# MySQL tables, beside those of the gateway" {
        BAD_API_REQUEST = "BadApiRequest", "The request is invalid (in examples of the service; see also `INVALID_REQUEST`).";
        DATABASE_INVALID_OPERRATOR = "DATABASE_INVALID_OPERRATOR" [Obstacle], "The filter operator is not supported (the service spells it so).";
    }

    POSTGRES "# PostgreSQL: `PGRST` codes of the REST layer, SQLSTATE of the database" {
        PGRST000 = "PGRST000", "No connection to the database.";
        PGRST001 = "PGRST001", "The connection to the database failed.";
        PGRST002 = "PGRST002", "The schema is not loaded yet.";
        PGRST003 = "PGRST003", "No free connection to the database in time.";
        PGRST100 = "PGRST100", "The query string cannot be parsed.";
        PGRST101 = "PGRST101", "The method is not allowed on a function.";
        PGRST102 = "PGRST102", "The body is invalid.";
        PGRST103 = "PGRST103", "The range is outside of the rows.";
        PGRST105 = "PGRST105", "A PUT needs exactly the primary key as its filter.";
        PGRST106 = "PGRST106", "The schema is not exposed.";
        PGRST107 = "PGRST107", "The media type is not supported.";
        PGRST108 = "PGRST108", "The filter is on a relation that is not selected.";
        PGRST111 = "PGRST111", "A function has set invalid response headers.";
        PGRST112 = "PGRST112", "A function has set an invalid response status.";
        PGRST114 = "PGRST114", "A PUT takes neither limit nor offset.";
        PGRST115 = "PGRST115", "The key in the body is not the one in the URL.";
        PGRST116 = "PGRST116", "One row was requested, and there was none or there were several.";
        PGRST117 = "PGRST117", "The method is not supported.";
        PGRST118 = "PGRST118", "Rows cannot be ordered by a to-many relation.";
        PGRST120 = "PGRST120", "The operator is not allowed on a relation.";
        PGRST121 = "PGRST121", "An error that a function raised cannot be read.";
        PGRST122 = "PGRST122", "A preference is not supported.";
        PGRST123 = "PGRST123", "Aggregates are switched off.";
        PGRST124 = "PGRST124", "More rows than allowed would change.";
        PGRST125 = "PGRST125", "The path is invalid.";
        PGRST126 = "PGRST126", "The description of the API is switched off.";
        PGRST127 = "PGRST127", "The feature is not implemented.";
        PGRST128 = "PGRST128", "The limit of changed rows is not allowed here.";
        PGRST200 = "PGRST200", "There is no such relation.";
        PGRST201 = "PGRST201", "Several relations fit.";
        PGRST202 = "PGRST202", "There is no such function.";
        PGRST203 = "PGRST203", "Several functions fit.";
        PGRST204 = "PGRST204", "There is no such column.";
        PGRST205 = "PGRST205", "There is no such table.";
        PGRST300 = "PGRST300", "The server has no key to check tokens with.";
        PGRST301 = "PGRST301", "The token cannot be read.";
        PGRST302 = "PGRST302", "A token is required.";
        PGRST303 = "PGRST303", "The claims of the token are not accepted: expired, another audience, …";
        SQLSTATE_21000 = "21000", "A statement affects a row twice, or has no condition.";
        SQLSTATE_22003 = "22003", "A number is out of range.";
        SQLSTATE_22008 = "22008", "A date or time is out of range.";
        SQLSTATE_22023 = "22023", "A parameter is invalid.";
        SQLSTATE_22P02 = "22P02", "A value has not the form of its type.";
        SQLSTATE_23502 = "23502", "A value must not be null.";
        SQLSTATE_23503 = "23503", "A foreign key is violated.";
        SQLSTATE_23505 = "23505" [Conflict], "A unique key is violated.";
        SQLSTATE_23514 = "23514", "A check is violated.";
        SQLSTATE_25006 = "25006", "The transaction is read-only.";
        SQLSTATE_42501 = "42501" [PermissionDenied], "The role may not do this.";
        SQLSTATE_42703 = "42703", "The column does not exist.";
        SQLSTATE_42883 = "42883", "The function does not exist.";
        SQLSTATE_42P01 = "42P01" [NotFound], "The table does not exist.";
        SQLSTATE_42P17 = "42P17", "The definition of an object is invalid.";
        SQLSTATE_53400 = "53400", "A configured limit was hit.";
        SQLSTATE_57P01 = "57P01", "The database is shutting down.";
        SQLSTATE_P0001 = "P0001", "A function raised an error.";
        DATABASE_42601 = "DATABASE_42601", "The SQL has a syntax error, or holds several statements.";
    }

    MODELS "# Data models, most of them with status 200" {
        AUTH_FAILURE = "AUTH_FAILURE" [PermissionDenied], "The caller may not do this.";
        AUTH_FAILURE_TOKEN_FAILURE = "AUTH_FAILURE_TOKEN_FAILURE" [Unauthenticated], "The token is not accepted.";
        DATA_SOURCE_OP_AUTH_FAILURE = "DATA_SOURCE_OP_AUTH_FAILURE" [PermissionDenied], "The role lacks the permission on the data model.";
        UNAUTHORIZED_OPERATION = "UNAUTHORIZED_OPERATION" [PermissionDenied], "The caller may not do this.";
        OPERATION_DENIED = "OPERATION_DENIED" [PermissionDenied], "The operation is denied.";
        FAILED_OPERATION = "FAILED_OPERATION", "The operation failed.";
        FAILED_OPERATION_CUSTOMIZED_METHODS_ERROR = "FAILED_OPERATION_CUSTOMIZED_METHODS_ERROR", "A method of the data source failed.";
        FAILED_AGGREGATE = "FAILED_AGGREGATE", "The aggregation failed.";
        OPERATION_TIMEOUT = "OPERATION_TIMEOUT" [Transient], "The data source ran out of time.";
        INVALID_PARAMETER = "INVALID_PARAMETER", "A parameter is invalid.";
        INVALID_PARAMETER_VALUE = "INVALID_PARAMETER_VALUE", "The value of a parameter is invalid.";
        MISSING_PARAMETER = "MISSING_PARAMETER", "A parameter is missing.";
        UNKNOWN_PARAMETER = "UNKNOWN_PARAMETER", "A parameter is unknown.";
        UNSUPPORTED_OPERATION = "UNSUPPORTED_OPERATION", "The operation is not supported.";
        LIMIT_EXCEEDED = "LIMIT_EXCEEDED", "A limit was passed.";
        REQUEST_LIMIT_EXCEEDED = "REQUEST_LIMIT_EXCEEDED" [Throttled], "The rate limit of data sources was hit.";
        RESOURCE_INSUFFICIENT = "RESOURCE_INSUFFICIENT", "The resources do not suffice.";
        RESOURCE_IN_USE = "RESOURCE_IN_USE" [Conflict], "The resource is in use.";
        RESOURCE_SOLD_OUT = "RESOURCE_SOLD_OUT", "The resource is sold out.";
        DATASOURCE_NOT_EXIST = "DATASOURCE_NOT_EXIST" [NotFound], "The data source does not exist.";
        TABLE_NOT_EXIST = "TABLE_NOT_EXIST" [NotFound], "The table does not exist.";
        NO_SUCH_VERSION = "NO_SUCH_VERSION" [NotFound], "The version does not exist.";
        FLEXDB_INTERNAL_ERROR = "FLEXDB_INTERNAL_ERROR", "The document database failed.";
        FLEXDB_REQUEST_TIMEOUT = "FLEXDB_REQUEST_TIMEOUT" [Transient], "The document database ran out of time.";
        FLEXDB_RESOURCE_OVERDUE = "FLEXDB_RESOURCE_OVERDUE", "Fees of the document database are overdue.";
        FLEXDB_READ_LIMIT = "FLEXDB_READ_LIMIT" [Throttled], "The limit of reads of the document database was hit.";
        FLEXDB_WRITE_LIMIT = "FLEXDB_WRITE_LIMIT" [Throttled], "The limit of writes to the document database was hit.";
    }

    DOCUMENTS "# Documents" {
        DATABASE_RESOURCE_ISOLATED = "DATABASE_RESOURCE_ISOLATED", "The database is isolated.";
        DATABASE_REQUEST_FAILED = "DATABASE_REQUEST_FAILED", "The database failed.";
        DATABASE_TIMEOUT = "DATABASE_TIMEOUT", "The database ran out of time.";
        DATABASE_DUPLICATE_WRITE = "DATABASE_DUPLICATE_WRITE" [Conflict], "A row with this key exists.";
        DATABASE_COLLECTION_ALREADY_EXIST = "DATABASE_COLLECTION_ALREADY_EXIST" [Conflict], "The collection exists.";
        DATABASE_COLLECTION_NOT_EXIST = "DATABASE_COLLECTION_NOT_EXIST" [NotFound], "The collection does not exist.";
        DATABASE_TRANSACTION_CONFLICT = "DATABASE_TRANSACTION_CONFLICT" [Conflict, Final], "The transaction ran into another one.";
        DATABASE_TRANSACTION_FAIL = "DATABASE_TRANSACTION_FAIL" [Final], "The transaction failed.";
        DATABASE_PERMISSION_DENIED = "DATABASE_PERMISSION_DENIED" [PermissionDenied], "The caller may not touch this collection.";
        DOCUMENT_NOT_FOUND = "DOCUMENT_NOT_FOUND" [NotFound], "The document does not exist.";
    }

    FUNCTIONS "# Functions" {
        FUNCTIONS_PERMISSION_DENIED = "FUNCTIONS_PERMISSION_DENIED" [PermissionDenied], "The caller may not call this function.";
        FUNCTION_NOT_FOUND = "FUNCTION_NOT_FOUND" [NotFound], "The function does not exist.";
        FUNCTION_PARAM_INVALID = "FUNCTION_PARAM_INVALID", "A parameter of the call is invalid.";
        FUNCTION_QUALIFIER_NOT_FOUND = "FUNCTION_QUALIFIER_NOT_FOUND" [NotFound], "The version or alias does not exist.";
        FUNCTION_STATUS_ABNORMAL = "FUNCTION_STATUS_ABNORMAL", "The function is not in a state to be called.";
        FUNCTION_INVOCATION_FAILED = "FUNCTION_INVOCATION_FAILED", "The function failed.";
        FUNCTION_TIME_LIMIT_EXCEEDED = "FUNCTION_TIME_LIMIT_EXCEEDED", "The function ran out of time.";
        FUNCTIONS_TIME_LIMIT_EXCEEDED = "FUNCTIONS_TIME_LIMIT_EXCEEDED", "Older spelling of `FUNCTION_TIME_LIMIT_EXCEEDED`.";
        FUNCTION_MEMORY_LIMIT_EXCEEDED = "FUNCTION_MEMORY_LIMIT_EXCEEDED", "The function ran out of memory.";
        FUNCTION_EXCEED_RESOURCE_LIMIT = "FUNCTION_EXCEED_RESOURCE_LIMIT" [Throttled], "The function's resources are used up.";
        TOO_MANY_REQUESTS = "TOO_MANY_REQUESTS" [Throttled], "The function runs too often at the same time.";
    }

    HOSTING "# Cloud hosting" {
        SERVICE_NOT_FOUND = "SERVICE_NOT_FOUND" [NotFound], "The hosting service does not exist.";
        SERVICE_FORBIDDEN = "SERVICE_FORBIDDEN" [PermissionDenied], "The service is switched off for this caller.";
        SERVICE_TIMEOUT = "SERVICE_TIMEOUT" [Transient], "The hosting service did not respond in time.";
        SERVICE_NOT_READY = "SERVICE_NOT_READY" [Transient], "No instance of the hosting service is ready.";
        SERVICE_VERSION_NOT_FOUND = "SERVICE_VERSION_NOT_FOUND" [NotFound], "The hosting service has no such version.";
        SERVICE_ENDPOINT_NOT_FOUND = "SERVICE_ENDPOINT_NOT_FOUND" [NotFound], "The hosting service has no such endpoint.";
        SERVICE_RESOURCE_NOT_FOUND = "SERVICE_RESOURCE_NOT_FOUND" [NotFound], "The hosting service has no such resource.";
        SERVICE_LB_STATUS_ABNORMAL = "SERVICE_LB_STATUS_ABNORMAL", "The load balancer of the hosting service is broken.";
    }

    STORAGE "# Storage" {
        STORAGE_EXCEED_AUTHORITY = "STORAGE_EXCEED_AUTHORITY" [PermissionDenied], "The caller may not touch this object.";
        STORAGE_PERMISSION_DENIED = "STORAGE_PERMISSION_DENIED" [PermissionDenied], "The caller may not touch this object.";
        STORAGE_BUCKET_NOT_FOUND = "STORAGE_BUCKET_NOT_FOUND" [NotFound], "The bucket does not exist.";
        STORAGE_NOT_EXIST = "STORAGE_NOT_EXIST" [NotFound], "The storage does not exist.";
        STORAGE_FILE_NONEXIST = "STORAGE_FILE_NONEXIST" [NotFound], "The object does not exist.";
        STORAGE_CONTENT_LENGTH_REQUIRED = "STORAGE_CONTENT_LENGTH_REQUIRED", "The upload must state its length.";
        STORAGE_REQUEST_FAIL = "STORAGE_REQUEST_FAIL", "The object store failed.";
        OBJECT_NOT_EXIST = "OBJECT_NOT_EXIST" [NotFound], "The object does not exist.";
        OBJECT_ALREADY_EXIST = "OBJECT_ALREADY_EXIST" [Conflict], "The object exists already.";
        OBJECT_BATCH_TOO_LARGE = "OBJECT_BATCH_TOO_LARGE" [Obstacle], "More objects in one batch than allowed.";
        COS_ACTION_FAILED = "COS_ACTION_FAILED", "The object store rejected the action.";
    }

    OBJECT_STORE "# The object store itself" {
        NO_SUCH_KEY = "NoSuchKey" [NotFound], "The object store has no such object.";
        NO_SUCH_BUCKET = "NoSuchBucket" [NotFound], "The object store has no such bucket.";
        FILE_ALREADY_EXISTS = "FileAlreadyExists" [Conflict], "The object store rejected replacing an object.";
        COS_ACCESS_DENIED = "AccessDenied" [PermissionDenied], "The object store rejected the request: the signature is expired or not for this.";
        SIGNATURE_DOES_NOT_MATCH = "SignatureDoesNotMatch" [Obstacle], "The request is not what was signed.";
        REQUEST_TIME_TOO_SKEWED = "RequestTimeTooSkewed" [Obstacle], "The clock of this machine is wrong.";
        ENTITY_TOO_LARGE = "EntityTooLarge", "The object is larger than the object store takes in one piece.";
        PRECONDITION_FAILED = "PreconditionFailed" [Conflict], "The object is not the expected one any more.";
        INVALID_RANGE = "InvalidRange", "The object has no such bytes.";
        SLOW_DOWN = "SlowDown" [Throttled], "The object store asks for fewer requests.";
    }
}
