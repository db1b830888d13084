//! Errors of the auth service: `{error, error_code, error_description}`.

use std::borrow::Cow;
use std::fmt;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};
use serde_json::json;

use super::{Unrendered, set_retry_after};

/// An error of the auth service. The `error` string decides number, status and the text in each language.
#[derive(Clone, Debug)]
pub(crate) struct AuthError {
    error: Cow<'static, str>,
    description: String,
    status: Option<StatusCode>,
    retry_after: Option<u64>,
}

/// `error`, `error_code`, HTTP status, description in Chinese.
///
/// Numbers 1 to 16 and the 40xx ones are the service's; strings that have no number of their own carry the number of
/// their gRPC class.
const TABLE: &[(&str, u32, u16, &str)] = &[
    ("unknown", 2, 500, "未知错误"),
    ("invalid_argument", 3, 400, "参数错误"),
    ("not_found", 5, 404, "用户不存在"),
    ("already_exists", 6, 409, "已存在"),
    ("permission_denied", 7, 403, "没有权限"),
    ("resource_exhausted", 8, 429, "请求过于频繁，请稍后再试"),
    ("failed_precondition", 9, 400, "前置条件不满足"),
    ("aborted", 10, 409, "操作被中止"),
    ("unimplemented", 12, 501, "功能未开启"),
    ("internal", 13, 500, "内部错误"),
    ("unavailable", 14, 503, "服务暂不可用"),
    ("unauthenticated", 16, 401, "未登录或登录已过期"),
    ("captcha_required", 4001, 400, "需要图形验证码"),
    ("captcha_invalid", 4002, 400, "图形验证码无效"),
    ("invalid_captcha", 4001, 400, "图形验证码错误"),
    ("captcha_expired", 4002, 400, "图形验证码已过期"),
    ("captcha_used", 4003, 400, "图形验证码已使用"),
    ("provider_error", 4019, 400, "身份源返回错误"),
    ("unauthorized_client", 4022, 403, "客户端未授权"),
    ("login_type_disabled", 4045, 403, "登录方式未开启"),
    ("invalid_grant", 4001, 400, "授权无效或已过期"),
    ("invalid_password", 4003, 400, "用户名或密码错误"),
    ("password_not_set", 9, 400, "未设置密码"),
    ("weak_password", 3, 400, "密码强度不足"),
    ("invalid_status", 9, 403, "账号已被临时锁定"),
    ("user_blocked", 7, 403, "账号已被停用"),
    ("user_pending", 7, 403, "账号待激活"),
    ("invalid_verification_code", 3, 400, "验证码错误或已过期"),
    ("username_already_exists", 6, 409, "用户名已存在"),
    ("provider_not_found", 5, 404, "身份源不存在"),
    ("provider_not_enabled", 9, 400, "身份源未开启"),
    ("invalid_phone_number", 3, 400, "手机号格式错误"),
    ("unsupported_grant_type", 3, 400, "不支持的授权类型"),
    ("invalid_client", 3, 400, "客户端不存在"),
];

impl AuthError {
    /// An error by its string, with a description in English.
    pub(crate) fn new(error: &'static str, description: impl Into<String>) -> Self {
        Self {
            error: error.into(),
            description: description.into(),
            status: None,
            retry_after: None,
        }
    }

    /// Any error string with any status, for fault scripts.
    pub(crate) fn scripted(status: StatusCode, error: String, description: String) -> Self {
        Self {
            error: error.into(),
            description,
            status: Some(status),
            retry_after: None,
        }
    }

    pub(crate) fn invalid_argument(description: impl Into<String>) -> Self {
        Self::new("invalid_argument", description)
    }

    pub(crate) fn unauthenticated(description: impl Into<String>) -> Self {
        Self::new("unauthenticated", description)
    }

    /// Adds `retry_after` to the body and the header, in seconds.
    pub(crate) fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    pub(super) fn render(self, request: &HeaderMap) -> Response {
        let (code, status, chinese) = TABLE
            .iter()
            .find(|row| row.0 == self.error)
            .map_or((2, 500, "未知错误"), |&(_, code, status, chinese)| {
                (code, status, chinese)
            });
        let description = if wants_english(request) {
            self.description
        } else {
            format!("{chinese}：{}", self.description)
        };
        let mut body = json!({
            "error": self.error,
            "error_code": code,
            "error_description": description,
        });
        if let Some(seconds) = self.retry_after {
            body["retry_after"] = seconds.into();
        }
        let status = self
            .status
            .or_else(|| StatusCode::from_u16(status).ok())
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(body)).into_response();
        set_retry_after(response.headers_mut(), self.retry_after);
        response
    }
}

impl fmt::Display for AuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.error, self.description)
    }
}

impl IntoResponse for AuthError {
    fn into_response(self) -> Response {
        let mut response = StatusCode::BAD_REQUEST.into_response();
        response.extensions_mut().insert(Unrendered::Auth(self));
        response
    }
}

/// Chinese is the service's default language; the Chinese text keeps the English detail behind it.
fn wants_english(request: &HeaderMap) -> bool {
    request
        .get(header::ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.trim_start().to_ascii_lowercase().starts_with("en"))
}
