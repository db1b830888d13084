//! Form uploads to the object store, the alternative that browsers use.

use std::collections::BTreeMap;

use axum::{body::Body, extract::Request, response::Response};
use futures_util::stream;
use http::{HeaderValue, StatusCode, header};
use multer::{Field, Multipart};

use super::{
    Storage,
    headers::{object_headers, overwrite},
    key,
    objects::{commit, grant, receive, verify},
    serve,
    sign::Signed,
    xml::{CosError, post_response},
};
use crate::server::Reached;

/// Longest value of a field that is not the file.
const MAX_FIELD: usize = 20 * 1024;

const MALFORMED: CosError = CosError::bad_request(
    "MalformedPOSTRequest",
    "The body of your POST request is not well-formed multipart/form-data.",
);

/// Handles `POST` with `multipart/form-data`; the fields come before the file.
pub(super) async fn post(
    storage: &Storage,
    reached: &Reached,
    request: Request,
) -> Result<Response, CosError> {
    let boundary = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| multer::parse_boundary(value).ok())
        .ok_or(MALFORMED)?;
    let mut parts = Multipart::new(request.into_body().into_data_stream(), boundary);
    let mut fields = BTreeMap::new();
    loop {
        let field =
            parts
                .next_field()
                .await
                .map_err(|_| MALFORMED)?
                .ok_or(CosError::bad_request(
                    "MissingFile",
                    "The form has no field named file.",
                ))?;
        let name = field.name().unwrap_or_default().to_ascii_lowercase();
        if name == "file" {
            return file(storage, reached, fields, field).await;
        }
        fields.insert(name, short_text(field).await?);
    }
}

async fn file(
    storage: &Storage,
    reached: &Reached,
    mut fields: BTreeMap<String, String>,
    field: Field<'_>,
) -> Result<Response, CosError> {
    let text = |name: &str| fields.get(name).map(String::as_str);
    let key = text("key").ok_or(CosError::bad_request(
        "InvalidArgument",
        "The form has no field named key.",
    ))?;
    if key::check(key).is_err() {
        return Err(CosError::bad_request("InvalidURI", "The key is not valid."));
    }
    let signature = text("signature").ok_or(CosError::denied("The form is not signed."))?;
    // The gateway signs one text without knowing which way the upload will take, so a form is
    // checked like the PUT it stands for; a form has no headers that could have been signed.
    verify(
        storage,
        signature,
        Signed {
            method: "put",
            key,
            headers: &BTreeMap::new(),
        },
    )?;
    let grant = grant(
        storage,
        key,
        text("x-cos-security-token"),
        text("x-cos-meta-fileid"),
    )?;
    let status = match text("success_action_status") {
        Some("200") => StatusCode::OK,
        Some("201") => StatusCode::CREATED,
        _ => StatusCode::NO_CONTENT,
    };
    if let Some(content_type) = field.content_type() {
        fields
            .entry("content-type".to_owned())
            .or_insert_with(|| content_type.to_string());
    }
    let body = stream::try_unfold(field, async |mut field| {
        Ok::<_, multer::Error>(field.chunk().await?.map(|chunk| (chunk, field)))
    });
    let staged = receive(storage, body, u64::MAX).await?;
    let overwrite = overwrite(&fields);
    let record = commit(storage, grant, staged, object_headers(&fields), overwrite).await?;
    let location = format!(
        "{}/{}",
        storage.object_origin_for(reached),
        key::encode_path(&record.key)
    );
    let body = if status == StatusCode::CREATED {
        let xml = post_response(
            &location,
            storage.bucket(),
            &record.key,
            &serve::etag(&record),
        );
        Body::from(xml)
    } else {
        Body::empty()
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    if status == StatusCode::CREATED {
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/xml"),
        );
    }
    serve::set(headers, header::LOCATION, &location);
    serve::identify(headers, &record);
    Ok(response)
}

async fn short_text(mut field: Field<'_>) -> Result<String, CosError> {
    let mut text = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(|_| MALFORMED)? {
        if text.len() + chunk.len() > MAX_FIELD {
            return Err(CosError::bad_request(
                "MaxPOSTPreDataLengthExceeded",
                "The fields before the file are too large.",
            ));
        }
        text.extend_from_slice(&chunk);
    }
    String::from_utf8(text).map_err(|_| MALFORMED)
}
