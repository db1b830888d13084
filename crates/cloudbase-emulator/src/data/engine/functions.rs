//! What SQLite learns to behave like MySQL: collations, `LIKE`, `REGEXP` and a few functions.

use regex::{Regex, RegexBuilder};
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Error, Result};

use super::Dialect;
use crate::clock::Clock;
use crate::data::catalog::Column;
use crate::data::collation::Collation;
use crate::data::collation::Pattern;
use crate::data::ddl::DEFAULT_FUNCTION;
use crate::data::defaults::{self, InsertValue};
use crate::data::value::Cell;
use crate::data::{decimal, temporal};

const PURE: FunctionFlags = FunctionFlags::SQLITE_UTF8.union(FunctionFlags::SQLITE_DETERMINISTIC);

/// Registers everything on a new connection.
pub(super) fn register(connection: &Connection, clock: Clock) -> Result<()> {
    for collation in Collation::ALL {
        if let Some(name) = collation.sqlite_name() {
            connection.create_collation(name, move |a, b| collation.compare(a, b))?;
        }
    }
    connection.create_collation("mysql_decimal", decimal::compare)?;
    connection.create_scalar_function("like", 2, PURE, |context| like(context, false))?;
    connection.create_scalar_function("like_binary", 2, PURE, |context| like(context, true))?;
    connection.create_scalar_function("regexp", 2, PURE, |context| regexp(context, false))?;
    connection.create_scalar_function("regexp_binary", 2, PURE, |context| regexp(context, true))?;
    let utc = FunctionFlags::SQLITE_UTF8;
    for name in ["now", "utc_timestamp"] {
        let clock = clock.clone();
        connection.create_scalar_function(name, 0, utc, move |_| {
            Ok(temporal::from_unix_micros(
                clock.now_ms().saturating_mul(1000),
                0,
            ))
        })?;
    }
    let seconds = clock.clone();
    connection.create_scalar_function("unix_timestamp", 0, utc, move |_| Ok(seconds.now_secs()))?;
    let today = clock.clone();
    connection.create_scalar_function("curdate", 0, utc, move |_| {
        let now = temporal::from_unix_micros(today.now_ms().saturating_mul(1000), 0);
        Ok(temporal::date_of(&now))
    })?;
    connection.create_scalar_function(DEFAULT_FUNCTION, 1, utc, move |context| {
        let column: Column = serde_json::from_str(&context.get::<String>(0)?)
            .map_err(|error| Error::UserFunctionError(error.into()))?;
        match defaults::default(Dialect::Sqlite, &column, 1, clock.now_ms()) {
            Ok(InsertValue::Cell(cell)) => Ok(cell),
            Ok(InsertValue::Default) => Ok(Cell::Null),
            Err(error) => Err(Error::UserFunctionError(error.message.into())),
        }
    })?;
    connection.create_scalar_function("concat", -1, PURE, |context| {
        let mut out = String::new();
        for index in 0..context.len() {
            match as_text(context.get_raw(index)) {
                Some(text) => out.push_str(&text),
                None => return Ok(None),
            }
        }
        Ok(Some(out))
    })?;
    connection.create_scalar_function("char_length", 1, PURE, |context| {
        Ok(as_text(context.get_raw(0)).map(|text| text.chars().count() as i64))
    })?;
    Ok(())
}

/// `value LIKE pattern` calls `like(pattern, value)`.
fn like(context: &Context<'_>, binary: bool) -> Result<Option<bool>> {
    if matches!(context.get_raw(0), ValueRef::Null) {
        return Ok(None);
    }
    let Some(text) = as_text(context.get_raw(1)) else {
        return Ok(None);
    };
    // A pattern that is not the same for every row cannot be kept; SQLite sees to that.
    let pattern = context.get_or_create_aux(0, |value| {
        Ok::<_, Error>(Pattern::new(&as_text(value).unwrap_or_default()))
    })?;
    Ok(Some(pattern.matches(&text, binary)))
}

/// `value REGEXP pattern` calls `regexp(pattern, value)`.
fn regexp(context: &Context<'_>, binary: bool) -> Result<Option<bool>> {
    if matches!(context.get_raw(0), ValueRef::Null) {
        return Ok(None);
    }
    let Some(text) = as_text(context.get_raw(1)) else {
        return Ok(None);
    };
    let pattern = context.get_or_create_aux(0, |value| {
        compile(&as_text(value).unwrap_or_default(), binary)
            .map_err(|error| Error::UserFunctionError(error.into()))
    })?;
    Ok(Some(pattern.is_match(&text)))
}

/// A regular expression as MySQL reads it: case does not count unless the column is binary.
pub(crate) fn compile(pattern: &str, binary: bool) -> std::result::Result<Regex, String> {
    if pattern.is_empty() {
        return Err("Illegal argument to a regular expression.".to_owned());
    }
    RegexBuilder::new(pattern)
        .case_insensitive(!binary)
        .size_limit(4 << 20)
        .build()
        .map_err(|error| match error {
            regex::Error::CompiledTooBig(_) => "the regular expression is too large".to_owned(),
            error => format!("the regular expression cannot be read: {error}"),
        })
}

fn as_text(value: ValueRef<'_>) -> Option<std::borrow::Cow<'_, str>> {
    match value {
        ValueRef::Null => None,
        ValueRef::Integer(value) => Some(value.to_string().into()),
        ValueRef::Real(value) => Some(value.to_string().into()),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(String::from_utf8_lossy(bytes)),
    }
}
