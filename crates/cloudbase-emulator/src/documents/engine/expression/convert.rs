//! `$convert`, `$toBool`, `$toDate`, `$toDecimal`, `$toDouble`, `$toInt`, `$toLong`, `$toObjectId`, `$toString`.

use bson::{Bson, DateTime, Decimal128, oid::ObjectId};

use super::{
    super::{
        number::{Number, double_to_i64},
        rejection::{Rejection, Result, reject},
        types::{is_true, known_name, name_of_number, type_name},
    },
    Value,
    date_from::parse_iso,
    date_to_string::iso,
    operator::{NULL, Named, NamedOperands, ONE, Operands, Positional, is_null, named, positional},
};

pub(super) const OPERATORS: &[Positional] = &[
    positional("$toBool", ONE, |operands| shorthand(operands, "bool")),
    positional("$toDate", ONE, |operands| shorthand(operands, "date")),
    positional("$toDecimal", ONE, |operands| shorthand(operands, "decimal")),
    positional("$toDouble", ONE, |operands| shorthand(operands, "double")),
    positional("$toInt", ONE, |operands| shorthand(operands, "int")),
    positional("$toLong", ONE, |operands| shorthand(operands, "long")),
    positional("$toObjectId", ONE, |operands| {
        shorthand(operands, "objectId")
    }),
    positional("$toString", ONE, |operands| shorthand(operands, "string")),
];

pub(super) const NAMED: &[Named] = &[named(
    "$convert",
    &["input", "to", "onError", "onNull"],
    2,
    convert_operands,
)];

fn shorthand(operands: &Operands<'_>, target: &'static str) -> Result<Value> {
    match operands.get(0) {
        Some(value) if !is_null(Some(value)) => convert(operands.operator, value, target).map(Some),
        _ => Ok(NULL),
    }
}

fn convert_operands(operands: &NamedOperands<'_>) -> Result<Value> {
    let target = match operands.get("to") {
        to if is_null(to) => None,
        Some(Bson::String(name)) => known_name(name),
        Some(to) => Number::from_bson(to)
            .and_then(Number::whole)
            .and_then(name_of_number),
        None => None,
    };
    let input = match operands.get("input") {
        Some(input) if !operands.is_null("input") => input,
        _ => return Ok(operands.given("onNull").cloned().unwrap_or(NULL)),
    };
    if operands.is_null("to") {
        return Ok(NULL);
    }
    let Some(target) = target else {
        reject!("$convert: `to` must be the name or the number of a type");
    };
    match (
        convert("$convert", input, target),
        operands.given("onError"),
    ) {
        (Ok(value), _) => Ok(Some(value)),
        (Err(_), Some(value)) => Ok(value.clone()),
        (Err(rejection), None) => Err(rejection),
    }
}

fn convert(operator: &str, value: &Bson, target: &str) -> Result<Bson> {
    let unsupported = || {
        Rejection::new(format!(
            "{operator}: a value of type {} cannot be converted to {target}",
            type_name(value)
        ))
    };
    if type_name(value) == target
        && matches!(
            target,
            "bool" | "date" | "decimal" | "double" | "int" | "long" | "objectId" | "string"
        )
    {
        return Ok(value.clone());
    }
    match target {
        "bool" => match value {
            Bson::String(_) | Bson::DateTime(_) | Bson::ObjectId(_) => Ok(Bson::Boolean(true)),
            value if Number::from_bson(value).is_some() => Ok(Bson::Boolean(is_true(value))),
            _ => Err(unsupported()),
        },
        "int" => {
            let whole = to_whole(operator, value)?.ok_or_else(unsupported)?;
            // A date is too large for an int, and not one of its sources.
            match i32::try_from(whole) {
                Ok(int) if !matches!(value, Bson::DateTime(_)) => Ok(Bson::Int32(int)),
                Ok(_) => Err(unsupported()),
                Err(_) => reject!("{operator}: an int cannot hold {whole}"),
            }
        }
        "long" => Ok(Bson::Int64(
            to_whole(operator, value)?.ok_or_else(unsupported)?,
        )),
        "double" => match value {
            Bson::Boolean(value) => Ok(Bson::Double(f64::from(*value))),
            Bson::DateTime(date) => Ok(Bson::Double(date.timestamp_millis() as f64)),
            Bson::String(text) => parse(operator, text, target).map(Bson::Double),
            value => Number::from_bson(value)
                .map(|number| Bson::Double(number.to_f64()))
                .ok_or_else(unsupported),
        },
        "decimal" => to_decimal(operator, value)?.ok_or_else(unsupported),
        "string" => text_of(operator, value).map(Bson::String),
        "objectId" => match value {
            Bson::String(text) => match ObjectId::parse_str(text) {
                Ok(id) => Ok(Bson::ObjectId(id)),
                Err(_) => {
                    reject!("{operator}: `{text}` is not an ObjectId of 24 hexadecimal digits")
                }
            },
            _ => Err(unsupported()),
        },
        "date" => match value {
            Bson::String(text) => parse_iso(text),
            Bson::ObjectId(id) => Ok(Bson::DateTime(id.timestamp())),
            Bson::Timestamp(timestamp) => Ok(Bson::DateTime(DateTime::from_millis(
                i64::from(timestamp.time) * 1_000,
            ))),
            Bson::Int64(_) | Bson::Double(_) | Bson::Decimal128(_) => {
                let millis = to_whole(operator, value)?.ok_or_else(unsupported)?;
                Ok(Bson::DateTime(DateTime::from_millis(millis)))
            }
            _ => Err(unsupported()),
        },
        _ => Err(unsupported()),
    }
}

/// Without the fraction; `None` if the type has no whole number.
fn to_whole(operator: &str, value: &Bson) -> Result<Option<i64>> {
    Ok(Some(match value {
        Bson::Boolean(value) => i64::from(*value),
        Bson::DateTime(date) => date.timestamp_millis(),
        Bson::String(text) => parse(operator, text, "a whole number")?,
        value => match Number::from_bson(value) {
            None => return Ok(None),
            Some(number) => match number.truncated() {
                Some(whole) => whole,
                None => reject!("{operator}: a whole number cannot hold {}", number.to_f64()),
            },
        },
    }))
}

fn parse<T: std::str::FromStr>(operator: &str, text: &str, expected: &str) -> Result<T> {
    text.parse()
        .map_err(|_| Rejection::new(format!("{operator}: `{text}` is not {expected}")))
}

fn to_decimal(operator: &str, value: &Bson) -> Result<Option<Bson>> {
    let text = match value {
        Bson::Boolean(value) => i32::from(*value).to_string(),
        Bson::Int32(value) => value.to_string(),
        Bson::Int64(value) => value.to_string(),
        // 15 digits are what a double holds for sure.
        Bson::Double(value) if value.is_finite() => format!("{value:.14e}"),
        Bson::Double(value) if value.is_nan() => "NaN".to_owned(),
        Bson::Double(value) if *value > 0.0 => "Infinity".to_owned(),
        Bson::Double(_) => "-Infinity".to_owned(),
        Bson::DateTime(date) => date.timestamp_millis().to_string(),
        Bson::String(text) => text.clone(),
        _ => return Ok(None),
    };
    parse::<Decimal128>(operator, &text, "a decimal number").map(|value| Some(value.into()))
}

/// A value as `$toString` writes it.
pub(super) fn text_of(operator: &str, value: &Bson) -> Result<String> {
    Ok(match value {
        Bson::Boolean(value) => value.to_string(),
        Bson::Int32(value) => value.to_string(),
        Bson::Int64(value) => value.to_string(),
        Bson::Double(value) => double_text(*value),
        Bson::Decimal128(value) => value.to_string(),
        Bson::String(text) | Bson::Symbol(text) => text.clone(),
        Bson::ObjectId(id) => id.to_hex(),
        Bson::DateTime(date) => iso(date.timestamp_millis())?,
        value => reject!(
            "{operator}: a value of type {} cannot be converted to string",
            type_name(value)
        ),
    })
}

/// The shortest digits that read as the same double; `1e+20` beyond 16 digits.
fn double_text(value: f64) -> String {
    let plain = value == 0.0 || (1e-5..1e16).contains(&value.abs());
    match double_to_i64(value) {
        _ if value.is_nan() => "NaN".to_owned(),
        _ if value.is_infinite() => if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned(),
        Some(whole)
            if plain && value.fract() == 0.0 && (whole != 0 || value.is_sign_positive()) =>
        {
            whole.to_string()
        }
        _ if plain => value.to_string(),
        _ => {
            let text = format!("{value:e}");
            match text.split_once('e') {
                Some((digits, exponent)) if exponent.starts_with('-') => {
                    format!("{digits}e-{:0>2}", &exponent[1..])
                }
                Some((digits, exponent)) => format!("{digits}e+{exponent:0>2}"),
                None => text,
            }
        }
    }
}
