//! MongoDB Extended JSON: relaxed or canonical in, canonical out.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bson::{Bson, Document};

mod decode;
mod scalar;

pub(super) use decode::Decoder;
pub(super) use scalar::regexes;

/// A value as the service writes it: every number with its type.
pub(super) fn write(out: &mut String, value: &Bson) {
    match value {
        Bson::Null => out.push_str("null"),
        Bson::Boolean(value) => out.push_str(if *value { "true" } else { "false" }),
        Bson::String(text) => write_text(out, text),
        Bson::Array(items) => {
            out.push('[');
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    out.push(',');
                }
                write(out, item);
            }
            out.push(']');
        }
        Bson::Document(document) => write_document(out, document),
        Bson::Int32(number) => write_quoted(out, "$numberInt", number),
        Bson::Int64(number) => write_quoted(out, "$numberLong", number),
        Bson::Double(number) => {
            out.push_str(r#"{"$numberDouble":""#);
            write_double(out, *number);
            out.push_str("\"}");
        }
        Bson::Decimal128(number) => write_quoted(out, "$numberDecimal", number),
        Bson::ObjectId(id) => write_quoted(out, "$oid", id),
        Bson::DateTime(at) => {
            let ms = at.timestamp_millis();
            let _ = write!(out, r#"{{"$date":{{"$numberLong":"{ms}"}}}}"#);
        }
        Bson::Timestamp(at) => {
            let (t, i) = (at.time, at.increment);
            let _ = write!(out, r#"{{"$timestamp":{{"t":{t},"i":{i}}}}}"#);
        }
        Bson::Binary(binary) => {
            let (text, kind) = (STANDARD.encode(&binary.bytes), u8::from(binary.subtype));
            let _ = write!(
                out,
                r#"{{"$binary":{{"base64":"{text}","subType":"{kind:02x}"}}}}"#
            );
        }
        Bson::RegularExpression(regex) => {
            out.push_str(r#"{"$regularExpression":{"pattern":"#);
            write_text(out, regex.pattern.as_str());
            out.push_str(r#","options":"#);
            write_text(out, regex.options.as_str());
            out.push_str("}}");
        }
        Bson::Symbol(text) => write_wrapped(out, "$symbol", text),
        Bson::JavaScriptCode(code) => write_wrapped(out, "$code", code),
        Bson::JavaScriptCodeWithScope(code) => {
            out.push_str(r#"{"$code":"#);
            write_text(out, &code.code);
            out.push_str(r#","$scope":"#);
            write_document(out, &code.scope);
            out.push('}');
        }
        Bson::MinKey => out.push_str(r#"{"$minKey":1}"#),
        Bson::MaxKey => out.push_str(r#"{"$maxKey":1}"#),
        // Nothing that is let in makes one of the two.
        Bson::Undefined | Bson::DbPointer(_) => out.push_str(r#"{"$undefined":true}"#),
    }
}

/// A document, its fields in their order.
pub(super) fn write_document(out: &mut String, document: &Document) {
    out.push('{');
    for (place, (name, value)) in document.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        write_text(out, name);
        out.push(':');
        write(out, value);
    }
    out.push('}');
}

/// A list of documents.
pub(super) fn write_list<'a>(out: &mut String, documents: impl IntoIterator<Item = &'a Document>) {
    out.push('[');
    for (place, document) in documents.into_iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        write_document(out, document);
    }
    out.push(']');
}

/// A JSON string.
pub(super) fn write_text(out: &mut String, text: &str) {
    out.push('"');
    let mut plain = 0;
    for (place, byte) in text.bytes().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.push_str(&text[plain..place]);
        let _ = match byte {
            b'"' => out.write_str("\\\""),
            b'\\' => out.write_str("\\\\"),
            b'\n' => out.write_str("\\n"),
            _ => write!(out, "\\u{byte:04x}"),
        };
        plain = place + 1;
    }
    out.push_str(&text[plain..]);
    out.push('"');
}

fn write_quoted(out: &mut String, key: &str, value: impl std::fmt::Display) {
    let _ = write!(out, r#"{{"{key}":"{value}"}}"#);
}

fn write_wrapped(out: &mut String, key: &str, text: &str) {
    let _ = write!(out, r#"{{"{key}":"#);
    write_text(out, text);
    out.push('}');
}

/// With a fraction also where it is whole, so that it cannot be taken for an integer.
fn write_double(out: &mut String, number: f64) {
    let _ = match number {
        _ if number.is_nan() => out.write_str("NaN"),
        f64::INFINITY => out.write_str("Infinity"),
        f64::NEG_INFINITY => out.write_str("-Infinity"),
        _ => write!(out, "{number:?}"),
    };
}

#[cfg(test)]
mod tests;
