//! PG-mode buckets: making, changing, listing and deleting them.

use axum::{
    Json,
    extract::{Path as UrlPath, Query, State},
};
use bytes::Bytes;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::bucket::Bucket;
use super::{PgError, body, caller, shelf};
use crate::clock::rfc3339;
use crate::identity::Caller;
use crate::state::AppState;

/// A bucket that the emulator is started with.
pub(in crate::storage) fn preset(id: &str, public: bool, now: i64) -> Result<Bucket, String> {
    let spec = Spec {
        id: id.to_owned(),
        name: None,
        public,
        kind: None,
        file_size_limit: None,
        allowed_mime_types: None,
    };
    spec.bucket(None, rfc3339(now))
        .map_err(|error| error.message())
}

#[derive(Debug, Deserialize)]
struct Spec {
    id: String,
    name: Option<String>,
    #[serde(default)]
    public: bool,
    #[serde(rename = "type")]
    kind: Option<String>,
    file_size_limit: Option<Value>,
    allowed_mime_types: Option<Vec<String>>,
}

impl Spec {
    fn bucket(self, owner: Option<String>, now: String) -> Result<Bucket, PgError> {
        check_id(&self.id)?;
        Ok(Bucket {
            name: self.name.unwrap_or_else(|| self.id.clone()),
            id: self.id,
            public: self.public,
            kind: self.kind.unwrap_or_else(|| "STANDARD".to_owned()),
            file_size_limit: size_limit(self.file_size_limit.as_ref())?,
            allowed_mime_types: self.allowed_mime_types,
            owner,
            created_at: now.clone(),
            updated_at: now,
        })
    }
}

pub(super) async fn create(
    State(state): State<AppState>,
    who: Option<Caller>,
    bytes: Bytes,
) -> Result<Json<Value>, PgError> {
    let storage = state.storage.inner();
    let who = caller(who)?;
    let bucket = body::<Spec>(&bytes)?.bucket(who.owner(), state.clock.rfc3339())?;
    if !storage.pg_manages(&who) {
        return Err(PgError::denied());
    }
    let response = json!({"name": bucket.name});
    match storage.buckets().add(bucket) {
        Ok(true) => Ok(Json(response)),
        Ok(false) => Err(PgError::exists()),
        Err(error) => Err(PgError::disk(&error)),
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Listing {
    limit: Option<usize>,
    #[serde(default)]
    offset: usize,
    sort_column: Option<String>,
    sort_order: Option<String>,
    search: Option<String>,
}

pub(super) async fn list(
    State(state): State<AppState>,
    who: Option<Caller>,
    Query(listing): Query<Listing>,
) -> Result<Json<Vec<Bucket>>, PgError> {
    let who = caller(who)?;
    let storage = state.storage.inner();
    let mut found = storage.buckets().all();
    let search = listing.search.unwrap_or_default();
    found.retain(|bucket| {
        bucket.name.contains(&search) && storage.pg_allows(&who, bucket, super::Wish::Read, None)
    });
    let key = match listing.sort_column.as_deref().unwrap_or("name") {
        "name" => |bucket: &Bucket| bucket.name.clone(),
        "id" => |bucket: &Bucket| bucket.id.clone(),
        "created_at" => |bucket: &Bucket| bucket.created_at.clone(),
        "updated_at" => |bucket: &Bucket| bucket.updated_at.clone(),
        _ => {
            return Err(PgError::invalid(
                "sortColumn must be one of id, name, created_at, updated_at",
            ));
        }
    };
    found.sort_by_key(key);
    match listing.sort_order.as_deref().unwrap_or("asc") {
        "asc" => {}
        "desc" => found.reverse(),
        _ => return Err(PgError::invalid("sortOrder must be asc or desc")),
    }
    let page = found
        .into_iter()
        .skip(listing.offset)
        .take(listing.limit.unwrap_or(100));
    Ok(Json(page.collect()))
}

pub(super) async fn read(
    State(state): State<AppState>,
    who: Option<Caller>,
    UrlPath(id): UrlPath<String>,
) -> Result<Json<Bucket>, PgError> {
    let who = caller(who)?;
    let storage = state.storage.inner();
    let bucket = storage.pg_bucket(&id)?;
    if storage.pg_allows(&who, &bucket, super::Wish::Read, None) {
        Ok(Json(bucket))
    } else {
        Err(PgError::no_bucket())
    }
}

#[derive(Debug, Deserialize)]
struct Change {
    public: Option<bool>,
    #[serde(default, deserialize_with = "given")]
    file_size_limit: Option<Value>,
    #[serde(default, deserialize_with = "given")]
    allowed_mime_types: Option<Option<Vec<String>>>,
}

/// Distinguishes a field that is `null` from one that is missing.
fn given<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    T::deserialize(deserializer).map(Some)
}

pub(super) async fn update(
    State(state): State<AppState>,
    who: Option<Caller>,
    UrlPath(id): UrlPath<String>,
    bytes: Bytes,
) -> Result<Json<Value>, PgError> {
    let who = caller(who)?;
    let storage = state.storage.inner();
    let mut bucket = storage.pg_bucket(&id)?;
    if !storage.pg_manages(&who) {
        return Err(PgError::denied());
    }
    let change: Change = body(&bytes)?;
    if let Some(public) = change.public {
        bucket.public = public;
    }
    if let Some(limit) = change.file_size_limit {
        bucket.file_size_limit = size_limit(Some(&limit))?;
    }
    if let Some(types) = change.allowed_mime_types {
        bucket.allowed_mime_types = types;
    }
    bucket.updated_at = state.clock.rfc3339();
    storage
        .buckets()
        .replace(bucket)
        .map_err(|error| PgError::disk(&error))?;
    Ok(Json(json!({"message": "Successfully updated"})))
}

pub(super) async fn delete(
    State(state): State<AppState>,
    who: Option<Caller>,
    UrlPath(id): UrlPath<String>,
) -> Result<Json<Value>, PgError> {
    let who = caller(who)?;
    let storage = state.storage.inner();
    storage.pg_bucket(&id)?;
    if !storage.pg_manages(&who) {
        return Err(PgError::denied());
    }
    if !storage.disk().list(&shelf(&id), "").is_empty() {
        return Err(PgError::new(
            StatusCode::CONFLICT,
            "InvalidRequest",
            "The bucket you tried to delete is not empty",
        ));
    }
    storage
        .buckets()
        .remove(&id)
        .map_err(|error| PgError::disk(&error))?;
    Ok(Json(json!({"message": "Successfully deleted"})))
}

fn check_id(id: &str) -> Result<(), PgError> {
    let forbidden = |c: char| c.is_control() || matches!(c, ' ' | '/' | '\\' | '?' | '#' | '%');
    let length = id.chars().count();
    if (1..=256).contains(&length) && !id.contains(forbidden) {
        return Ok(());
    }
    Err(PgError::new(
        StatusCode::BAD_REQUEST,
        "InvalidBucketName",
        "The bucket id must have 1 to 256 characters, none of them white space, a control character or one of / \\ ? # %",
    ))
}

fn size_limit(value: Option<&Value>) -> Result<Option<u64>, PgError> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value
            .as_u64()
            .or_else(|| value.as_str()?.parse().ok())
            .map(Some)
            .ok_or_else(|| PgError::invalid("file_size_limit must be a number of bytes")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_may_have_wildcards() {
        let mut bucket = preset("b", false, 0).unwrap();
        assert!(bucket.admits_type("a/b"));
        bucket.allowed_mime_types = Some(vec!["image/*".into(), "text/plain".into()]);
        assert!(bucket.admits_type("image/png"));
        assert!(bucket.admits_type("text/plain;charset=utf-8"));
        assert!(!bucket.admits_type("text/html"));
        assert!(!bucket.admits_type("imagex/png"));
    }

    #[test]
    fn ids_are_checked() {
        for bad in [
            "",
            "a b",
            "a/b",
            "a%20",
            "a?b",
            "a#b",
            "a\\b",
            "a\nb",
            &"x".repeat(257),
        ] {
            assert!(check_id(bad).is_err(), "{bad:?}");
        }
        for good in ["avatars", "\u{4f60}\u{597d}", "a.b-c_d", &"x".repeat(256)] {
            assert!(check_id(good).is_ok(), "{good:?}");
        }
    }

    #[test]
    fn a_null_is_a_change() {
        let change: Change = serde_json::from_str(r#"{"file_size_limit": null}"#).unwrap();
        assert_eq!(change.file_size_limit, Some(Value::Null));
        assert!(change.allowed_mime_types.is_none());
    }
}
