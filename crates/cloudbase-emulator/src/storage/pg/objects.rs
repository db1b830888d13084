//! PG-mode objects: download, information, delete, copy and move.

use axum::{
    Json,
    extract::{Path, State},
    response::Response,
};
use bytes::Bytes;
use http::{HeaderMap, request::Parts};
use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{PgError, Wish, body, caller, check_name, metadata, shelf, upsert, view};
use crate::identity::Caller;
use crate::state::AppState;
use crate::storage::{
    disk::{Overwrite, Record},
    rules::Who,
};

/// Most names in one call that deletes.
const MAX_DELETE: usize = 100;

pub(super) async fn download(
    State(state): State<AppState>,
    who: Option<Caller>,
    Path((bucket, name)): Path<(String, String)>,
    parts: Parts,
) -> Result<Response, PgError> {
    let storage = state.storage.inner();
    let bucket = storage.pg_bucket(&bucket)?;
    // A public bucket needs no credential.
    let who = if bucket.public {
        Who::Visitor
    } else {
        caller(who)?
    };
    let record = storage.pg_readable(&who, &bucket, &name)?;
    storage.pg_send(&record, &parts).await
}

pub(super) async fn public(
    State(state): State<AppState>,
    Path((bucket, name)): Path<(String, String)>,
    parts: Parts,
) -> Result<Response, PgError> {
    let storage = state.storage.inner();
    let bucket = storage.pg_bucket(&bucket)?;
    if !bucket.public {
        return Err(PgError::no_bucket());
    }
    let record = storage.pg_readable(&Who::Visitor, &bucket, &name)?;
    storage.pg_send(&record, &parts).await
}

pub(super) async fn info(
    State(state): State<AppState>,
    who: Option<Caller>,
    Path((bucket, name)): Path<(String, String)>,
) -> Result<Json<Value>, PgError> {
    let who = caller(who)?;
    let storage = state.storage.inner();
    let bucket = storage.pg_bucket(&bucket)?;
    let record = storage.pg_readable(&who, &bucket, &name)?;
    Ok(Json(view::info(&record, &bucket.id)))
}

pub(super) async fn delete_one(
    State(state): State<AppState>,
    who: Option<Caller>,
    Path((bucket, name)): Path<(String, String)>,
) -> Result<Json<Value>, PgError> {
    let who = caller(who)?;
    match delete(&state, &who, &bucket, &name).await? {
        Some(_) => Ok(Json(json!({"message": "Successfully deleted"}))),
        None => Err(PgError::no_object()),
    }
}

#[derive(Debug, Deserialize)]
struct Names {
    prefixes: Vec<String>,
}

pub(super) async fn delete_many(
    State(state): State<AppState>,
    who: Option<Caller>,
    Path(bucket): Path<String>,
    bytes: Bytes,
) -> Result<Json<Value>, PgError> {
    let who = caller(who)?;
    let names = body::<Names>(&bytes)?.prefixes;
    if names.is_empty() || names.len() > MAX_DELETE {
        return Err(PgError::invalid("prefixes must hold 1 to 100 names"));
    }
    let mut deleted = Vec::new();
    for name in names {
        if let Some(object) = delete(&state, &who, &bucket, &name).await? {
            deleted.push(object);
        }
    }
    Ok(Json(Value::Array(deleted)))
}

/// Deletes one object; `None` when the caller may delete no such object.
async fn delete(
    state: &AppState,
    who: &Who,
    bucket: &str,
    name: &str,
) -> Result<Option<Value>, PgError> {
    let storage = state.storage.inner();
    let bucket = storage.pg_bucket(bucket)?;
    let Some(record) = storage.pg_object(&bucket.id, name) else {
        return Ok(None);
    };
    if !storage.pg_allows(who, &bucket, Wish::Change, record.owner.as_deref()) {
        return Ok(None);
    }
    let removed = storage.disk().remove(&shelf(&bucket.id), name).await;
    let removed = removed.map_err(|error| PgError::disk(&error))?;
    Ok(removed.map(|record| view::listed(&record, &bucket.id)))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Copy {
    bucket_id: String,
    source_key: String,
    destination_key: String,
    destination_bucket: Option<String>,
    copy_metadata: Option<bool>,
    metadata: Option<Value>,
}

pub(super) async fn copy(
    State(state): State<AppState>,
    who: Option<Caller>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Json<Value>, PgError> {
    let who = caller(who)?;
    let request: Copy = body(&bytes)?;
    let record = duplicate(&state, &who, &request, &headers, Wish::Read).await?;
    let bucket = request
        .destination_bucket
        .as_ref()
        .unwrap_or(&request.bucket_id);
    Ok(Json(
        json!({"Id": record.blob, "Key": format!("{bucket}/{}", record.key)}),
    ))
}

pub(super) async fn rename(
    State(state): State<AppState>,
    who: Option<Caller>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Json<Value>, PgError> {
    let who = caller(who)?;
    let request: Copy = body(&bytes)?;
    duplicate(&state, &who, &request, &headers, Wish::Change).await?;
    let shelf = shelf(&request.bucket_id);
    let removed = state
        .storage
        .inner()
        .disk()
        .remove(&shelf, &request.source_key)
        .await;
    removed.map_err(|error| PgError::disk(&error))?;
    Ok(Json(json!({"message": "Successfully moved"})))
}

/// Copies an object of which the caller may do `wish`.
async fn duplicate(
    state: &AppState,
    who: &Who,
    request: &Copy,
    headers: &HeaderMap,
    wish: Wish,
) -> Result<std::sync::Arc<Record>, PgError> {
    let storage = state.storage.inner();
    check_name(&request.destination_key)?;
    let from = storage.pg_bucket(&request.bucket_id)?;
    let to = match &request.destination_bucket {
        Some(id) => storage.pg_bucket(id)?,
        None => from.clone(),
    };
    let source = storage.pg_readable(who, &from, &request.source_key)?;
    if !storage.pg_allows(who, &from, wish, source.owner.as_deref()) {
        return Err(PgError::denied());
    }
    let same = from.id == to.id && request.source_key == request.destination_key;
    if same && wish == Wish::Change {
        return Err(PgError::exists());
    }
    let overwrite = upsert(headers);
    storage.pg_may_write(who, &to, &request.destination_key, overwrite)?;
    let mut object_headers = source.headers.clone();
    // What is given, in the body or the header, takes the place of what the original has, unless
    // that is asked for.
    let given = request.metadata.clone().or(metadata(headers)?);
    match request.copy_metadata {
        Some(true) => {}
        None if given.is_none() => {}
        Some(false) | None => object_headers.metadata = given,
    }
    let now = storage.now_ms();
    let copy = Record {
        bucket: shelf(&to.id),
        key: request.destination_key.clone(),
        blob: Uuid::new_v4(),
        owner: who.owner(),
        created_ms: now,
        modified_ms: now,
        headers: object_headers,
        ..(*source).clone()
    };
    let overwrite = if overwrite {
        Overwrite::Allow
    } else {
        Overwrite::Forbid
    };
    Ok(storage.disk().copy(&source, copy, overwrite).await?)
}
