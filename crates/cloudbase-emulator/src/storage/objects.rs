//! The object store that signed URLs point at: a COS bucket and its download domain.
//!
//! It listens on a port of its own and knows nothing of CloudBase tokens. A path is an object key.

use axum::{
    body::Body,
    extract::{Request, State},
    response::Response,
};
use bytes::Bytes;
use futures_util::Stream;
use http::{HeaderValue, Method, StatusCode, Uri, header, request::Parts};
use uuid::Uuid;

use super::{
    Storage,
    classic::{SecurityToken, UploadGrant},
    disk::{CommitError, ObjectHeaders, Overwrite, Record},
    form,
    headers::{content_md5, lower_case, object_headers, overwrite},
    key,
    serve::{self, Query, ServeError},
    sign::{SignatureProblem, Signed},
    staging::{self, ReceiveError, Staged},
    xml::CosError,
};
use crate::{request_id::RequestId, server::Reached, state::AppState};

/// Largest object of one PUT: 5 GiB.
const MAX_OBJECT: u64 = 5 * 1024 * 1024 * 1024;

/// Handles every request of the object store.
pub(super) async fn handle(
    State(state): State<AppState>,
    reached: Reached,
    request: Request,
) -> Response {
    let storage = state.storage.inner();
    let method = request.method().clone();
    let uri = request.uri().clone();
    let id = RequestId::from_request(&request);
    let mut response = match route(storage, &reached, request, &id.0).await {
        Ok(response) => response,
        Err(error) => error.response(&method, uri.path(), &id.0),
    };
    let headers = response.headers_mut();
    headers.insert(header::SERVER, HeaderValue::from_static("tencent-cos"));
    if let Some(id) = id.header_value() {
        headers.insert("x-cos-request-id", id);
    }
    response
}

async fn route(
    storage: &Storage,
    reached: &Reached,
    request: Request,
    id: &str,
) -> Result<Response, CosError> {
    let key = key_of(request.uri())?;
    match *request.method() {
        Method::PUT => put(storage, key, request).await,
        Method::GET | Method::HEAD => {
            let _steady = storage.steady().await;
            get(storage, &key, request.into_parts().0, id).await
        }
        Method::POST => form::post(storage, reached, request).await,
        _ => Err(CosError::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "MethodNotAllowed",
            "The specified method is not allowed against this resource.",
        )),
    }
}

fn key_of(uri: &Uri) -> Result<String, CosError> {
    let raw = uri.path().strip_prefix('/').unwrap_or_default();
    key::decode_path(raw).ok_or(CosError::bad_request("InvalidURI", "The URI is not UTF-8."))
}

async fn put(storage: &Storage, key: String, request: Request) -> Result<Response, CosError> {
    let (parts, body) = request.into_parts();
    let headers = lower_case(&parts.headers);
    let text = |name: &str| headers.get(name).map(String::as_str);
    // Everything is checked before the first byte of the body is read.
    let authorization =
        text("authorization").ok_or(CosError::denied("The request is not signed."))?;
    verify(
        storage,
        authorization,
        Signed {
            method: "put",
            key: &key,
            headers: &headers,
        },
    )?;
    let grant = grant(
        storage,
        &key,
        text("x-cos-security-token"),
        text("x-cos-meta-fileid"),
    )?;
    let length: u64 = text("content-length")
        .and_then(|text| text.parse().ok())
        .ok_or(CosError::new(
            StatusCode::LENGTH_REQUIRED,
            "MissingContentLength",
            "You must provide the Content-Length HTTP header.",
        ))?;
    if length > MAX_OBJECT {
        return Err(too_large());
    }
    let md5 = text("content-md5").map(content_md5).transpose()?;
    let overwrite = overwrite(&headers);
    if overwrite == Overwrite::Forbid && storage.disk().get(storage.bucket(), &key).is_some() {
        return Err(EXISTS);
    }
    let staged = receive(storage, body.into_data_stream(), length).await?;
    if md5.is_some_and(|md5| md5 != staged.md5) {
        return Err(CosError::bad_request(
            "BadDigest",
            "The Content-MD5 you specified did not match what we received.",
        ));
    }
    let record = commit(storage, grant, staged, object_headers(&headers), overwrite).await?;
    let mut response = Response::new(Body::empty());
    serve::identify(response.headers_mut(), &record);
    Ok(response)
}

async fn get(storage: &Storage, key: &str, request: Parts, id: &str) -> Result<Response, CosError> {
    let query = Query::parse(request.uri.query().unwrap_or_default());
    authorise(storage, key, &request, &query)?;
    let record = storage
        .disk()
        .get(storage.bucket(), key)
        .ok_or(CosError::NO_SUCH_KEY)?;
    let (method, uri) = (&request.method, &request.uri);
    match serve::object(storage, &record, method, &request.headers, &query).await {
        Ok(response) => Ok(response),
        Err(ServeError::Precondition) => Err(CosError::new(
            StatusCode::PRECONDITION_FAILED,
            "PreconditionFailed",
            "At least one of the preconditions you specified did not hold.",
        )),
        Err(ServeError::Range { size }) => {
            let mut response = INVALID_RANGE.response(method, uri.path(), id);
            serve::mark_unsatisfiable(response.headers_mut(), size);
            Ok(response)
        }
        Err(ServeError::Disk(error)) => Err(disk_error(&error)),
    }
}

/// A signed request, a signed URL, or an object that everyone may read.
///
/// A Bearer header is ignored, as the download domain ignores it: some clients send one along.
fn authorise(storage: &Storage, key: &str, request: &Parts, query: &Query) -> Result<(), CosError> {
    let headers = lower_case(&request.headers);
    if let Some(authorization) = headers
        .get("authorization")
        .filter(|value| value.starts_with("q-sign-algorithm"))
    {
        let method = if request.method == Method::HEAD {
            "head"
        } else {
            "get"
        };
        return verify(
            storage,
            authorization,
            Signed {
                method,
                key,
                headers: &headers,
            },
        );
    }
    match (query.get("sign"), query.get("t")) {
        (Some(sign), Some(t)) => storage
            .signer()
            .verify_download(key, sign, t, storage.now())
            .map_err(|problem| signature_error(problem, "The signature of the URL is wrong.")),
        _ if storage.rules(|rules| rules.public_read(key)) => Ok(()),
        _ => Err(CosError::denied("Access Denied.")),
    }
}

pub(super) fn verify(
    storage: &Storage,
    authorization: &str,
    request: Signed<'_>,
) -> Result<(), CosError> {
    storage
        .signer()
        .verify(authorization, request, storage.now())
        .map_err(|problem| {
            signature_error(
                problem,
                "The Signature you specified is invalid: the request differs from what was signed.",
            )
        })
}

fn signature_error(problem: SignatureProblem, mismatch: &'static str) -> CosError {
    let code = match problem {
        SignatureProblem::Expired => return CosError::EXPIRED,
        SignatureProblem::Malformed => {
            return CosError::denied("The authorization cannot be read.");
        }
        SignatureProblem::UnknownKey => {
            return CosError::new(
                StatusCode::FORBIDDEN,
                "InvalidAccessKeyId",
                "The Access Key Id you provided does not exist in our records.",
            );
        }
        SignatureProblem::Mismatch => "SignatureDoesNotMatch",
    };
    CosError::new(StatusCode::FORBIDDEN, code, mismatch)
}

/// What the gateway allowed for this upload.
pub(super) fn grant(
    storage: &Storage,
    key: &str,
    token: Option<&str>,
    meta: Option<&str>,
) -> Result<UploadGrant, CosError> {
    let token: SecurityToken = token
        .and_then(|token| storage.signer().open("security-token", token))
        .ok_or(CosError::denied("The security token is missing or wrong."))?;
    if storage.now() > token.expires {
        return Err(CosError::EXPIRED);
    }
    meta.and_then(|meta| storage.signer().open("upload", meta))
        .filter(|grant: &UploadGrant| grant.key == key)
        .ok_or(CosError::denied(
            "x-cos-meta-fileid is missing or belongs to another object.",
        ))
}

const INVALID_RANGE: CosError = CosError::new(
    StatusCode::RANGE_NOT_SATISFIABLE,
    "InvalidRange",
    "The requested range cannot be satisfied.",
);

pub(super) const EXISTS: CosError = CosError::new(
    StatusCode::CONFLICT,
    "FileAlreadyExists",
    "The object you specified already exists and can not be overwritten.",
);

pub(super) fn too_large() -> CosError {
    CosError::bad_request(
        "EntityTooLarge",
        "Your proposed upload exceeds the maximum allowed object size.",
    )
}

/// Streams a body to disk; `length`, when known, must be what arrives.
pub(super) async fn receive<S, E>(
    storage: &Storage,
    body: S,
    length: u64,
) -> Result<Staged, CosError>
where
    S: Stream<Item = Result<Bytes, E>>,
{
    let staged = staging::receive(body, storage.disk().staging_path(), length.min(MAX_OBJECT));
    match staged.await {
        Ok(staged) => Ok(staged),
        Err(ReceiveError::TooLarge) => Err(too_large()),
        Err(ReceiveError::Body) => Err(CosError::bad_request(
            "IncompleteBody",
            "You did not provide the number of bytes specified by the Content-Length HTTP header.",
        )),
        Err(ReceiveError::Disk(error)) => Err(disk_error(&error)),
    }
}

pub(super) async fn commit(
    storage: &Storage,
    grant: UploadGrant,
    staged: Staged,
    headers: ObjectHeaders,
    overwrite: Overwrite,
) -> Result<std::sync::Arc<Record>, CosError> {
    let now = storage.now_ms();
    let record = Record {
        bucket: storage.bucket().to_owned(),
        key: grant.key,
        blob: Uuid::new_v4(),
        size: 0,
        md5: String::new(),
        crc64: 0,
        owner: grant.owner,
        created_ms: now,
        modified_ms: now,
        headers,
    };
    let _steady = storage.steady().await;
    storage
        .disk()
        .commit(staged, record, overwrite)
        .await
        .map_err(|error| match error {
            CommitError::Exists => EXISTS,
            CommitError::Disk(error) => disk_error(&error),
        })
}

pub(super) fn disk_error(error: &std::io::Error) -> CosError {
    tracing::error!(%error, "object store");
    CosError::INTERNAL
}
