//! The word of an auth error, which comes as a word, as its number, or as both.

use http::StatusCode;
use serde_json::{Map, Value};

use super::{as_code, text};
use crate::error::code::AUTH;

/// Returns the word in `error`, else that in `error_code`, else the one word that has the number in
/// `error_code`. Auth spells its words in lower case, other services do not.
pub(super) fn word(object: &Map<String, Value>, status: StatusCode) -> Option<String> {
    let error = text(object, "error").filter(|it| Some(it.as_str()) != status.canonical_reason());
    error
        .and_then(|error| as_code(&error))
        .or_else(|| super::word_in_error_code(object))
        .map(|word| {
            let lower = word.to_ascii_lowercase();
            match AUTH.contains(&lower.as_str()) {
                true => lower,
                false => word,
            }
        })
        .or_else(|| Some(word_of(super::number(object)?)?.to_owned()))
}

/// The word of a number that no other word has: 4003 and others stand for several.
fn word_of(number: i64) -> Option<&'static str> {
    Some(match number {
        1 => "cancelled",
        2 => "unknown",
        3 => "invalid_argument",
        4 => "deadline_exceeded",
        5 => "not_found",
        6 => "already_exists",
        7 => "permission_denied",
        8 => "resource_exhausted",
        9 => "failed_precondition",
        10 => "aborted",
        11 => "out_of_range",
        12 => "unimplemented",
        13 => "internal",
        14 => "unavailable",
        15 => "data_loss",
        16 => "unauthenticated",
        4001 => "captcha_required",
        4002 => "captcha_invalid",
        4019 => "provider_error",
        4022 => "unauthorized_client",
        4042 => "mfa_phone_required",
        4045 => "login_type_disabled",
        _ => return None,
    })
}
