//! A table that is made up as it is read, so that a million rows cost the server nothing.

use std::fmt::Write as _;

use bytes::Bytes;
use http::Uri;

/// How many rows the table has.
pub const ROWS: u64 = 1_000_000;

/// The page of rows that a request for a table asks for by `limit` and `offset`.
pub(crate) fn page(uri: &Uri) -> Option<Bytes> {
    if !uri.path().starts_with("/v1/rdb/rest/") {
        return None;
    }
    let number = |name: &str| {
        let mut pairs = uri
            .query()?
            .split('&')
            .filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name)?.1.parse::<u64>().ok()
    };
    let first = number("offset").unwrap_or(0).min(ROWS);
    let end = first
        .saturating_add(number("limit").unwrap_or(ROWS))
        .min(ROWS);
    let mut json = String::from("[");
    for id in first..end {
        if id > first {
            json.push(',');
        }
        let _ = write!(
            json,
            r#"{{"id":{id},"title":"Row number {id}, of a usual length","done":{},"price":"{}.90"}}"#,
            id % 2,
            id % 1000,
        );
    }
    json.push(']');
    Some(json.into())
}
