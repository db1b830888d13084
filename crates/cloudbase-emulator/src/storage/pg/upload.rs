//! Uploads to PG-mode buckets: a binary body, or a form with the file in it.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, Request, State},
};
use bytes::Bytes;
use futures_util::{Stream, stream};
use http::{HeaderMap, StatusCode, header};
use multer::{Field, Multipart};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Bucket, PgError, caller, metadata, shelf, upsert};
use crate::identity::Caller;
use crate::server::{BODY_LIMIT, rejections::too_large};
use crate::state::AppState;
use crate::storage::{
    Storage,
    disk::{ObjectHeaders, Overwrite, Record},
    staging::{self, ReceiveError},
};

/// Type of a body that does not say.
const DEFAULT_TYPE: &str = "application/octet-stream";
/// Longest value of a form field that is not the file.
const MAX_FIELD: usize = 64 * 1024;

pub(super) async fn create(
    State(state): State<AppState>,
    who: Option<Caller>,
    Path((bucket, name)): Path<(String, String)>,
    request: Request,
) -> Result<Json<Value>, PgError> {
    let overwrite = upsert(request.headers());
    let record = checked(&state, who, &bucket, &name, request, overwrite).await?;
    Ok(Json(
        json!({"Id": record.blob, "Key": format!("{bucket}/{name}")}),
    ))
}

pub(super) async fn update(
    State(state): State<AppState>,
    who: Option<Caller>,
    Path((bucket, name)): Path<(String, String)>,
    request: Request,
) -> Result<Json<Value>, PgError> {
    let record = checked(&state, who, &bucket, &name, request, true).await?;
    Ok(Json(
        json!({"Id": record.blob, "Key": format!("{bucket}/{name}")}),
    ))
}

async fn checked(
    state: &AppState,
    who: Option<Caller>,
    bucket: &str,
    name: &str,
    request: Request,
    overwrite: bool,
) -> Result<Arc<Record>, PgError> {
    let who = caller(who)?;
    let storage = state.storage.inner();
    storage.pg_check_new(name)?;
    let bucket = storage.pg_bucket(bucket)?;
    storage.pg_may_write(&who, &bucket, name, overwrite)?;
    let place = Place {
        bucket: &bucket,
        name,
        owner: who.owner(),
        overwrite,
    };
    store(storage, place, request).await
}

/// Where an upload goes, and under whose name.
pub(super) struct Place<'a> {
    pub(super) bucket: &'a Bucket,
    pub(super) name: &'a str,
    pub(super) owner: Option<String>,
    pub(super) overwrite: bool,
}

/// Stores the body of `request`; the caller has checked that it may.
pub(super) async fn store(
    storage: &Storage,
    place: Place<'_>,
    request: Request,
) -> Result<Arc<Record>, PgError> {
    let (parts, body) = request.into_parts();
    let body = body.into_data_stream();
    let text = |name| header_text(&parts.headers, name);
    let content_type = text(header::CONTENT_TYPE).unwrap_or_else(|| DEFAULT_TYPE.to_owned());
    if let Ok(boundary) = multer::parse_boundary(&content_type) {
        return form(storage, place, Multipart::new(body, boundary)).await;
    }
    let headers = ObjectHeaders {
        content_type: Some(content_type),
        cache_control: text(header::CACHE_CONTROL),
        metadata: metadata(&parts.headers)?,
        ..ObjectHeaders::default()
    };
    write(storage, place, headers, body).await
}

async fn form(
    storage: &Storage,
    place: Place<'_>,
    mut parts: Multipart<'_>,
) -> Result<Arc<Record>, PgError> {
    let mut headers = ObjectHeaders::default();
    while let Some(mut field) = parts.next_field().await.map_err(malformed)? {
        let name = field.name().unwrap_or_default().to_owned();
        match name.as_str() {
            "cacheControl" => {
                let value = short_text(&mut field).await?;
                let is_seconds = value.bytes().all(|byte| byte.is_ascii_digit());
                headers.cache_control = Some(if is_seconds {
                    format!("max-age={value}")
                } else {
                    value
                });
            }
            "contentType" => headers.content_type = Some(short_text(&mut field).await?),
            "metadata" => {
                let value: Value = serde_json::from_str(&short_text(&mut field).await?)
                    .map_err(|_| PgError::invalid("metadata must be a JSON object"))?;
                headers.metadata = Some(value);
            }
            _ => {
                let own = field.content_type().map(ToString::to_string);
                headers.content_type = headers
                    .content_type
                    .or(own)
                    .or_else(|| Some(DEFAULT_TYPE.to_owned()));
                let body = stream::try_unfold(field, async |mut field| {
                    Ok::<_, multer::Error>(field.chunk().await?.map(|chunk| (chunk, field)))
                });
                return write(storage, place, headers, body).await;
            }
        }
    }
    Err(PgError::invalid("The form has no file"))
}

async fn write<S, E>(
    storage: &Storage,
    place: Place<'_>,
    headers: ObjectHeaders,
    body: S,
) -> Result<Arc<Record>, PgError>
where
    S: Stream<Item = Result<Bytes, E>>,
{
    let content_type = headers.content_type.as_deref().unwrap_or(DEFAULT_TYPE);
    if !place.bucket.admits_type(content_type) {
        return Err(PgError::new(
            StatusCode::BAD_REQUEST,
            "invalid_mime_type",
            format!("mime type {content_type} is not supported"),
        ));
    }
    // The gateway has a limit of its own for what passes it.
    let limit = place.bucket.file_size_limit;
    let limit = limit.unwrap_or(u64::MAX).min(BODY_LIMIT as u64);
    let staged = staging::receive(body, storage.disk().staging_path(), limit).await;
    let staged = staged.map_err(|error| match error {
        ReceiveError::TooLarge if limit == BODY_LIMIT as u64 => too_large().into(),
        ReceiveError::TooLarge => PgError::too_large(),
        ReceiveError::Body => PgError::invalid("The request body broke off"),
        ReceiveError::Disk(error) => PgError::disk(&error),
    })?;
    let now = storage.now_ms();
    let record = Record {
        bucket: shelf(&place.bucket.id),
        key: place.name.to_owned(),
        blob: Uuid::new_v4(),
        size: 0,
        md5: String::new(),
        crc64: 0,
        owner: place.owner,
        created_ms: now,
        modified_ms: now,
        headers,
    };
    let overwrite = if place.overwrite {
        Overwrite::Allow
    } else {
        Overwrite::Forbid
    };
    let _steady = storage.steady().await;
    // A reset may have taken it away while the body came.
    storage.pg_bucket(&place.bucket.id)?;
    Ok(storage.disk().commit(staged, record, overwrite).await?)
}

async fn short_text(field: &mut Field<'_>) -> Result<String, PgError> {
    let mut text = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(malformed)? {
        if text.len() + chunk.len() > MAX_FIELD {
            return Err(PgError::invalid("A field of the form is too long"));
        }
        text.extend_from_slice(&chunk);
    }
    String::from_utf8(text).map_err(|_| PgError::invalid("A field of the form is not UTF-8"))
}

fn malformed(error: multer::Error) -> PgError {
    PgError::invalid(format!("The form cannot be read: {error}"))
}

fn header_text(headers: &HeaderMap, name: header::HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}
