//! How PG-mode objects are shown.

use serde_json::{Value, json};

use crate::storage::{clock_text, disk::Record};

/// An object in a list, and among those that were deleted.
pub(super) fn listed(record: &Record, bucket: &str) -> Value {
    let modified = clock_text(record.modified_ms);
    json!({
        "id": record.blob,
        "name": record.key,
        "key": record.key,
        "bucket_id": bucket,
        "owner": record.owner,
        "created_at": clock_text(record.created_ms),
        "updated_at": modified,
        "last_accessed_at": modified,
        "metadata": {
            "eTag": format!("\"{}\"", record.md5),
            "size": record.size,
            "mimetype": record.headers.content_type,
            "cacheControl": record.headers.cache_control,
            "lastModified": modified,
            "contentLength": record.size,
            "httpStatusCode": 200,
        },
        "user_metadata": record.headers.metadata,
    })
}

/// The information about one object.
pub(super) fn info(record: &Record, bucket: &str) -> Value {
    json!({
        "id": record.blob,
        "name": record.key,
        "version": record.blob,
        "bucket_id": bucket,
        "size": record.size,
        "content_type": record.headers.content_type,
        "cache_control": record.headers.cache_control,
        "etag": format!("\"{}\"", record.md5),
        "metadata": record.headers.metadata.clone().unwrap_or_else(|| json!({})),
        "last_modified": clock_text(record.modified_ms),
        "created_at": clock_text(record.created_ms),
    })
}
