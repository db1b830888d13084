//! The types that JSON lacks, each an object with a `$` key.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bson::oid::ObjectId;
use bson::spec::BinarySubtype;
use bson::{
    Binary, Bson, DateTime, Decimal128, Document, JavaScriptCodeWithScope, Regex, Timestamp,
};

/// The value that an object stands for: itself, unless its only key is one of a type.
///
/// `{"$regex", "$options"}` stays an object: in a filter it is an operator, see [`regexes`].
pub(super) fn typed(document: Document, now_ms: i64) -> Result<Bson, String> {
    let Some((key, operand)) = document.iter().next() else {
        return Ok(document.into());
    };
    if !key.starts_with('$') {
        return Ok(document.into());
    }
    if document.len() == 2
        && key == "$code"
        && let (Bson::String(code), Some(Bson::Document(scope))) = (operand, document.get("$scope"))
    {
        return Ok(Bson::JavaScriptCodeWithScope(JavaScriptCodeWithScope {
            code: code.clone(),
            scope: scope.clone(),
        }));
    }
    if document.len() > 1 {
        return Ok(document.into());
    }
    let value = match key.as_str() {
        "$oid" => text(operand).and_then(|hex| Some(ObjectId::parse_str(hex).ok()?.into())),
        "$numberInt" => text(operand).and_then(|digits| Some(Bson::Int32(digits.parse().ok()?))),
        "$numberLong" => text(operand).and_then(|digits| Some(Bson::Int64(digits.parse().ok()?))),
        "$numberDouble" => text(operand).and_then(double).map(Bson::Double),
        "$numberDecimal" => {
            text(operand).and_then(|digits| Some(digits.parse::<Decimal128>().ok()?.into()))
        }
        "$date" => date(operand, now_ms).map(|ms| DateTime::from_millis(ms).into()),
        "$tcb_server_date" => {
            server_date(operand, now_ms).map(|ms| DateTime::from_millis(ms).into())
        }
        "$binary" => binary(operand),
        "$uuid" => text(operand).and_then(|text| {
            let uuid = uuid::Uuid::try_parse(text).ok()?;
            Some(Bson::Binary(Binary {
                subtype: BinarySubtype::Uuid,
                bytes: uuid.as_bytes().to_vec(),
            }))
        }),
        "$regularExpression" => operand.as_document().and_then(|operand| {
            let options = operand.get_str("options").unwrap_or_default();
            regex(operand.get_str("pattern").ok()?, options)
        }),
        "$timestamp" => timestamp(operand),
        "$symbol" => text(operand).map(|text| Bson::Symbol(text.to_owned())),
        "$code" => text(operand).map(|text| Bson::JavaScriptCode(text.to_owned())),
        "$minKey" => Some(Bson::MinKey),
        "$maxKey" => Some(Bson::MaxKey),
        "$undefined" => Some(Bson::Null),
        // An operator.
        _ => return Ok(document.into()),
    };
    value.ok_or_else(|| format!("the operand of {key} is not one of its type"))
}

/// A value to be stored: `{"$regex", "$options"}` in it are regular expressions.
pub(in super::super) fn regexes(value: Bson) -> Bson {
    match value {
        Bson::Array(items) => Bson::Array(items.into_iter().map(regexes).collect()),
        Bson::Document(document) => stored_regex(&document).unwrap_or_else(|| {
            let fields = document.into_iter();
            Bson::Document(fields.map(|(name, value)| (name, regexes(value))).collect())
        }),
        value => value,
    }
}

fn stored_regex(document: &Document) -> Option<Bson> {
    let pattern = document.get_str("$regex").ok()?;
    match (document.len(), document.get_str("$options")) {
        (1, _) => regex(pattern, ""),
        (2, Ok(options)) => regex(pattern, options),
        _ => None,
    }
}

fn regex(pattern: &str, options: &str) -> Option<Bson> {
    // In the order of the alphabet, as they are kept.
    let mut letters: Vec<char> = options.chars().collect();
    letters.sort_unstable();
    Some(Bson::RegularExpression(Regex {
        pattern: pattern.try_into().ok()?,
        options: letters.into_iter().collect::<String>().try_into().ok()?,
    }))
}

fn text(value: &Bson) -> Option<&str> {
    value.as_str()
}

fn double(text: &str) -> Option<f64> {
    match text {
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        "NaN" => Some(f64::NAN),
        // Rust reads more words for these than there are.
        _ if text.bytes().any(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        _ => None,
    }
}

/// Milliseconds since the epoch.
fn date(operand: &Bson, now_ms: i64) -> Option<i64> {
    match operand {
        Bson::String(text) => Some(DateTime::parse_rfc3339_str(text).ok()?.timestamp_millis()),
        Bson::Document(_) => server_date(operand, now_ms),
        value => whole(value),
    }
}

/// The server's date and so many milliseconds.
fn server_date(operand: &Bson, now_ms: i64) -> Option<i64> {
    let operand = operand.as_document()?;
    let offset = match operand.get("offset") {
        None if operand.is_empty() => 0,
        offset => whole(offset?)?,
    };
    (operand.len() <= 1).then(|| now_ms.saturating_add(offset))
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "compared afterwards"
)]
fn whole(value: &Bson) -> Option<i64> {
    match value {
        Bson::Int32(number) => Some((*number).into()),
        Bson::Int64(number) => Some(*number),
        Bson::Double(number) => (*number as i64 as f64 == *number).then_some(*number as i64),
        _ => None,
    }
}

fn binary(operand: &Bson) -> Option<Bson> {
    let operand = operand.as_document()?;
    let kind = u8::from_str_radix(operand.get_str("subType").ok()?, 16).ok()?;
    Some(Bson::Binary(Binary {
        subtype: kind.into(),
        bytes: STANDARD.decode(operand.get_str("base64").ok()?).ok()?,
    }))
}

/// `{"t", "i"}`, or seconds alone as the JavaScript SDK reads them.
fn timestamp(operand: &Bson) -> Option<Bson> {
    let part = |value: &Bson| u32::try_from(whole(value)?).ok();
    let (time, increment) = match operand {
        Bson::Document(operand) => (part(operand.get("t")?)?, part(operand.get("i")?)?),
        seconds => (part(seconds)?, 0),
    };
    Some(Bson::Timestamp(Timestamp { time, increment }))
}
