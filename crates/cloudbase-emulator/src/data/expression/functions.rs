//! The functions that seed rows and defaults call.

use md5::{Digest as _, Md5};
use ring::digest::{Algorithm, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA384, SHA512, digest};
use serde_json::Value as Json;
use sqlparser::ast::Expr;

use super::session::TIMESTAMPS;
use super::{DataError, SqlSession, SqlValue, arithmetic, evaluate, invalid, shifted};
use crate::data::{temporal, uuid};

/// A bound on what one value may take.
const LONGEST: usize = 64 << 20;

/// The value of the function `name`.
pub(super) fn call(
    name: &str,
    arguments: &[&Expr],
    session: &SqlSession,
) -> Result<SqlValue, DataError> {
    let name = name.trim_matches('`').to_ascii_uppercase();
    let unknown = || {
        let dots = if arguments.is_empty() { "" } else { "…" };
        DataError::not_on_sqlite(format!("the function `{name}({dots})`"))
    };
    if let ("DATE_ADD" | "ADDDATE" | "DATE_SUB" | "SUBDATE", [moment, Expr::Interval(interval)]) =
        (name.as_str(), arguments)
    {
        let sign = if name.contains("SUB") { -1 } else { 1 };
        return shifted(&evaluate(moment, session)?, interval, sign, session);
    }
    if arguments
        .iter()
        .any(|argument| matches!(argument, Expr::Interval(_)))
    {
        return Err(unknown());
    }
    let values: Vec<SqlValue> = arguments
        .iter()
        .map(|argument| evaluate(argument, session))
        .collect::<Result<_, _>>()?;
    if let Some(moment) = clock(&name, &values, session)? {
        return Ok(moment);
    }
    let value = match (name.as_str(), values.as_slice()) {
        ("UUID", []) => SqlValue::Text(uuid::next(session.now_ms()).to_string()),
        ("UUID_TO_BIN", [uuid]) => map(uuid, |text| {
            ::uuid::Uuid::parse_str(text)
                .map(|uuid| SqlValue::Bytes(uuid.as_bytes().to_vec()))
                .map_err(|_| {
                    invalid(format!(
                        "Incorrect string value: '{text}' for function uuid_to_bin"
                    ))
                })
        })?,
        ("LAST_INSERT_ID", []) => SqlValue::Number(session.last_insert_id.to_string()),
        ("JSON_OBJECT", pairs) if pairs.len() % 2 == 0 => object(pairs)?,
        ("JSON_ARRAY", members) => SqlValue::Json(Json::Array(
            members.iter().cloned().map(SqlValue::into_json).collect(),
        )),
        ("CONCAT", parts) if !parts.is_empty() => concatenated(parts.iter(), b"")?,
        ("CONCAT_WS", [separator, parts @ ..]) if !parts.is_empty() => match separator.to_bytes() {
            Some(separator) => {
                let parts = parts.iter().filter(|part| **part != SqlValue::Null);
                concatenated(parts, &separator)?
            }
            None => SqlValue::Null,
        },
        ("REPEAT", [text, times]) => repeated(text, times)?,
        ("LOWER" | "LCASE", [text]) => map(text, |text| {
            Ok(SqlValue::Text(each(text, char::to_lowercase)))
        })?,
        ("UPPER" | "UCASE", [text]) => map(text, |text| {
            Ok(SqlValue::Text(each(text, char::to_uppercase)))
        })?,
        ("HEX", [SqlValue::Number(_) | SqlValue::Real(_) | SqlValue::Bool(_)]) => {
            return Err(unknown());
        }
        ("HEX", [value]) => value.to_bytes().map_or(SqlValue::Null, |bytes| {
            SqlValue::Text(hex::encode_upper(bytes))
        }),
        ("UNHEX", [digits]) => map(digits, |digits| {
            Ok(hex::decode(digits).map_or(SqlValue::Null, SqlValue::Bytes))
        })?,
        ("MD5", [text]) => text.to_bytes().map_or(SqlValue::Null, |bytes| {
            SqlValue::Text(hex::encode(Md5::digest(bytes)))
        }),
        ("SHA" | "SHA1", [text]) => hash(&SHA1_FOR_LEGACY_USE_ONLY, text),
        ("SHA2", [text, length]) => match length.to_text().as_deref() {
            Some("256" | "0") => hash(&SHA256, text),
            Some("384") => hash(&SHA384, text),
            Some("512") => hash(&SHA512, text),
            _ => return Err(unknown()),
        },
        ("IFNULL", [first, second]) => if *first == SqlValue::Null {
            second
        } else {
            first
        }
        .clone(),
        ("COALESCE", values) if !values.is_empty() => values
            .iter()
            .find(|value| **value != SqlValue::Null)
            .cloned()
            .unwrap_or(SqlValue::Null),
        ("FLOOR", [number]) => arithmetic::floor(number)?,
        ("CEIL" | "CEILING", [number]) => arithmetic::ceiling(number)?,
        ("RAND", []) => {
            let random = ::uuid::Uuid::new_v4().as_u128() >> 75;
            SqlValue::Real(random as f64 / (1u64 << 53) as f64)
        }
        _ => return Err(unknown()),
    };
    Ok(value)
}

/// Functions that read the clock, or a moment.
fn clock(
    name: &str,
    arguments: &[SqlValue],
    session: &SqlSession,
) -> Result<Option<SqlValue>, DataError> {
    let moment =
        |now_ms: i64, digits: u8| temporal::from_unix_micros(now_ms.saturating_mul(1000), digits);
    let digits = match arguments {
        [] => Some(0),
        [SqlValue::Number(digits)] => digits.parse().ok().filter(|digits: &u8| *digits <= 6),
        _ => None,
    };
    let text = match (name, digits) {
        (
            "NOW" | "CURRENT_TIMESTAMP" | "LOCALTIME" | "LOCALTIMESTAMP" | "UTC_TIMESTAMP",
            Some(digits),
        ) => moment(session.now_ms(), digits),
        ("SYSDATE", Some(digits)) => moment(session.clock_ms(), digits),
        ("CURTIME" | "CURRENT_TIME" | "UTC_TIME", Some(digits)) => {
            temporal::time_of(&moment(session.now_ms(), digits))
        }
        ("CURDATE" | "CURRENT_DATE" | "UTC_DATE", _) if arguments.is_empty() => {
            temporal::date_of(&moment(session.now_ms(), 0))
        }
        ("UNIX_TIMESTAMP", _) if arguments.is_empty() => {
            let seconds = session.now_ms().div_euclid(1000);
            return Ok(Some(SqlValue::Number(seconds.to_string())));
        }
        ("UNIX_TIMESTAMP", _) => {
            let [moment] = arguments else { return Ok(None) };
            return map(moment, |text| {
                temporal::unix_seconds(text)
                    .map(SqlValue::Number)
                    .ok_or_else(|| invalid(format!("Incorrect datetime value: '{text}'")))
            })
            .map(Some);
        }
        ("FROM_UNIXTIME", _) => {
            let [seconds] = arguments else {
                return Ok(None);
            };
            let seconds = match arithmetic::number(seconds)? {
                None => return Ok(Some(SqlValue::Null)),
                Some(seconds) => seconds.to_f64(),
            };
            let whole = seconds.fract() == 0.0 && TIMESTAMPS.contains(&seconds);
            if !whole {
                return Err(invalid(format!(
                    "FROM_UNIXTIME({seconds}) takes whole seconds up to 32536771199"
                )));
            }
            temporal::from_unix_micros(seconds as i64 * 1_000_000, 0)
        }
        _ => return Ok(None),
    };
    Ok(Some(SqlValue::Moment(text)))
}

/// What `function` makes of the value's text; NULL of NULL.
fn map(
    value: &SqlValue,
    function: impl FnOnce(&str) -> Result<SqlValue, DataError>,
) -> Result<SqlValue, DataError> {
    match value.to_text() {
        Some(text) => function(&text),
        None => Ok(SqlValue::Null),
    }
}

/// The text in the other case, letter by letter: one that would become two stays.
fn each<I: Iterator<Item = char>>(text: &str, case: impl Fn(char) -> I) -> String {
    let one = |letter: char| {
        let mut other = case(letter);
        match (other.next(), other.next()) {
            (Some(other), None) => other,
            _ => letter,
        }
    };
    text.chars().map(one).collect()
}

fn object(pairs: &[SqlValue]) -> Result<SqlValue, DataError> {
    let mut object = serde_json::Map::new();
    for pair in pairs.chunks_exact(2) {
        let name = pair[0]
            .to_text()
            .ok_or_else(|| invalid("JSON documents may not contain NULL member names"))?;
        object.insert(name, pair[1].clone().into_json());
    }
    Ok(SqlValue::Json(Json::Object(object)))
}

fn concatenated<'a>(
    parts: impl Iterator<Item = &'a SqlValue>,
    separator: &[u8],
) -> Result<SqlValue, DataError> {
    let mut all = Vec::new();
    let mut binary = false;
    for (number, part) in parts.enumerate() {
        let Some(bytes) = part.to_bytes() else {
            return Ok(SqlValue::Null);
        };
        if number > 0 {
            all.extend_from_slice(separator);
        }
        binary |= part.is_binary();
        all.extend(bytes);
        if all.len() > LONGEST {
            return Err(invalid(
                "Result of concat() was larger than max_allowed_packet",
            ));
        }
    }
    match String::from_utf8(all) {
        Ok(text) if !binary => Ok(SqlValue::Text(text)),
        Ok(text) => Ok(SqlValue::Bytes(text.into_bytes())),
        Err(error) => Ok(SqlValue::Bytes(error.into_bytes())),
    }
}

fn repeated(text: &SqlValue, times: &SqlValue) -> Result<SqlValue, DataError> {
    let (Some(text), Some(times)) = (text.to_text(), arithmetic::number(times)?) else {
        return Ok(SqlValue::Null);
    };
    let times = times.to_f64().round().max(0.0) as usize;
    if text.len().saturating_mul(times) > LONGEST {
        return Err(invalid(
            "Result of repeat() was larger than max_allowed_packet",
        ));
    }
    Ok(SqlValue::Text(text.repeat(times)))
}

fn hash(algorithm: &'static Algorithm, text: &SqlValue) -> SqlValue {
    let Some(bytes) = text.to_bytes() else {
        return SqlValue::Null;
    };
    SqlValue::Text(hex::encode(digest(algorithm, &bytes)))
}
