//! An object as the value that its first key says it is.

use super::{Binary, BsonTimestamp, DateTime, Decimal128, Document, ObjectId, Regex, Value};

/// The value of `document`. One whose content is not what its key says stays an object, with nothing lost:
/// so does [`server_date`](crate::documents::server_date).
pub(super) fn interpret(document: Document) -> Value {
    match value_of(&document) {
        Some(value) => value,
        None => Value::Document(document),
    }
}

fn value_of(document: &Document) -> Option<Value> {
    let (key, value) = document.iter().next()?;
    let key = key.strip_prefix('$')?;
    let second = match document.len() {
        1 => None,
        2 => document.iter().nth(1),
        _ => return None,
    };
    match (key, second) {
        ("oid", None) => ObjectId::parse(value.as_str()?).map(Value::ObjectId),
        ("date", None) => date(value).map(Value::DateTime),
        ("numberInt", None) => value.as_str()?.parse().ok().map(Value::Int32),
        ("numberLong", None) => value.as_str()?.parse().ok().map(Value::Int64),
        ("numberDouble", None) => value.as_str()?.parse().ok().map(Value::Double),
        ("numberDecimal", None) => Decimal128::parse(value.as_str()?).map(Value::Decimal128),
        ("binary", None) => {
            let content = value.as_document()?;
            let text = |name| content.get(name)?.as_str();
            Binary::parse(text("base64")?, text("subType")?).map(Value::Binary)
        }
        ("binary", Some(("$type", subtype))) => {
            Binary::parse(value.as_str()?, subtype.as_str()?).map(Value::Binary)
        }
        ("regularExpression", None) => {
            let content = value.as_document()?;
            let text = |name| content.get(name)?.as_str();
            Some(regex(text("pattern")?, text("options")?))
        }
        ("regex", None) => Some(regex(value.as_str()?, "")),
        ("regex", Some(("$options", options))) => Some(regex(value.as_str()?, options.as_str()?)),
        ("timestamp", None) => timestamp(value).map(Value::Timestamp),
        ("minKey", None) => Some(Value::MinKey),
        ("maxKey", None) => Some(Value::MaxKey),
        _ => None,
    }
}

fn date(value: &Value) -> Option<DateTime> {
    match value {
        Value::Double(millis) if millis.is_finite() => {
            Some(DateTime::from_unix_millis(*millis as i64))
        }
        Value::String(text) => DateTime::parse(text),
        value => value.as_i64().map(DateTime::from_unix_millis),
    }
}

fn regex(pattern: &str, options: &str) -> Value {
    Value::Regex(Regex::new(pattern).options(options))
}

/// `{"t": …, "i": …}`, or seconds alone.
fn timestamp(value: &Value) -> Option<BsonTimestamp> {
    let number = |value: &Value| u32::try_from(value.as_i64()?).ok();
    match value {
        Value::Document(parts) => {
            let (seconds, increment) = (parts.get("t")?, parts.get("i")?);
            Some(BsonTimestamp::new(number(seconds)?, number(increment)?))
        }
        seconds => Some(BsonTimestamp::new(number(seconds)?, 0)),
    }
}
