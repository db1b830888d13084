//! The four batch endpoints of classic storage, `POST /v1/storages/*-objects*`.

use std::collections::BTreeMap;

use http::{HeaderName, HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Storage,
    disk::{CommitError, Overwrite, Record},
    key,
    rules::Who,
    sign::Signed,
};
use crate::error::GatewayError;

/// Most objects in one call. The service does not publish its number; this is the limit of the
/// mini-program interface to the same back end.
const MAX_BATCH: usize = 50;
/// How long upload information can be used, in seconds.
const UPLOAD_LIFE: u64 = 1800;
/// How long a download URL lives when the caller names no lifetime, in seconds.
const DOWNLOAD_LIFE: u64 = 7200;

/// What `cloudObjectMeta` seals: what the upload will become.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct UploadGrant {
    pub(super) key: String,
    pub(super) owner: Option<String>,
}

/// What the temporary security token seals.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SecurityToken {
    pub(super) expires: u64,
}

/// An item of the response that failed.
#[derive(Debug)]
struct ItemError {
    code: &'static str,
    message: String,
}

impl ItemError {
    fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    fn invalid(message: impl Into<String>) -> Self {
        Self::new("INVALID_PARAM", message)
    }

    fn denied() -> Self {
        Self::new(
            "STORAGE_EXCEED_AUTHORITY",
            "The storage permission rejects this identity.",
        )
    }

    fn missing() -> Self {
        Self::new("OBJECT_NOT_EXIST", "Storage object not exists.")
    }

    fn failed(error: &std::io::Error) -> Self {
        tracing::error!(%error, "object store");
        Self::new("COS_ACTION_FAILED", "Execute COS action failed.")
    }
}

/// Reads the body of a batch call: a non-empty array of at most 50 items.
pub(super) fn batch(body: &[u8]) -> Result<Vec<Value>, GatewayError> {
    let items: Vec<Value> = serde_json::from_slice(body).map_err(|error| {
        GatewayError::bad_request(
            "INVALID_PARAM",
            format!("The body must be a JSON array of objects ({error})."),
        )
    })?;
    if items.is_empty() {
        return Err(GatewayError::bad_request(
            "INVALID_PARAM",
            "The array must not be empty.",
        ));
    }
    if items.len() > MAX_BATCH {
        return Err(GatewayError::forbidden(
            "OBJECT_BATCH_TOO_LARGE",
            format!(
                "{} objects in one call; at most {MAX_BATCH} are allowed.",
                items.len()
            ),
        ));
    }
    Ok(items)
}

impl Storage {
    /// `get-objects-upload-info`.
    pub(super) fn upload_info(&self, who: &Who, origin: &str, items: &[Value]) -> Value {
        let one = |item| self.upload_item(who, origin, item);
        let items = items.iter();
        items
            .map(|item| one(item).unwrap_or_else(failed_item(None)))
            .collect()
    }

    fn upload_item(&self, who: &Who, origin: &str, item: &Value) -> Result<Value, ItemError> {
        let key = text(item, "objectId")?;
        self.check_new_key(key)
            .map_err(|problem| ItemError::invalid(format!("objectId {problem}.")))?;
        let headers = signed_headers(item.get("signedHeader"))?;
        let record = self.disk().get(self.bucket(), key);
        let existing = record.as_ref().map(|record| record.owner.as_deref());
        if !self.rules(|rules| rules.may_write(who, key, existing)) {
            return Err(ItemError::denied());
        }
        let now = self.now();
        let request = Signed {
            method: "put",
            key,
            headers: &headers,
        };
        let grant = UploadGrant {
            key: key.to_owned(),
            owner: who.owner(),
        };
        let token = SecurityToken {
            expires: now + UPLOAD_LIFE,
        };
        let (plain, encoded) = self.download_urls(origin, key, None);
        Ok(json!({
            "objectId": key,
            "uploadUrl": format!("{origin}/{}", key::encode_path(key)),
            "authorization": self.signer().authorization(request, now, now + UPLOAD_LIFE),
            "token": self.signer().seal("security-token", &token),
            "cloudObjectMeta": self.signer().seal("upload", &grant),
            "cloudObjectId": key::file_id(self.env(), self.bucket(), key),
            "downloadUrl": plain,
            "downloadUrlEncoded": encoded,
        }))
    }

    /// `get-objects-download-info`.
    pub(super) fn download_info(&self, who: &Who, origin: &str, items: &[Value]) -> Value {
        let one = |item: &Value| {
            let id = item.get("cloudObjectId").cloned();
            self.download_item(who, origin, item)
                .unwrap_or_else(failed_item(id))
        };
        items.iter().map(one).collect()
    }

    fn download_item(&self, who: &Who, origin: &str, item: &Value) -> Result<Value, ItemError> {
        let id = text(item, "cloudObjectId")?;
        let key = self.key_of(id)?;
        let max_age = match item.get("maxAge") {
            None | Some(Value::Null) => None,
            Some(age) => Some(age.as_u64().filter(|age| *age >= 1).ok_or_else(|| {
                ItemError::invalid("maxAge must be a whole number of seconds, at least 1.")
            })?),
        };
        let record = self.disk().get(self.bucket(), key);
        let existing = record.as_ref().map(|record| record.owner.as_deref());
        if !self.rules(|rules| rules.may_read(who, key, existing)) {
            return Err(ItemError::denied());
        }
        // A URL is handed out even when there is no object: asking for it then gives 404.
        let (plain, encoded) = self.download_urls(origin, key, max_age);
        Ok(json!({"cloudObjectId": id, "downloadUrl": plain, "downloadUrlEncoded": encoded}))
    }

    /// The download URL of `key`, plain and percent-encoded.
    ///
    /// Objects that everyone may read carry no signature unless a lifetime was asked for.
    fn download_urls(&self, origin: &str, key: &str, max_age: Option<u64>) -> (String, String) {
        let query = if max_age.is_none() && self.rules(|rules| rules.public_read(key)) {
            String::new()
        } else {
            let expires = self.now().saturating_add(max_age.unwrap_or(DOWNLOAD_LIFE));
            format!(
                "?sign={}&t={expires}",
                self.signer().download_sign(key, expires)
            )
        };
        (
            format!("{origin}/{key}{query}"),
            format!("{origin}/{}{query}", key::encode_path(key)),
        )
    }

    /// `delete-objects`.
    pub(super) async fn delete_objects(&self, who: &Who, items: &[Value]) -> Value {
        let mut results = Vec::with_capacity(items.len());
        for item in items {
            let id = item.get("cloudObjectId").cloned();
            results.push(
                self.delete_item(who, item)
                    .await
                    .unwrap_or_else(failed_item(id)),
            );
        }
        Value::Array(results)
    }

    async fn delete_item(&self, who: &Who, item: &Value) -> Result<Value, ItemError> {
        let id = text(item, "cloudObjectId")?;
        let key = self.key_of(id)?;
        let record = self.disk().get(self.bucket(), key);
        let existing = record.as_ref().map(|record| record.owner.as_deref());
        if !self.rules(|rules| rules.may_write(who, key, existing)) {
            return Err(ItemError::denied());
        }
        match self.disk().remove(self.bucket(), key).await {
            Ok(Some(_)) => Ok(json!({"cloudObjectId": id})),
            Ok(None) => Err(ItemError::missing()),
            Err(error) => Err(ItemError::failed(&error)),
        }
    }

    /// `copy-objects`: administrators only.
    pub(super) async fn copy_objects(
        &self,
        who: &Who,
        items: &[Value],
    ) -> Result<Value, GatewayError> {
        if *who != Who::Admin {
            return Err(GatewayError::new(
                StatusCode::FORBIDDEN,
                "ACTION_FORBIDDEN",
                "Only administrators may copy or move objects.",
            ));
        }
        let mut results = Vec::with_capacity(items.len());
        for item in items {
            results.push(self.copy_item(item).await.unwrap_or_else(failed_item(None)));
        }
        Ok(Value::Array(results))
    }

    async fn copy_item(&self, item: &Value) -> Result<Value, ItemError> {
        let (from, to) = (text(item, "srcPath")?, text(item, "dstPath")?);
        for (name, key) in [("srcPath", from), ("dstPath", to)] {
            key::check(key)
                .and_then(|()| key::check_characters(key))
                .map_err(|problem| ItemError::invalid(format!("{name} {problem}.")))?;
        }
        if from == to {
            return Err(ItemError::invalid("srcPath and dstPath must differ."));
        }
        let overwrite = if flag(item, "overwrite", true)? {
            Overwrite::Allow
        } else {
            Overwrite::Forbid
        };
        let remove_original = flag(item, "removeOriginal", false)?;
        let bucket = self.bucket();
        let source = self
            .disk()
            .get(bucket, from)
            .ok_or_else(ItemError::missing)?;
        let now = self.now_ms();
        let copy = Record {
            key: to.to_owned(),
            blob: Uuid::new_v4(),
            created_ms: now,
            modified_ms: now,
            ..(*source).clone()
        };
        self.disk()
            .copy(&source, copy, overwrite)
            .await
            .map_err(|error| match error {
                CommitError::Exists => {
                    ItemError::new("OBJECT_ALREADY_EXIST", "Storage object already exists.")
                }
                CommitError::Disk(error) => ItemError::failed(&error),
            })?;
        if remove_original {
            self.disk()
                .remove(bucket, from)
                .await
                .map_err(|error| ItemError::failed(&error))?;
        }
        Ok(json!({"cloudObjectId": key::file_id(self.env(), bucket, to)}))
    }

    fn key_of<'a>(&self, id: &'a str) -> Result<&'a str, ItemError> {
        match key::parse_file_id(self.env(), id) {
            Some((bucket, key)) if bucket == self.bucket() => Ok(key),
            Some(_) => Err(ItemError::new("STORAGE_NOT_EXIST", "Storage not exists.")),
            None => Err(ItemError::invalid(
                "cloudObjectId is not a file id of this environment.",
            )),
        }
    }
}

fn failed_item(id: Option<Value>) -> impl FnOnce(ItemError) -> Value {
    move |error| {
        let mut item = json!({"code": error.code, "message": error.message});
        if let (Some(id), Some(fields)) = (id, item.as_object_mut()) {
            fields.insert("cloudObjectId".to_owned(), id);
        }
        item
    }
}

fn text<'a>(item: &'a Value, field: &str) -> Result<&'a str, ItemError> {
    item.get(field)
        .and_then(Value::as_str)
        .ok_or_else(|| ItemError::invalid(format!("{field} must be a string.")))
}

fn flag(item: &Value, field: &str, default: bool) -> Result<bool, ItemError> {
    match item.get(field) {
        None | Some(Value::Null) => Ok(default),
        Some(Value::Bool(value)) => Ok(*value),
        Some(_) => Err(ItemError::invalid(format!("{field} must be a boolean."))),
    }
}

/// The headers that become part of the signature: name to array of strings, or to one string as
/// older SDKs send it.
fn signed_headers(value: Option<&Value>) -> Result<BTreeMap<String, String>, ItemError> {
    let mut headers = BTreeMap::new();
    let fields = match value {
        None | Some(Value::Null) => return Ok(headers),
        Some(Value::Object(fields)) => fields,
        Some(_) => return Err(ItemError::invalid("signedHeader must be an object.")),
    };
    for (name, value) in fields {
        let value = match value {
            Value::String(value) => value.clone(),
            Value::Array(values) if values.iter().all(Value::is_string) => values
                .iter()
                .filter_map(Value::as_str)
                .collect::<Vec<_>>()
                .join(","),
            _ => {
                return Err(ItemError::invalid(
                    "signedHeader values must be arrays of strings.",
                ));
            }
        };
        let name = name.to_ascii_lowercase();
        if HeaderName::from_bytes(name.as_bytes()).is_err()
            || HeaderValue::from_str(&value).is_err()
        {
            return Err(ItemError::invalid(
                "signedHeader holds a name or value no header can have.",
            ));
        }
        headers.insert(name, value);
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_are_bounded() {
        let code = |body: &str| batch(body.as_bytes()).map_err(|error| error.code().to_owned());
        assert_eq!(code("{}"), Err("INVALID_PARAM".into()));
        assert_eq!(code(""), Err("INVALID_PARAM".into()));
        assert_eq!(code("[]"), Err("INVALID_PARAM".into()));
        let many = |n| serde_json::to_string(&vec![json!({}); n]).unwrap();
        assert_eq!(code(&many(51)), Err("OBJECT_BATCH_TOO_LARGE".into()));
        assert_eq!(batch(many(50).as_bytes()).unwrap().len(), 50);
    }

    #[test]
    fn signed_headers_take_both_forms() {
        let headers = |value: Value| signed_headers(Some(&value));
        let read = headers(json!({"Content-Type": ["text/plain"], "x-cos-a": "b"})).unwrap();
        assert_eq!(
            read.get("content-type").map(String::as_str),
            Some("text/plain")
        );
        assert_eq!(read.get("x-cos-a").map(String::as_str), Some("b"));
        for bad in [
            json!([]),
            json!({"a": 1}),
            json!({"a b": ["c"]}),
            json!({"a": ["b\r\nc"]}),
        ] {
            assert!(headers(bad.clone()).is_err(), "{bad}");
        }
    }
}
