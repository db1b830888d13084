//! Objects in a bucket that PostgreSQL manages: everything passes the gateway.

mod copy;
mod list;
mod remove;
mod sign;
mod sign_upload;
mod upload;

use std::time::Duration;

use cloudbase_core::http::{Method, Uri};
use cloudbase_core::{
    CallOptions, Client, Envelope, Error, Operation, PathBuilder, Response, Result, Timestamp,
};
use serde_json::{Map, Value};

pub use self::copy::BucketCopy;
pub use self::list::{List, ListPage, ListedObject};
pub use self::sign::{BucketSignedUrl, PublicUrl};
pub use self::sign_upload::{RequestSignedUploadUrl, SignedUploadUrl};
pub use self::upload::{BucketObject, BucketUpload};
use crate::download::Download;
use crate::fields::Fields;
use crate::storage::present;
use crate::upload::UploadSource;
use crate::{Call, ObjectKey, Storage};

/// A bucket that PostgreSQL manages. Cheap to clone.
///
/// Objects are named by their path in the bucket, never by a `cloud://` id. Who may do what is
/// decided by row-level security. Unlike in the built-in bucket, uploads replace nothing unless
/// they [say so](BucketUpload::upsert).
#[derive(Clone, Debug)]
pub struct Bucket {
    client: Client,
    id: String,
}

impl Storage {
    /// The bucket `id`.
    ///
    /// ```no_run
    /// # async fn run(storage: cloudbase_storage::Storage) -> cloudbase_core::Result<()> {
    /// let avatars = storage.bucket("avatars");
    /// avatars.upload("lin.png", vec![1, 2, 3]).upsert(true).await?;
    /// let bytes = avatars.download("lin.png").await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "from")]
    #[doc(alias = "fromBucket")]
    pub fn bucket(&self, id: impl Into<String>) -> Bucket {
        Bucket {
            client: self.client.clone(),
            id: id.into(),
        }
    }
}

impl Bucket {
    /// Puts `source` under `path`. An object that is there stays, and the answer is 409,
    /// [`is_conflict`](Error::is_conflict), unless [`upsert(true)`](BucketUpload::upsert).
    ///
    /// The gateway takes objects of up to 100 MB, and a bucket may have a lower
    /// [limit](crate::CreateBucket::file_size_limit): 413. There is no such limit in the built-in bucket.
    pub fn upload(&self, path: impl Into<String>, source: impl Into<UploadSource>) -> BucketUpload {
        BucketUpload::new(self.clone(), Method::POST, path.into(), source.into())
    }

    /// Puts `source` in place of the object at `path`.
    pub fn update(&self, path: impl Into<String>, source: impl Into<UploadSource>) -> BucketUpload {
        BucketUpload::new(self.clone(), Method::PUT, path.into(), source.into())
    }

    /// Reads the object at `path`.
    pub fn download(&self, path: impl AsRef<str>) -> Download {
        let path = self.object("/v1/storages/object", path.as_ref());
        Download::gateway(self.client.clone(), path.and_then(PathBuilder::build))
    }

    /// Reads the object at `path` past caches that do not know this `nonce` yet.
    #[doc(alias = "cacheNonce")]
    pub fn download_with_nonce(&self, path: impl AsRef<str>, nonce: impl AsRef<str>) -> Download {
        let path = self.object("/v1/storages/object", path.as_ref());
        let path = path.and_then(|path| path.query("cacheNonce", nonce.as_ref()).build());
        Download::gateway(self.client.clone(), path)
    }

    /// The objects whose path begins with `prefix`.
    ///
    /// ```no_run
    /// # async fn run(storage: cloudbase_storage::Storage) -> cloudbase_core::Result<()> {
    /// let mut pages = storage.bucket("photos").list("2026/").limit(100).pages();
    /// while let Some(page) = pages.next_page().await? {
    ///     for object in &page.objects {
    ///         println!("{}", object.path());
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list(&self, prefix: impl Into<String>) -> List {
        List::new(self.clone(), prefix.into())
    }

    /// Removes objects, 100 in each call; the results are in the order of the paths.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Argument`](cloudbase_core::ErrorKind::Argument) before anything is sent; whatever
    /// failed the first call, such as [`is_permission_denied`](Error::is_permission_denied). If a
    /// later call fails, what the earlier ones removed is not lost: each object of it and of the
    /// calls that would have followed has its error. An object that is not there has one that is
    /// [`is_not_found`](Error::is_not_found).
    pub fn remove(
        &self,
        paths: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Call<Vec<Result<ListedObject>>> {
        let (bucket, paths) = (self.clone(), keys(paths));
        Call::new(
            |options| async move { remove::many(&bucket, &paths?, &options.as_one_call()).await },
        )
    }

    /// Copies the object at `from` to `to`.
    pub fn copy(&self, from: impl Into<String>, to: impl Into<String>) -> BucketCopy {
        BucketCopy::new(self.clone(), from.into(), to.into(), false)
    }

    /// Moves the object at `from` to `to`.
    #[doc(alias = "move")]
    pub fn move_to(&self, from: impl Into<String>, to: impl Into<String>) -> BucketCopy {
        BucketCopy::new(self.clone(), from.into(), to.into(), true)
    }

    /// What the service knows of the object at `path`.
    ///
    /// # Errors
    ///
    /// [`is_not_found`](Error::is_not_found) if there is none;
    /// [`ErrorKind::Argument`](cloudbase_core::ErrorKind::Argument) before anything is sent;
    /// whatever broke the connection.
    pub fn info(&self, path: impl AsRef<str>) -> Call<BucketObjectInfo> {
        let (bucket, path) = (self.clone(), path.as_ref().to_owned());
        Call::new(|options| async move { bucket.ask(&path, options).await })
    }

    /// Whether there is an object at `path` that the caller may see.
    ///
    /// # Errors
    ///
    /// As [`info`](Self::info), but for its absence.
    pub fn exists(&self, path: impl AsRef<str>) -> Call<bool> {
        let (bucket, path) = (self.clone(), path.as_ref().to_owned());
        Call::new(|options| async move { present(bucket.ask(&path, options).await) })
    }

    /// Makes a URL by which anybody can read the object at `path` for so long (whole seconds).
    #[doc(alias = "createSignedUrl")]
    pub fn signed_url(&self, path: impl Into<String>, lifetime: Duration) -> BucketSignedUrl {
        BucketSignedUrl::new(self.clone(), path.into(), lifetime)
    }

    /// Makes such URLs for many objects, 500 in each call; the results are in the order of the
    /// paths.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Argument`](cloudbase_core::ErrorKind::Argument) before anything is sent;
    /// whatever failed a call. What is wrong with one object is its result.
    #[doc(alias = "createSignedUrls")]
    pub fn signed_urls(
        &self,
        paths: impl IntoIterator<Item = impl AsRef<str>>,
        lifetime: Duration,
    ) -> Call<Vec<Result<String>>> {
        let (bucket, paths) = (self.clone(), keys(paths));
        Call::new(
            move |options| async move { sign::many(&bucket, paths?, lifetime, options).await },
        )
    }

    /// Makes a URL by which anybody can put an object at `path`, for a minute.
    ///
    /// ```no_run
    /// # async fn run(storage: cloudbase_storage::Storage) -> cloudbase_core::Result<()> {
    /// let inbox = storage.bucket("inbox");
    /// let url = inbox.signed_upload_url("photo.jpg").await?;
    /// inbox.upload_to_signed_url(&url, std::path::Path::new("photo.jpg")).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "createSignedUploadUrl")]
    pub fn signed_upload_url(&self, path: impl Into<String>) -> RequestSignedUploadUrl {
        RequestSignedUploadUrl::new(self.clone(), path.into())
    }

    /// Puts `source` where `url` allows it. Needs no CloudBase credential.
    #[doc(alias = "uploadToSignedUrl")]
    pub fn upload_to_signed_url(
        &self,
        url: &SignedUploadUrl,
        source: impl Into<UploadSource>,
    ) -> BucketUpload {
        BucketUpload::signed(self.clone(), url, source.into())
    }

    /// The URL of the object at `path` in a public bucket. Nothing is sent.
    ///
    /// ```
    /// # fn run(storage: cloudbase_storage::Storage) -> cloudbase_core::Result<()> {
    /// let url = storage.bucket("avatars").public_url("lin.png").download_as("Lin.png").build()?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "getPublicUrl")]
    pub fn public_url(&self, path: impl Into<String>) -> PublicUrl {
        PublicUrl::new(self.clone(), path.into())
    }

    /// Asks what the service knows of the object at `path`.
    async fn ask(&self, path: &str, options: CallOptions) -> Result<Response<BucketObjectInfo>> {
        let key = ObjectKey::checked("path", path)?;
        let target = self.object("/v1/storages/object/info", path)?.build()?;
        let operation = Operation::new(
            "storage.bucket.info",
            "/v1/storages/object/info/{bucket}/{key}",
            Method::GET,
            target,
        )
        .envelope(Envelope::Storage);
        let response = self.client.fetch_json(operation.options(options)).await?;
        Ok(response.map(|fields| BucketObjectInfo::of(fields, &key)))
    }

    /// `/{prefix}/{bucket}`.
    fn at(&self, prefix: &str) -> Result<PathBuilder> {
        check_id(&self.id)?;
        PathBuilder::new(prefix).segment("bucket id", &self.id)
    }

    /// `/{prefix}/{bucket}/{path}`.
    fn object(&self, prefix: &str, path: &str) -> Result<PathBuilder> {
        let key = ObjectKey::checked("path", path)?;
        self.at(prefix)?.path("path", key.as_str())
    }

    /// A path on the gateway as a whole URL.
    fn complete(&self, path: &str) -> String {
        format!("{}{path}", self.client.config().endpoint())
    }
}

/// Checks the id of a bucket.
pub(crate) fn check_id(id: &str) -> Result<()> {
    let forbidden = |c: char| c.is_control() || c.is_whitespace() || "/\\?#%".contains(c);
    let fits = (1..=256).contains(&id.chars().count()) && !id.chars().any(forbidden);
    if fits && id != "." && id != ".." {
        return Ok(());
    }
    Err(Error::argument(
        "bucket id",
        "must be 1 to 256 characters, without control characters, spaces and `/ \\ ? # %`",
    ))
}

fn keys(paths: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Vec<ObjectKey>> {
    paths
        .into_iter()
        .enumerate()
        .map(|(index, path)| ObjectKey::checked(&format!("path {index}"), path.as_ref()))
        .collect()
}

/// Path and query of a URL that the service gave, if it is one of the gateway's own.
fn relative(url: &str) -> &str {
    match url.find("://") {
        Some(scheme) => {
            let rest = &url[scheme + 3..];
            rest.find('/').map_or("/", |path| &rest[path..])
        }
        None => url,
    }
}

/// A signed URL, which must parse.
fn parsed(text: &str) -> Result<Uri> {
    text.parse()
        .map_err(|_| Error::argument("signed URL", "must be as the service gave it"))
}

/// What the service knows of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BucketObjectInfo {
    /// The object's id.
    pub id: Option<String>,
    /// Its path in the bucket.
    pub name: String,
    /// Its version.
    pub version: Option<String>,
    /// Its bucket.
    pub bucket_id: Option<String>,
    /// How many bytes it has.
    pub size: Option<u64>,
    /// Its content type.
    pub content_type: Option<String>,
    /// How long it may be cached.
    pub cache_control: Option<String>,
    /// The tag of its content.
    pub etag: Option<String>,
    /// What its owner [put with it](BucketUpload::metadata).
    pub metadata: Option<Value>,
    /// When it was last written.
    pub last_modified: Option<Timestamp>,
    /// When it was first written.
    pub created_at: Option<Timestamp>,
    /// What else the service sends, by name.
    pub extra: Map<String, Value>,
}

impl BucketObjectInfo {
    /// Reads the response about the object `key`.
    fn of(mut fields: Fields, key: &ObjectKey) -> Self {
        Self {
            id: fields.text("id"),
            name: fields.text("name").unwrap_or_else(|| key.to_string()),
            version: fields.text("version"),
            bucket_id: fields.text("bucket_id"),
            size: fields.number("size"),
            content_type: fields.text("content_type"),
            cache_control: fields.text("cache_control"),
            etag: fields.text("etag"),
            metadata: fields.value("metadata"),
            last_modified: fields.timestamp("last_modified"),
            created_at: fields.timestamp("created_at"),
            extra: fields.rest(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(id: &str) -> Bucket {
        let client = Client::builder()
            .env_id("env")
            .endpoint("http://127.0.0.1:9/base");
        Storage::new(client.build().unwrap()).bucket(id)
    }

    #[test]
    fn public_urls_are_made_here() {
        let url = || bucket("avatars").public_url("/a b/你?#.png");
        let plain =
            "http://127.0.0.1:9/base/v1/storages/object/public/avatars/a%20b/%E4%BD%A0%3F%23.png";
        assert_eq!(url().build().unwrap(), plain);
        let named = url().download_as("").cache_nonce("a&b").build().unwrap();
        assert_eq!(named, format!("{plain}?download=&cacheNonce=a%26b"));
    }

    #[test]
    fn ids_and_paths_are_checked() {
        let long = "x".repeat(257);
        for id in [
            "", "a/b", "a b", "a?", "a#", "a%", "a\\", "a\n", "..", &long,
        ] {
            let error = bucket(id).public_url("a").build().unwrap_err();
            assert!(error.message().starts_with("`bucket id` must be"), "{id:?}");
        }
        assert!(bucket("我的").public_url("a").build().is_ok());
        let error = bucket("b").public_url("../a").build().unwrap_err();
        assert!(error.message().starts_with("`path` must not"), "{error}");
    }
}
