//! Removals from a bucket.

use cloudbase_core::http::{Method, Uri};
use cloudbase_core::{CallOptions, Envelope, Error, ErrorCode, Operation, Response, Result};
use serde::Serialize;

use super::{Bucket, ListedObject};
use crate::ObjectKey;
use crate::named_request::named_request;

const NAME: &str = "storage.bucket.remove";

/// How many names one call takes.
const CHUNK: usize = 100;

/// A removal of objects; see [`Bucket::remove`].
#[must_use = "a call does nothing until it is awaited or sent"]
#[derive(Debug)]
pub struct BucketRemove {
    bucket: Bucket,
    paths: Result<Vec<ObjectKey>>,
    options: CallOptions,
}

named_request! {
    /// [`ErrorKind::Argument`](cloudbase_core::ErrorKind::Argument) before anything is sent; whatever
    /// failed the first call, such as [`is_permission_denied`](Error::is_permission_denied). If a
    /// later call fails, what the earlier ones removed is not lost: each object of it and of the
    /// calls that would have followed has its error. An object that is not there has one that is
    /// [`is_not_found`](Error::is_not_found).
    impl BucketRemove => Vec<Result<ListedObject>>, NAME; call, product, write, operation
}

impl BucketRemove {
    pub(super) fn new(bucket: Bucket, paths: Result<Vec<ObjectKey>>) -> Self {
        Self {
            bucket,
            paths,
            options: CallOptions::default(),
        }
    }

    fn make(self) -> Result<Operation> {
        let target = self.bucket.at("/v1/storages/object")?.build()?;
        match self.paths?.chunks(CHUNK).next() {
            Some(paths) => operation(&target, paths, self.options),
            None => Err(Error::argument("paths", "must not be empty")),
        }
    }

    async fn run(self) -> Result<Response<Vec<Result<ListedObject>>>> {
        let (bucket, paths, options) = (self.bucket, self.paths?, self.options.as_one_call());
        let target = bucket.at("/v1/storages/object")?.build()?;
        let mut head = Response::without_call(NAME, ());
        let mut results = Vec::new();
        for (number, chunk) in paths.chunks(CHUNK).enumerate() {
            match one(&bucket, &target, chunk, &options).await {
                Ok(response) => {
                    let removed;
                    (removed, head) = response.split();
                    results.extend(removed);
                }
                Err(error) if number == 0 => return Err(error),
                Err(error) => {
                    let rest = &paths[number * CHUNK..];
                    results.extend(rest.iter().map(|_| Err(error.clone())));
                    break;
                }
            }
        }
        Ok(head.map(|()| results))
    }
}

/// One call of at most [`CHUNK`] objects.
fn operation(target: &Uri, prefixes: &[ObjectKey], options: CallOptions) -> Result<Operation> {
    #[derive(Serialize)]
    struct Prefixes<'a> {
        prefixes: &'a [ObjectKey],
    }
    let template = "/v1/storages/object/{bucket}";
    let operation = Operation::new(NAME, template, Method::DELETE, target.clone());
    let operation = operation.json(&Prefixes { prefixes })?;
    Ok(operation.envelope(Envelope::Storage).options(options))
}

async fn one(
    bucket: &Bucket,
    target: &Uri,
    prefixes: &[ObjectKey],
    options: &CallOptions,
) -> Result<Response<Vec<Result<ListedObject>>>> {
    let operation = operation(target, prefixes, options.clone())?;
    let response = bucket.client.fetch_json(operation).await?;
    let (removed, response) = response.try_map(ListedObject::all)?.split();
    let found = in_order(prefixes, removed);
    let results = found.into_iter().zip(prefixes).map(|(found, path)| {
        // What an attempt before has removed is not there any more, and its response was lost.
        let repeated = (response.attempts() > 1).then(|| ListedObject {
            name: path.as_str().to_owned(),
            ..ListedObject::default()
        });
        found.or(repeated).ok_or_else(|| {
            let message = format!("no such object, or none that may be removed: {path}");
            let code = Some(ErrorCode::OBJECT_NOT_EXIST);
            response.complete(Error::api(response.status(), code, message))
        })
    });
    let results = results.collect();
    Ok(response.map(|()| results))
}

/// The removed object of each path. The service leaves out what was not there.
fn in_order(paths: &[ObjectKey], mut removed: Vec<ListedObject>) -> Vec<Option<ListedObject>> {
    // As many as were sent are all of them, whatever the service names them by.
    let whole = removed.len() == paths.len();
    let mut found: Vec<_> = paths
        .iter()
        .map(|path| {
            let at = removed
                .iter()
                .position(|object| object.path() == path.as_str())?;
            Some(removed.remove(at))
        })
        .collect();
    if whole {
        let unnamed = found.iter_mut().filter(|place| place.is_none());
        unnamed
            .zip(removed)
            .for_each(|(place, object)| *place = Some(object));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removed_objects_belong_to_the_paths_that_they_name() {
        let order = |paths: &[&str], names: &[&str]| -> Vec<Option<String>> {
            let paths: Vec<_> = paths
                .iter()
                .map(|path| ObjectKey::new(path).unwrap())
                .collect();
            let named = |name: &&str| ListedObject {
                name: (*name).to_owned(),
                ..ListedObject::default()
            };
            let found = in_order(&paths, names.iter().map(named).collect());
            found.into_iter().map(|object| Some(object?.name)).collect()
        };
        let some = |name: &str| Some(name.to_owned());
        assert_eq!(
            order(&["a", "b", "c"], &["c", "a"]),
            [some("a"), None, some("c")]
        );
        assert_eq!(order(&["a", "a"], &["a"]), [some("a"), None]);
        // All of them, under names of the service's own.
        assert_eq!(order(&["d/a", "b"], &["b", "a"]), [some("a"), some("b")]);
        assert_eq!(order(&["a"], &[]), [None]);
    }
}
