//! `GET` and `HEAD`: rows and their number.

use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, StatusCode, header};

use super::{Request, set};
use crate::data::error::DataError;
use crate::data::fetch;
use crate::data::grammar::{CountPreference, Query};
use crate::data::permission::Access;

/// Rows of a table.
pub(super) async fn get(mut request: Request, headers: &HeaderMap) -> Result<Response, DataError> {
    if let Some(range) = headers.get(header::RANGE) {
        let range = range.to_str().unwrap_or_default();
        apply_range(&mut request.query, range)?;
    }
    let table = request.catalog.table(&request.table)?;
    let plan = request
        .planner()
        .plan(table, &request.query, Access::Read)?;
    let dialect = request.dialect();
    let mut session = request.engine.session().await?;
    let rows = fetch::page(session.as_mut(), dialect, &plan).await?;
    let total = match request.prefer.count {
        Some(CountPreference::Exact) => Some(fetch::count(session.as_mut(), dialect, &plan).await?),
        None => None,
    };
    drop(session);
    let mut response = (StatusCode::OK, request.rows_body(&rows, &plan)?).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, request.content_type());
    set(
        headers,
        "content-range",
        &content_range(plan.offset, rows.rows.len() as u64, total),
    );
    Ok(response)
}

/// How many rows there are.
pub(super) async fn head(request: Request) -> Result<Response, DataError> {
    if request.prefer.count.is_none() {
        return Err(DataError::invalid_param(
            "HEAD needs the header Prefer: count=exact",
        ));
    }
    let table = request.catalog.table(&request.table)?;
    let plan = request
        .planner()
        .plan(table, &request.query, Access::Read)?;
    let mut session = request.engine.session().await?;
    let total = fetch::count(session.as_mut(), request.dialect(), &plan).await?;
    drop(session);
    let shown = total
        .saturating_sub(plan.offset)
        .min(plan.limit.unwrap_or(u64::MAX));
    let mut response = StatusCode::OK.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, request.content_type());
    set(
        headers,
        "content-range",
        &content_range(plan.offset, shown, Some(total)),
    );
    Ok(response)
}

/// `0-9/100`
fn content_range(first: u64, count: u64, total: Option<u64>) -> String {
    let rows = match count {
        0 => "*".to_owned(),
        count => format!("{first}-{}", first.saturating_add(count) - 1),
    };
    match total {
        Some(total) => format!("{rows}/{total}"),
        None => format!("{rows}/*"),
    }
}

/// `Range: 10-19`, which narrows what `offset` and `limit` say.
fn apply_range(query: &mut Query, range: &str) -> Result<(), DataError> {
    let wrong = || DataError::invalid_param("the header Range is first-last or first-, in rows");
    let text = range.trim();
    let text = text.strip_prefix("items=").unwrap_or(text);
    let (first, last) = text.split_once('-').ok_or_else(wrong)?;
    let first: u64 = first.trim().parse().map_err(|_| wrong())?;
    let count = match last.trim() {
        "" => None,
        last => {
            let last: u64 = last.parse().map_err(|_| wrong())?;
            Some(last.checked_sub(first).ok_or_else(wrong)?.saturating_add(1))
        }
    };
    let most = i64::MAX as u64;
    query.offset = Some(query.offset.unwrap_or(0).saturating_add(first).min(most));
    query.limit = match (query.limit, count) {
        (Some(limit), Some(count)) => Some(limit.min(count)),
        (limit, count) => limit.or(count),
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_narrow_limits() {
        let mut query = Query {
            limit: Some(5),
            ..Query::default()
        };
        apply_range(&mut query, "10-19").unwrap();
        assert_eq!((query.offset, query.limit), (Some(10), Some(5)));
        let mut query = Query::default();
        apply_range(&mut query, "items=3-").unwrap();
        assert_eq!((query.offset, query.limit), (Some(3), None));
        for bad in ["", "a-b", "5-1", "-3", "1"] {
            assert!(apply_range(&mut Query::default(), bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn content_ranges() {
        assert_eq!(content_range(0, 2, Some(15)), "0-1/15");
        assert_eq!(content_range(10, 0, Some(3)), "*/3");
        assert_eq!(content_range(0, 1, None), "0-0/*");
    }
}
