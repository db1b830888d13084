//! Signed URLs of PG mode: tokens that stand in for a credential.

use axum::{
    Json,
    extract::{Path, Query, Request, State},
    response::Response,
};
use bytes::Bytes;
use http::{HeaderMap, request::Parts};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    PgError, body, caller,
    upload::{Place, store},
    upsert,
};
use crate::identity::Caller;
use crate::server::Reached;
use crate::state::AppState;
use crate::storage::{Storage, key, rules::Who};

/// Most names in one call that signs.
const MAX_SIGN: usize = 500;
/// How long a signed upload can be used, in seconds.
const UPLOAD_LIFE: u64 = 60;

/// What a download token allows.
#[derive(Debug, Serialize, Deserialize)]
struct Grant {
    bucket: String,
    name: String,
    expires: u64,
}

/// What an upload token allows.
#[derive(Debug, Serialize, Deserialize)]
struct UploadGrant {
    grant: Grant,
    owner: Option<String>,
    upsert: bool,
}

#[derive(Debug, Deserialize)]
pub(super) struct Token {
    token: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Lifetime {
    #[serde(rename = "expiresIn")]
    expires_in: Value,
    #[serde(default)]
    paths: Vec<String>,
}

impl Lifetime {
    fn seconds(&self) -> Result<u64, PgError> {
        self.expires_in
            .as_u64()
            .filter(|seconds| *seconds >= 1)
            .ok_or_else(|| {
                PgError::invalid("expiresIn must be a whole number of seconds, at least 1")
            })
    }
}

pub(super) async fn sign_one(
    State(state): State<AppState>,
    who: Option<Caller>,
    reached: Reached,
    Path((bucket, name)): Path<(String, String)>,
    bytes: Bytes,
) -> Result<Json<Value>, PgError> {
    let who = caller(who)?;
    let seconds = body::<Lifetime>(&bytes)?.seconds()?;
    let signed = sign(state.storage.inner(), &who, &bucket, &name, seconds)?;
    Ok(Json(
        json!({"signedURL": signed, "fullSignedURL": full(&reached, &signed)}),
    ))
}

pub(super) async fn sign_many(
    State(state): State<AppState>,
    who: Option<Caller>,
    reached: Reached,
    Path(bucket): Path<String>,
    bytes: Bytes,
) -> Result<Json<Value>, PgError> {
    let who = caller(who)?;
    let request: Lifetime = body(&bytes)?;
    let seconds = request.seconds()?;
    if request.paths.is_empty() || request.paths.len() > MAX_SIGN {
        return Err(PgError::invalid("paths must hold 1 to 500 names"));
    }
    let storage = state.storage.inner();
    storage.pg_bucket(&bucket)?;
    let items =
        request
            .paths
            .into_iter()
            .map(|path| match sign(storage, &who, &bucket, &path, seconds) {
                Ok(signed) => json!({
                    "path": path,
                    "signedURL": signed,
                    "fullSignedURL": full(&reached, &signed),
                    "error": null,
                }),
                Err(error) => json!({
                    "path": path,
                    "signedURL": null,
                    "fullSignedURL": null,
                    "error": error.message(),
                }),
            });
    Ok(Json(items.collect()))
}

pub(super) async fn download(
    State(state): State<AppState>,
    Path((bucket, name)): Path<(String, String)>,
    Query(query): Query<Token>,
    parts: Parts,
) -> Result<Response, PgError> {
    let storage = state.storage.inner();
    let token = query
        .token
        .ok_or_else(|| PgError::token("The token is missing"))?;
    let grant = storage.signer().open("pg-download", &token);
    check(storage, grant.as_ref(), &bucket, &name)?;
    let record = storage
        .pg_object(&bucket, &name)
        .ok_or_else(PgError::no_object)?;
    storage.pg_send(&record, &parts).await
}

pub(super) async fn sign_upload(
    State(state): State<AppState>,
    who: Option<Caller>,
    reached: Reached,
    Path((bucket, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Json<Value>, PgError> {
    let who = caller(who)?;
    let storage = state.storage.inner();
    storage.pg_check_new(&name)?;
    let owner = storage.pg_bucket(&bucket)?;
    let upsert = upsert(&headers);
    storage.pg_may_write(&who, &owner, &name, upsert)?;
    let path = path_of("/object/upload/sign", &bucket, &name);
    let grant = Grant {
        bucket,
        name,
        expires: storage.now() + UPLOAD_LIFE,
    };
    let grant = UploadGrant {
        grant,
        owner: who.owner(),
        upsert,
    };
    let token = storage.signer().seal("pg-upload", &grant);
    let url = format!("{path}?token={token}");
    Ok(Json(
        json!({"fullURL": full(&reached, &url), "url": url, "token": token}),
    ))
}

pub(super) async fn upload(
    State(state): State<AppState>,
    Path((bucket, name)): Path<(String, String)>,
    Query(query): Query<Token>,
    request: Request,
) -> Result<Json<Value>, PgError> {
    let storage = state.storage.inner();
    let token = query
        .token
        .ok_or_else(|| PgError::token("The token is missing"))?;
    let grant: Option<UploadGrant> = storage.signer().open("pg-upload", &token);
    check(
        storage,
        grant.as_ref().map(|grant| &grant.grant),
        &bucket,
        &name,
    )?;
    let grant = grant.ok_or_else(|| PgError::token("Invalid Compact JWS"))?;
    let bucket = storage.pg_bucket(&bucket)?;
    if !grant.upsert && storage.pg_object(&bucket.id, &name).is_some() {
        return Err(PgError::exists());
    }
    let place = Place {
        bucket: &bucket,
        name: &name,
        owner: grant.owner,
        overwrite: grant.upsert,
    };
    let record = store(storage, place, request).await?;
    Ok(Json(
        json!({"Id": record.blob, "Key": format!("{}/{name}", bucket.id)}),
    ))
}

fn sign(
    storage: &Storage,
    who: &Who,
    bucket: &str,
    name: &str,
    seconds: u64,
) -> Result<String, PgError> {
    let bucket = storage.pg_bucket(bucket)?;
    storage.pg_readable(who, &bucket, name)?;
    let grant = Grant {
        bucket: bucket.id,
        name: name.to_owned(),
        expires: storage.now().saturating_add(seconds),
    };
    let token = storage.signer().seal("pg-download", &grant);
    Ok(format!(
        "{}?token={token}",
        path_of("/object/sign", &grant.bucket, name)
    ))
}

fn check(
    storage: &Storage,
    grant: Option<&Grant>,
    bucket: &str,
    name: &str,
) -> Result<(), PgError> {
    match grant {
        Some(grant) if grant.bucket == bucket && grant.name == name => {
            if storage.now() > grant.expires {
                return Err(PgError::token("jwt expired"));
            }
            Ok(())
        }
        Some(_) => Err(PgError::token("The token is for another object")),
        None => Err(PgError::token("Invalid Compact JWS")),
    }
}

fn path_of(prefix: &str, bucket: &str, name: &str) -> String {
    format!(
        "{prefix}/{}/{}",
        key::encode_component(bucket),
        key::encode_path(name)
    )
}

fn full(reached: &Reached, path: &str) -> String {
    format!("{reached}/v1/storages{path}")
}
