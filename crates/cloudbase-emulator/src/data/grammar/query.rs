//! A whole query string.

use percent_encoding::percent_decode_str;

use super::cursor::shorten;
use super::filter::{parse_group, parse_top_level};
use super::select::{parse_names, parse_order, parse_select};
use super::{EmbedOption, Filter, Query};
use crate::data::error::DataError;

/// Parses the query string of a request to a table, as it came over the wire.
pub(crate) fn parse_query(raw: &str) -> Result<Query, DataError> {
    let mut query = Query::default();
    for pair in raw.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        parse_pair(&mut query, &decode(key)?, &decode(value)?)?;
    }
    Ok(query)
}

fn parse_pair(query: &mut Query, key: &str, value: &str) -> Result<(), DataError> {
    match key {
        "select" => query.select = parse_select(key, value)?,
        "order" => query.order = parse_order(key, value)?,
        "limit" => query.limit = Some(parse_number(key, value)?),
        "offset" => query.offset = Some(parse_number(key, value)?),
        "on_conflict" => query.on_conflict = parse_names(key, value)?,
        "columns" => query.columns = Some(parse_names(key, value)?),
        _ => {
            if let Some(group) = logic(key, key, value)? {
                query.filters.push(group);
                return Ok(());
            }
            match split_path(key)? {
                (path, last) if path.is_empty() => {
                    query.filters.push(parse_top_level(&last, value)?);
                }
                (path, last) => {
                    let option = embedded(key, &last, value)?;
                    query.embedded.push((path, option));
                }
            }
        }
    }
    Ok(())
}

fn embedded(key: &str, last: &str, value: &str) -> Result<EmbedOption, DataError> {
    Ok(match last {
        "order" => EmbedOption::Order(parse_order(key, value)?),
        "limit" => EmbedOption::Limit(parse_number(key, value)?),
        "offset" => EmbedOption::Offset(parse_number(key, value)?),
        _ => EmbedOption::Filter(match logic(key, last, value)? {
            Some(group) => group,
            None => parse_top_level(last, value)?,
        }),
    })
}

/// `and`, `or`, `not.and`, `not.or`; anything else is a column, and so are these words when the
/// value is no group.
fn logic(key: &str, name: &str, value: &str) -> Result<Option<Filter>, DataError> {
    let (any, negated) = match name {
        "and" => (false, false),
        "or" => (true, false),
        "not.and" => (false, true),
        "not.or" => (true, true),
        _ => return Ok(None),
    };
    if !value.trim_start().starts_with('(') {
        return Err(DataError::invalid_param(format!(
            "query parameter {:?} takes conditions in parentheses",
            shorten(key)
        )));
    }
    parse_group(key, any, negated, value).map(Some)
}

/// `relation.relation.column` into its path and its last part. A quoted part may hold dots.
fn split_path(key: &str) -> Result<(Vec<String>, String), DataError> {
    let mut parts = Vec::new();
    let mut cursor = super::cursor::Cursor::new(key, key);
    loop {
        let part = match cursor.quoted() {
            Some(quoted) => quoted,
            None => cursor.take_while(|c| c != '.').to_owned(),
        };
        if part.is_empty() {
            return Err(DataError::invalid_param(format!(
                "query parameter {:?} is not the name of a column",
                shorten(key)
            )));
        }
        parts.push(part);
        if cursor.at_end() {
            break;
        }
        cursor.expect('.')?;
    }
    let mut last = parts.pop().unwrap_or_default();
    // `relation.not.or=(…)`
    if (last == "and" || last == "or") && parts.last().is_some_and(|part| part == "not") {
        parts.pop();
        last = format!("not.{last}");
    }
    Ok((parts, last))
}

fn parse_number(key: &str, value: &str) -> Result<u64, DataError> {
    // MySQL and SQLite both count rows in signed 64 bits.
    value
        .trim()
        .parse::<u64>()
        .ok()
        .filter(|n| i64::try_from(*n).is_ok())
        .ok_or_else(|| {
            DataError::invalid_param(format!(
                "query parameter {:?} takes a whole number, zero or more",
                shorten(key)
            ))
        })
}

/// Form decoding: `+` is a blank, a stray `%` stands for itself.
fn decode(text: &str) -> Result<String, DataError> {
    let blanks = text.replace('+', " ");
    percent_decode_str(&blanks)
        .decode_utf8()
        .map(|text| text.into_owned())
        .map_err(|_| {
            DataError::invalid_param(format!("{:?} is not UTF-8 after decoding", shorten(text)))
        })
}
