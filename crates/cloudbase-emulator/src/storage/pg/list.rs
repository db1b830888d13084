//! Listing a PG-mode bucket, page by page.

use std::{cmp::Ordering, collections::BTreeSet};

use axum::{
    Json,
    extract::{Path, State},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{PgError, Wish, body, caller, shelf, view};
use crate::identity::Caller;
use crate::state::AppState;
use crate::storage::disk::Record;

/// Most entries on a page; more are not rejected but left for the next one.
const MAX_PAGE: usize = 1000;
/// Entries on a page when the caller does not say.
const DEFAULT_PAGE: usize = 100;

#[derive(Debug, Deserialize)]
struct ListRequest {
    #[serde(default)]
    prefix: String,
    limit: Option<usize>,
    cursor: Option<String>,
    #[serde(default)]
    with_delimiter: bool,
    #[serde(rename = "sortBy")]
    sort_by: Option<SortBy>,
}

#[derive(Debug, Default, Deserialize)]
struct SortBy {
    #[serde(default)]
    column: Column,
    #[serde(default)]
    order: Order,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Column {
    #[default]
    Name,
    CreatedAt,
    UpdatedAt,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Order {
    #[default]
    Asc,
    Desc,
}

/// Where an entry stands in the order; the cursor is the place of a page's last entry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Place {
    time: u64,
    name: String,
}

pub(super) async fn list(
    State(state): State<AppState>,
    who: Option<Caller>,
    Path(bucket): Path<String>,
    bytes: Bytes,
) -> Result<Json<Value>, PgError> {
    let who = caller(who)?;
    let storage = state.storage.inner();
    let bucket = storage.pg_bucket(&bucket)?;
    let request: ListRequest = body(&bytes)?;
    let mut records = storage.disk().list(&shelf(&bucket.id), &request.prefix);
    records.retain(|record| storage.pg_allows(&who, &bucket, Wish::Read, record.owner.as_deref()));
    let page = page(&records, &request)?;
    let objects = page
        .objects
        .iter()
        .map(|record| view::listed(record, &bucket.id));
    let folders = page
        .folders
        .iter()
        .map(|folder| json!({"name": folder, "key": folder}));
    Ok(Json(json!({
        "hasNext": page.next.is_some(),
        "nextCursor": page.next,
        "folders": folders.collect::<Vec<_>>(),
        "objects": objects.collect::<Vec<_>>(),
    })))
}

#[derive(Debug)]
struct Page<'a> {
    objects: Vec<&'a Record>,
    folders: Vec<String>,
    next: Option<String>,
}

fn page<'a, R: std::ops::Deref<Target = Record>>(
    records: &'a [R],
    request: &ListRequest,
) -> Result<Page<'a>, PgError> {
    let limit = request.limit.unwrap_or(DEFAULT_PAGE);
    if limit == 0 {
        return Err(PgError::invalid("limit must be at least 1"));
    }
    let after = request.cursor.as_deref().map(read_cursor).transpose()?;
    let sort = request.sort_by.as_ref();
    let column = sort.map_or(Column::Name, |sort| sort.column);
    let descending = sort.is_some_and(|sort| sort.order == Order::Desc);
    let compare = |a: &Place, b: &Place| if descending { b.cmp(a) } else { a.cmp(b) };

    let mut folders = BTreeSet::new();
    let mut entries: Vec<(Place, Option<&Record>)> = Vec::new();
    for record in records {
        let below = &record.key[request.prefix.len()..];
        match below.find('/').filter(|_| request.with_delimiter) {
            Some(slash) => {
                let folder = record.key[..request.prefix.len() + slash + 1].to_owned();
                if folders.insert(folder.clone()) {
                    entries.push((
                        Place {
                            time: 0,
                            name: folder,
                        },
                        None,
                    ));
                }
            }
            None => {
                let time = match column {
                    Column::Name => 0,
                    Column::CreatedAt => record.created_ms,
                    Column::UpdatedAt => record.modified_ms,
                };
                entries.push((
                    Place {
                        time,
                        name: record.key.clone(),
                    },
                    Some(&**record),
                ));
            }
        }
    }
    entries.sort_by(|(a, _), (b, _)| compare(a, b));
    if let Some(after) = after {
        entries.retain(|(place, _)| compare(place, &after) == Ordering::Greater);
    }
    let size = limit.min(MAX_PAGE);
    let next = entries
        .get(size)
        .and_then(|_| entries.get(size - 1))
        .map(|(place, _)| write_cursor(place));
    entries.truncate(size);
    let objects = entries.iter().filter_map(|(_, record)| *record).collect();
    let folders = entries
        .into_iter()
        .filter(|(_, record)| record.is_none())
        .map(|(place, _)| place.name);
    Ok(Page {
        objects,
        folders: folders.collect(),
        next,
    })
}

fn write_cursor(place: &Place) -> String {
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(place).unwrap_or_default())
}

fn read_cursor(cursor: &str) -> Result<Place, PgError> {
    URL_SAFE_NO_PAD
        .decode(cursor)
        .ok()
        .and_then(|json| serde_json::from_slice(&json).ok())
        .ok_or_else(|| PgError::invalid("cursor is not one that a list returned"))
}
