//! A whole query string.

use percent_encoding::percent_decode_str;

use super::cursor::excerpt;
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
            excerpt(key)
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
                excerpt(key)
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
                excerpt(key)
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
            DataError::invalid_param(format!("{:?} is not UTF-8 after decoding", excerpt(text)))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::grammar::{Comparison, IsValue, SelectItem, Test};

    fn one(raw: &str) -> Filter {
        let mut query = parse_query(raw).unwrap();
        assert_eq!(query.filters.len(), 1, "{raw}");
        query.filters.remove(0)
    }

    fn test(column: &str, test: Test) -> Filter {
        Filter::Test {
            column: column.to_owned(),
            test,
        }
    }

    fn eq(column: &str, value: &str) -> Filter {
        test(column, Test::Compare(Comparison::Equal, value.to_owned()))
    }

    #[test]
    fn top_level_values_are_taken_whole() {
        for value in [
            "a,b",
            ")",
            "\"",
            "\\",
            "*",
            "null",
            ",or(x.eq.1)",
            "eq.1",
            "not.eq.1",
            "",
            "a\0b",
            "😀",
        ] {
            let encoded: String = value.bytes().map(|byte| format!("%{byte:02X}")).collect();
            assert_eq!(one(&format!("n=eq.{encoded}")), eq("n", value));
        }
        let long = "x".repeat(1 << 20);
        assert_eq!(one(&format!("n=eq.{long}")), eq("n", &long));
        assert_eq!(one("n=eq.a+b%2Bc"), eq("n", "a b+c"));
        assert_eq!(one("n=like.%x%25"), test("n", Test::Like("%x%".to_owned())));
    }

    #[test]
    fn members_of_lists_and_groups_keep_to_their_place() {
        let list = |raw: &str| match one(raw) {
            Filter::Test {
                test: Test::In(list),
                ..
            } => list,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            list("n=in.(1,%22a,b%22,%22c(d)%22,e%22f)"),
            ["1", "a,b", "c(d)", "e\"f"]
        );
        assert_eq!(
            list(r#"n=in.("a\"b","c\\d",",or(x.eq.1)")"#),
            ["a\"b", "c\\d", ",or(x.eq.1)"]
        );
        assert_eq!(list("n=in.()"), [""; 0]);
        assert_eq!(list("n=in.(,)"), ["", ""]);
        assert_eq!(
            one(r#"or=(a.eq.",or(x.eq.1)",not.and(b.is.null,c.not.in.(1,2)))"#),
            Filter::Any(vec![
                eq("a", ",or(x.eq.1)"),
                Filter::Not(Box::new(Filter::All(vec![
                    test("b", Test::Is(IsValue::Null)),
                    Filter::Not(Box::new(test(
                        "c",
                        Test::In(vec!["1".to_owned(), "2".to_owned()])
                    ))),
                ]))),
            ])
        );
        // Words of the grammar may be columns too.
        assert_eq!(
            one("or=(or.eq.1,not.eq.2)"),
            Filter::Any(vec![eq("or", "1"), eq("not", "2")])
        );
        assert_eq!(one("or=(order.eq.1)"), Filter::Any(vec![eq("order", "1")]));
    }

    #[test]
    fn relations_have_paths() {
        let query =
            parse_query("select=id,a:b!c!inner(*,d(e))&a.f=eq.1&a.d.not.or=(e.eq.1)&a.limit=2")
                .unwrap();
        let SelectItem::Embed(embed) = &query.select[1] else {
            panic!("{:?}", query.select)
        };
        assert_eq!(
            (
                embed.key(),
                embed.target.as_str(),
                embed.hint.as_deref(),
                embed.inner
            ),
            ("a", "b", Some("c"), true)
        );
        assert_eq!(embed.items.len(), 2);
        let paths: Vec<String> = query
            .embedded
            .iter()
            .map(|(path, _)| path.join("."))
            .collect();
        assert_eq!(paths, ["a", "a.d", "a"]);
        assert_eq!(query.embedded[0].1, EmbedOption::Filter(eq("f", "1")));
        assert!(matches!(
            query.embedded[1].1,
            EmbedOption::Filter(Filter::Not(_))
        ));
        assert_eq!(one("%22a.b%22=eq.1"), eq("a.b", "1"));
    }

    #[test]
    fn nothing_panics() {
        let pieces = [
            "or=(", ")", ",", ".", "\"", "\\", "not.", "in.(", "eq.", "a", "=", "&", "%", "%F",
            "select=", "!", ":", "*", "é", "order=", "limit=",
        ];
        let mut state = 7u64;
        for _ in 0..20_000 {
            let mut text = String::new();
            for _ in 0..12 {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1_442_695_040_888_963_407);
                text.push_str(pieces[(state >> 33) as usize % pieces.len()]);
            }
            let _ = parse_query(&text);
        }
        let _ = parse_query(&format!("or={}", "(or".repeat(100_000)));
        let _ = parse_query(&format!("select={}", "a(".repeat(100_000)));
    }
}
