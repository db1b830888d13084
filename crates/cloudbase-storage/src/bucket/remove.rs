//! Removals from a bucket.

use cloudbase_core::http::{Method, Uri};
use cloudbase_core::{CallOptions, Envelope, Operation, Result};
use serde::Serialize;

use super::{Bucket, ListedObject};
use crate::ObjectKey;

/// How many names one call takes.
const CHUNK: usize = 100;

/// Removes objects; see [`Bucket::remove`].
pub(super) async fn many(
    bucket: &Bucket,
    paths: &[ObjectKey],
    options: &CallOptions,
) -> Result<Vec<Result<ListedObject>>> {
    let target = bucket.at("/v1/storages/object")?.build()?;
    let mut results = Vec::new();
    for (number, chunk) in paths.chunks(CHUNK).enumerate() {
        match one(bucket, &target, chunk, options).await {
            Ok(removed) => results.extend(removed.into_iter().map(Ok)),
            Err(error) if number == 0 => return Err(error),
            Err(error) => {
                let rest = &paths[number * CHUNK..];
                results.extend(rest.iter().map(|_| Err(error.clone())));
                break;
            }
        }
    }
    Ok(results)
}

async fn one(
    bucket: &Bucket,
    target: &Uri,
    prefixes: &[ObjectKey],
    options: &CallOptions,
) -> Result<Vec<ListedObject>> {
    #[derive(Serialize)]
    struct Prefixes<'a> {
        prefixes: &'a [ObjectKey],
    }
    let operation = Operation::new(
        "storage.bucket.remove",
        "/v1/storages/object/{bucket}",
        Method::DELETE,
        target.clone(),
    )
    .json(&Prefixes { prefixes })?
    .envelope(Envelope::Storage)
    .options(options.clone());
    let response = bucket.client.fetch_json(operation).await?;
    Ok(response.try_map(ListedObject::all)?.into_value())
}
