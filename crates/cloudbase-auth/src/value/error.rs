//! Errors that several flows share, and what an error of the service means to a sign-in form.

use cloudbase_core::{Error, ErrorKind};

pub(crate) fn not_signed_in() -> Error {
    Error::new(
        ErrorKind::Credentials,
        "nobody is signed in, and this call needs a user",
    )
}

/// The error of a call that cannot go on, or return, as the user who began it.
pub(crate) fn user_changed() -> Error {
    Error::new(
        ErrorKind::Credentials,
        "the signed-in user changed while the call was in progress",
    )
}

/// What an error means to a program that signs people in.
///
/// ```
/// use cloudbase_auth::{AuthErrorCategory, Error};
///
/// fn hint(error: &Error) -> &'static str {
///     match AuthErrorCategory::of(error) {
///         AuthErrorCategory::InvalidCredentials => "name or password is wrong",
///         AuthErrorCategory::VerificationFailed => "the code is wrong or too old",
///         AuthErrorCategory::RateLimited => "too many tries, wait a little",
///         _ => "that did not work",
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuthErrorCategory {
    /// A captcha must be solved first; see [`CaptchaHandler`](crate::CaptchaHandler).
    CaptchaRequired,
    /// The captcha was not solved.
    CaptchaInvalid,
    /// Password, code or session is wrong or has ended.
    InvalidCredentials,
    /// An argument was rejected, here or by the service.
    InvalidParams,
    /// The account needs a second factor first.
    MfaRequired,
    /// The caller may not do this.
    PermissionDenied,
    /// The account is not in the state that this needs: taken, bound, missing.
    PreconditionFailed,
    /// This way of signing in is switched off in the environment.
    ProviderNotEnabled,
    /// Too many calls; see [`Error::retry_after`].
    RateLimited,
    /// The service, or the way to it, failed.
    ServiceError,
    /// None of the others.
    Unknown,
    /// There is no such user.
    UserNotFound,
    /// The account is blocked, pending or under review.
    UserStatusAbnormal,
    /// The code is wrong or has ended.
    VerificationFailed,
}

impl AuthErrorCategory {
    /// The category of `error`, by its code first, then by its kind.
    pub fn of(error: &Error) -> Self {
        match error.code() {
            Some(code) => Self::of_code(code.as_str(), error),
            None => Self::of_kind(error),
        }
    }

    fn of_code(code: &str, error: &Error) -> Self {
        match code {
            "captcha_required" => Self::CaptchaRequired,
            "captcha_invalid" | "invalid_captcha" | "captcha_expired" | "captcha_used" => {
                Self::CaptchaInvalid
            }
            "mfa_phone_required" | "two_factor_required" | "phone_required" => Self::MfaRequired,
            "provider_not_enabled"
            | "login_method_disabled"
            | "login_type_disabled"
            | "unauthorized_client"
            | "invalid_client" => Self::ProviderNotEnabled,
            "permission_denied" | "access_denied" => Self::PermissionDenied,
            "resource_exhausted" | "rate_limit_exceeded" => Self::RateLimited,
            "internal"
            | "unavailable"
            | "unimplemented"
            | "aborted"
            | "server_error"
            | "temporarily_unavailable"
            | "unreachable"
            | "deadline_exceeded"
            | "data_loss" => Self::ServiceError,
            "not_found" | "user_not_found" => Self::UserNotFound,
            "invalid_verification_code" | "verification_code_expired" | "verification_expired" => {
                Self::VerificationFailed
            }
            "failed_precondition"
            | "already_exists"
            | "username_already_exists"
            | "email_already_exists"
            | "phone_already_exists"
            | "phone_number_already_exists"
            | "contact_already_exists"
            | "provider_not_found" => Self::PreconditionFailed,
            "invalid_password"
            | "invalid_grant"
            | "invalid_username_or_password"
            | "invalid_credentials"
            | "wrong_password"
            | "unauthenticated"
            | "unauthorized"
            | "invalid_two_factor"
            | "invalid_two_factor_recovery"
            | "password_not_set" => Self::InvalidCredentials,
            "user_blocked" | "user_pending" | "under_review" | "invalid_status" => {
                Self::UserStatusAbnormal
            }
            // The one place where the service leaves nothing but its wording to go by.
            "invalid_argument" if speaks_of_a_code(error.message()) => Self::VerificationFailed,
            "INVALID_PARAM"
            | "INVALID_REQUEST"
            | "INVALID_COMMON_PARAM"
            | "BAD_REQUEST"
            | "invalid_argument"
            | "out_of_range"
            | "invalid_request"
            | "invalid_scope"
            | "invalid_request_uri"
            | "invalid_request_object"
            | "weak_password"
            | "invalid_phone_number" => Self::InvalidParams,
            _ if error.is_throttled() => Self::RateLimited,
            _ if error.is_unauthenticated() => Self::InvalidCredentials,
            _ => Self::of_kind(error),
        }
    }

    fn of_kind(error: &Error) -> Self {
        match error.kind() {
            ErrorKind::Argument | ErrorKind::Config | ErrorKind::Encode => Self::InvalidParams,
            ErrorKind::Credentials => Self::InvalidCredentials,
            ErrorKind::Api if error.is_permission_denied() => Self::PermissionDenied,
            ErrorKind::Api if error.is_transient() || is_of_server(error) => Self::ServiceError,
            ErrorKind::Connect
            | ErrorKind::Decode
            | ErrorKind::Dns
            | ErrorKind::Reset
            | ErrorKind::Timeout
            | ErrorKind::Tls => Self::ServiceError,
            _ => Self::Unknown,
        }
    }
}

fn is_of_server(error: &Error) -> bool {
    error
        .status()
        .is_some_and(|status| status.is_server_error())
}

fn speaks_of_a_code(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    ["code", "verification", "expire"]
        .iter()
        .any(|word| message.contains(word))
}

#[cfg(test)]
mod tests {
    use http::StatusCode;

    use super::*;

    #[test]
    fn codes_come_first_and_kinds_fill_in() {
        let api = |code: &'static str, message: &'static str| {
            AuthErrorCategory::of(&Error::api(
                StatusCode::BAD_REQUEST,
                Some(code.into()),
                message,
            ))
        };
        assert_eq!(
            api("invalid_argument", "verification code is invalid"),
            AuthErrorCategory::VerificationFailed
        );
        assert_eq!(
            api("invalid_argument", "no username"),
            AuthErrorCategory::InvalidParams
        );
        assert_eq!(
            api("captcha_required", ""),
            AuthErrorCategory::CaptchaRequired
        );
        assert_eq!(api("EXCEED_RATELIMIT", ""), AuthErrorCategory::RateLimited);
        assert_eq!(api("hat_missing", ""), AuthErrorCategory::Unknown);
        assert_eq!(
            AuthErrorCategory::of(&not_signed_in()),
            AuthErrorCategory::InvalidCredentials
        );
        assert_eq!(
            AuthErrorCategory::of(&Error::argument("x", "y")),
            AuthErrorCategory::InvalidParams
        );
    }

    #[test]
    fn every_code_has_the_category_of_the_table() {
        // Section, code, number, statuses, predicates, category.
        let table = include_str!("../../../cloudbase-core/tests/data/codes.tsv");
        let mut wrong = Vec::new();
        for line in table.lines().filter(|line| !line.starts_with('#')) {
            let columns: Vec<_> = line.split('\t').collect();
            let [_, code, _, statuses, _, category] = columns[..] else {
                panic!("six columns: {line}");
            };
            for status in statuses.split(',') {
                let status = StatusCode::from_bytes(status.as_bytes()).unwrap();
                let of = AuthErrorCategory::of(&Error::api(status, Some(code.into()), ""));
                if format!("{of:?}") != category {
                    wrong.push(format!("{code}\t{status}\t{of:?}\tnot {category}"));
                }
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
