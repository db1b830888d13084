//! Reads settings that come as text, and checks those that are texts.

use std::time::Duration;

use secrecy::SecretString;

use super::{ProxyChoice, Site};
use crate::error::{Error, Result};

/// What the SDK says of itself in `User-Agent`.
const SDK: &str = concat!("cloudbase-rust/", env!("CARGO_PKG_VERSION"));
/// No program needs more to say who it is, and no header should be mostly that.
const MAX_USER_AGENT: usize = 256;
const MAX_LANGUAGE: usize = 256;

/// A value of `Accept-Language`: language ranges with or without a weight (RFC 9110, 12.5.4).
pub(super) fn language(setting: &str, list: Option<String>) -> Result<String> {
    let list = list.unwrap_or_else(|| "zh-CN".to_owned());
    if list.len() <= MAX_LANGUAGE && list.split(',').all(is_language) {
        Ok(list)
    } else {
        Err(Error::config(
            setting,
            "must be a language tag such as `zh-CN` or `en-US`, or a list of them",
        ))
    }
}

/// `en-US`, `*`, `en;q=0.9`.
fn is_language(item: &str) -> bool {
    let item = item.trim_matches(' ');
    let (range, weight) = match item.split_once(';') {
        Some((range, weight)) => (range.trim_matches(' '), Some(weight.trim_matches(' '))),
        None => (item, None),
    };
    let mut subtags = range.split('-');
    let primary = subtags.next().unwrap_or_default();
    let is_range = range == "*"
        || (2..=8).contains(&primary.len())
            && primary.bytes().all(|byte| byte.is_ascii_alphabetic())
            && subtags.all(|subtag| {
                (1..=8).contains(&subtag.len())
                    && subtag.bytes().all(|byte| byte.is_ascii_alphanumeric())
            });
    is_range && weight.is_none_or(is_weight)
}

/// `q=` and a number from 0 to 1 with at most three decimals.
fn is_weight(weight: &str) -> bool {
    let Some(number) = weight.strip_prefix("q=") else {
        return false;
    };
    let (whole, decimals) = number.split_once('.').unwrap_or((number, ""));
    let digit = if whole == "1" {
        b'0'..=b'0'
    } else {
        b'0'..=b'9'
    };
    matches!(whole, "0" | "1")
        && decimals.len() <= 3
        && decimals.bytes().all(|byte| digit.contains(&byte))
}

/// The whole `User-Agent`: the program's part, if any, and the SDK's.
pub(super) fn user_agent(setting: &str, product: Option<String>) -> Result<String> {
    let Some(product) = product.filter(|product| !product.is_empty()) else {
        return Ok(SDK.to_owned());
    };
    let fits = product.len() <= MAX_USER_AGENT
        && product.bytes().all(|byte| (b' '..=b'~').contains(&byte))
        && product.trim() == product;
    if fits {
        Ok(format!("{product} {SDK}"))
    } else {
        Err(Error::config(
            setting,
            "must consist of at most 256 printable ASCII characters, with no blank at either end",
        ))
    }
}

/// A value of a setting that comes as text; the error is the rule that it breaks.
pub(super) trait FromText: Sized {
    fn from_text(text: &str) -> Result<Self, &'static str>;
}

macro_rules! from_text {
    ($($type:ty: |$text:ident| $read:expr;)*) => {$(
        impl FromText for $type {
            fn from_text($text: &str) -> Result<Self, &'static str> {
                $read
            }
        }
    )*};
}

from_text! {
    String: |text| Ok(text.to_owned());
    SecretString: |text| Ok(text.into());
    Vec<u8>: |pem| Ok(pem.into());
    ProxyChoice: |url| Ok(Self::Url(url.into()));
    u32: |number| number.trim().parse().map_err(|_| "must be a whole number");
    usize: |number| number.trim().parse().map_err(|_| "must be a whole number");
    u64: |bytes| bytes.trim().parse().map_err(|_| "must be a whole number of bytes");
    bool: |flag| match flag.trim().to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(true),
        "false" | "0" | "no" | "off" => Ok(false),
        _ => Err("must be `true` or `false`"),
    };
    Site: |site| match site.trim().to_ascii_lowercase().as_str() {
        "domestic" => Ok(Self::Domestic),
        "international" | "intl" => Ok(Self::International),
        _ => Err("must be `domestic` or `international`"),
    };
    Duration: |text| duration(text.trim())
        .ok_or("must be a duration such as `500ms`, `3.1s` or a number of seconds");
}

fn duration(text: &str) -> Option<Duration> {
    let (number, scale) = match text.strip_suffix("ms") {
        Some(number) => (number, 1e-3),
        None => match text.strip_suffix('m') {
            Some(number) => (number, 60.0),
            None => (text.strip_suffix('s').unwrap_or(text), 1.0),
        },
    };
    let number: f64 = number.trim().parse().ok()?;
    Duration::try_from_secs_f64(number * scale).ok()
}

#[cfg(test)]
mod tests;
