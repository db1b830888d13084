//! PG-mode storage: buckets of one's own, `/v1/storages/bucket` and `/v1/storages/object`.

use axum::{
    Json, Router,
    response::{IntoResponse, Response},
    routing::{get, post, put},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Deserialize;
use serde_json::json;

use super::{
    Storage,
    disk::{CommitError, Record},
    key::{self, KeyProblem},
    rules::Who,
    serve::{self, ServeError},
    who,
};
use crate::error::GatewayError;
use crate::identity::Caller;
use crate::state::AppState;

pub(super) mod bucket;
pub(super) mod buckets;
mod list;
mod objects;
mod signed;
mod upload;
mod view;

use bucket::Bucket;

/// Gives a document an origin of its own: objects come from the gateway's port, and a page stored there must not use what
/// else that port serves as if it were the emulator's own.
const SANDBOX: &str = "sandbox allow-scripts allow-forms allow-popups allow-downloads";

/// Who may do what in PG-mode buckets: a stand-in for row-level security policies.
///
/// Administrators (API keys) may always do everything, and everyone may read the objects of public buckets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum BucketPolicy {
    /// Administrators manage buckets; signed-in users read all objects, create new ones, and change or
    /// delete their own. The default.
    #[default]
    Owner,
    /// Every credential, the publishable key included, may do everything.
    Open,
    /// Only administrators, as in an environment without any policy.
    Closed,
}

/// What a caller wants of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    Read,
    Create,
    Change,
}

/// An error of PG-mode storage: `{statusCode, error, message}`.
#[derive(Debug)]
pub(super) enum PgError {
    Own {
        status: StatusCode,
        error: &'static str,
        message: String,
    },
    /// The gateway itself rejects a credential.
    Gateway(GatewayError),
}

pub(super) fn routes() -> Router<AppState> {
    let object = get(objects::download).delete(objects::delete_one);
    Router::new()
        .route(
            "/v1/storages/bucket",
            get(buckets::list).post(buckets::create),
        )
        .route(
            "/v1/storages/bucket/",
            get(buckets::list).post(buckets::create),
        )
        .route(
            "/v1/storages/bucket/{id}",
            get(buckets::read)
                .put(buckets::update)
                .delete(buckets::delete),
        )
        .route("/v1/storages/object/list/{bucket}", post(list::list))
        .route("/v1/storages/object/copy", post(objects::copy))
        .route("/v1/storages/object/move", post(objects::rename))
        .route(
            "/v1/storages/object/info/{bucket}/{*name}",
            get(objects::info),
        )
        .route(
            "/v1/storages/object/public/{bucket}/{*name}",
            get(objects::public),
        )
        .route("/v1/storages/object/sign/{bucket}", post(signed::sign_many))
        .route(
            "/v1/storages/object/sign/{bucket}/{*name}",
            post(signed::sign_one).get(signed::download),
        )
        .route(
            "/v1/storages/object/upload/sign/{bucket}/{*name}",
            post(signed::sign_upload),
        )
        .route(
            "/v1/storages/object/{bucket}",
            axum::routing::delete(objects::delete_many),
        )
        .route("/v1/storages/object/{bucket}/{*name}", object)
}

pub(super) fn upload_routes() -> Router<AppState> {
    Router::new()
        .route(
            "/v1/storages/object/upload/sign/{bucket}/{*name}",
            put(signed::upload),
        )
        .route(
            "/v1/storages/object/{bucket}/{*name}",
            post(upload::create).put(upload::update),
        )
}

impl PgError {
    fn new(status: StatusCode, error: &'static str, message: impl Into<String>) -> Self {
        Self::Own {
            status,
            error,
            message: message.into(),
        }
    }

    fn invalid(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidRequest", message)
    }

    fn no_bucket() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "Bucket not found")
    }

    fn no_object() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "Object not found")
    }

    fn exists() -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "Duplicate",
            "The resource already exists",
        )
    }

    fn too_large() -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "Payload too large",
            "The object exceeded the maximum allowed size",
        )
    }

    fn denied() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "Unauthorized",
            "new row violates row-level security policy",
        )
    }

    fn token(message: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "InvalidJWT", message)
    }

    fn disk(error: &std::io::Error) -> Self {
        tracing::error!(%error, "object store");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "Internal Server Error",
        )
    }

    /// The message, for responses that carry errors per item.
    fn message(&self) -> String {
        match self {
            Self::Own { message, .. } => message.clone(),
            Self::Gateway(error) => error.to_string(),
        }
    }
}

impl IntoResponse for PgError {
    fn into_response(self) -> Response {
        match self {
            Self::Gateway(error) => error.into_response(),
            Self::Own {
                status,
                error,
                message,
            } => {
                let body = json!({
                    "statusCode": status.as_u16().to_string(),
                    "error": error,
                    "message": message,
                });
                (status, Json(body)).into_response()
            }
        }
    }
}

impl From<GatewayError> for PgError {
    fn from(error: GatewayError) -> Self {
        Self::Gateway(error)
    }
}

impl From<CommitError> for PgError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Exists => Self::exists(),
            CommitError::Disk(error) => Self::disk(&error),
        }
    }
}

impl From<ServeError> for PgError {
    fn from(error: ServeError) -> Self {
        match error {
            ServeError::Precondition => Self::new(
                StatusCode::PRECONDITION_FAILED,
                "PreconditionFailed",
                "A condition of the request does not hold",
            ),
            ServeError::Range { .. } => Self::new(
                StatusCode::RANGE_NOT_SATISFIABLE,
                "InvalidRange",
                "The requested range is not satisfiable",
            ),
            ServeError::Disk(error) => Self::disk(&error),
        }
    }
}

/// The caller of an operation that needs one.
fn caller(caller: Option<Caller>) -> Result<Who, PgError> {
    match caller {
        Some(caller) => Ok(who(&caller)),
        None => Err(PgError::new(
            StatusCode::BAD_REQUEST,
            "Error",
            "headers must have required property 'authorization'",
        )),
    }
}

/// The bucket under which the object store keeps the objects of a PG-mode bucket.
fn shelf(bucket: &str) -> String {
    format!("pg:{bucket}")
}

fn invalid_name(problem: KeyProblem) -> PgError {
    PgError::new(
        StatusCode::BAD_REQUEST,
        "InvalidKey",
        format!("The object name {problem}"),
    )
}

fn check_name(name: &str) -> Result<(), PgError> {
    key::check(name).map_err(invalid_name)
}

impl Storage {
    fn pg_bucket(&self, id: &str) -> Result<Bucket, PgError> {
        self.buckets().get(id).ok_or_else(PgError::no_bucket)
    }

    /// Checks the name of an object that is to be put.
    fn pg_check_new(&self, name: &str) -> Result<(), PgError> {
        self.check_new_key(name).map_err(invalid_name)
    }

    fn pg_object(&self, bucket: &str, name: &str) -> Option<std::sync::Arc<Record>> {
        self.disk().get(&shelf(bucket), name)
    }

    /// Whether the policy lets `who` do this to an object with this owner.
    fn pg_allows(&self, who: &Who, bucket: &Bucket, wish: Wish, owner: Option<&str>) -> bool {
        if *who == Who::Admin || wish == Wish::Read && bucket.public {
            return true;
        }
        match (self.bucket_policy(), who) {
            (BucketPolicy::Open, _) => true,
            (BucketPolicy::Owner, Who::User(id)) => wish != Wish::Change || owner == Some(id),
            (BucketPolicy::Owner | BucketPolicy::Closed, _) => false,
        }
    }

    /// Whether the policy lets `who` create, change and delete buckets.
    fn pg_manages(&self, who: &Who) -> bool {
        *who == Who::Admin || self.bucket_policy() == BucketPolicy::Open
    }

    /// The object, if there is one that `who` may read; the two cases cannot be distinguished.
    fn pg_readable(
        &self,
        who: &Who,
        bucket: &Bucket,
        name: &str,
    ) -> Result<std::sync::Arc<Record>, PgError> {
        self.pg_object(&bucket.id, name)
            .filter(|record| self.pg_allows(who, bucket, Wish::Read, record.owner.as_deref()))
            .ok_or_else(PgError::no_object)
    }

    /// Whether `who` may put an object at this place; the policy's verdict comes before `exists`.
    fn pg_may_write(
        &self,
        who: &Who,
        bucket: &Bucket,
        name: &str,
        upsert: bool,
    ) -> Result<(), PgError> {
        match self.pg_object(&bucket.id, name) {
            None if self.pg_allows(who, bucket, Wish::Create, None) => Ok(()),
            None => Err(PgError::denied()),
            Some(_) if !upsert => Err(PgError::exists()),
            Some(old) if self.pg_allows(who, bucket, Wish::Change, old.owner.as_deref()) => Ok(()),
            Some(_) => Err(PgError::denied()),
        }
    }

    /// Sends an object as PG mode does: without the headers of the store behind it.
    async fn pg_send(
        &self,
        record: &Record,
        request: &http::request::Parts,
    ) -> Result<Response, PgError> {
        let query = serve::Query::parse(request.uri.query().unwrap_or_default());
        let sent = serve::object(self, record, &request.method, &request.headers, &query).await;
        let mut response = match sent {
            Ok(response) => response,
            Err(ServeError::Range { size }) => {
                let mut response = PgError::from(ServeError::Range { size }).into_response();
                serve::mark_unsatisfiable(response.headers_mut(), size);
                return Ok(response);
            }
            Err(error) => return Err(error.into()),
        };
        response.headers_mut().remove(serve::CRC64);
        response.headers_mut().append(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(SANDBOX),
        );
        Ok(response)
    }
}

/// Whether `x-upsert: true` was sent.
fn upsert(headers: &HeaderMap) -> bool {
    headers
        .get("x-upsert")
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"true"))
}

/// The `x-metadata` header: base64 of a JSON object.
fn metadata(headers: &HeaderMap) -> Result<Option<serde_json::Value>, PgError> {
    use base64::Engine as _;
    let Some(value) = headers.get("x-metadata") else {
        return Ok(None);
    };
    base64::engine::general_purpose::STANDARD
        .decode(value.as_bytes())
        .ok()
        .and_then(|json| serde_json::from_slice::<serde_json::Value>(&json).ok())
        .filter(serde_json::Value::is_object)
        .map(Some)
        .ok_or_else(|| PgError::invalid("x-metadata must be a JSON object in base64"))
}

/// Reads a JSON body whatever its content type says.
fn body<T: for<'de> Deserialize<'de>>(bytes: &[u8]) -> Result<T, PgError> {
    serde_json::from_slice(bytes).map_err(|error| PgError::invalid(format!("body: {error}")))
}
