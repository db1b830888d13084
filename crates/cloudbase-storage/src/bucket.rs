//! Objects in a bucket that PostgreSQL manages: everything passes the gateway.

mod copy;
mod list;
mod object_info;
mod remove;
mod sign;
mod sign_upload;
mod upload;

use std::time::Duration;

use cloudbase_core::http::{Method, Uri};
use cloudbase_core::{Client, Error, PathBuilder, Result};

pub use self::copy::BucketCopy;
pub use self::list::{BucketList, ListPage, ListedObject};
pub use self::object_info::{BucketExists, BucketInfo, BucketObjectInfo};
pub use self::remove::BucketRemove;
pub use self::sign::{BucketSignedUrl, BucketSignedUrls, PublicUrl};
pub use self::sign_upload::{BucketSignedUploadUrl, SignedUploadUrl};
pub use self::upload::{BucketObject, BucketUpload};
use crate::download::Download;
use crate::upload::UploadSource;
use crate::{ObjectKey, Storage};

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
    /// Puts `source` under `path`. An object that is there stays, and the response is 409,
    /// [`is_conflict`](Error::is_conflict), unless [`upsert(true)`](BucketUpload::upsert).
    ///
    /// The gateway takes objects of up to 100 MB, and a bucket may have a lower
    /// [limit](crate::CreateBucket::file_size_limit): 413. There is no such limit in the built-in bucket.
    pub fn upload(&self, path: impl AsRef<str>, source: impl Into<UploadSource>) -> BucketUpload {
        BucketUpload::new(self.clone(), Method::POST, path.as_ref(), source.into())
    }

    /// Puts `source` in place of the object at `path`.
    pub fn update(&self, path: impl AsRef<str>, source: impl Into<UploadSource>) -> BucketUpload {
        BucketUpload::new(self.clone(), Method::PUT, path.as_ref(), source.into())
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
    pub fn list(&self, prefix: impl Into<String>) -> BucketList {
        BucketList::new(self.clone(), prefix.into())
    }

    /// Removes objects, 100 in each call; the results are in the order of the paths.
    pub fn remove(&self, paths: impl IntoIterator<Item = impl AsRef<str>>) -> BucketRemove {
        BucketRemove::new(self.clone(), keys(paths))
    }

    /// Copies the object at `from` to `to`.
    pub fn copy(&self, from: impl AsRef<str>, to: impl AsRef<str>) -> BucketCopy {
        BucketCopy::new(self.clone(), from.as_ref(), to.as_ref(), false)
    }

    /// Moves the object at `from` to `to`.
    #[doc(alias = "move")]
    pub fn move_to(&self, from: impl AsRef<str>, to: impl AsRef<str>) -> BucketCopy {
        BucketCopy::new(self.clone(), from.as_ref(), to.as_ref(), true)
    }

    /// Returns what the service knows of the object at `path`.
    pub fn info(&self, path: impl AsRef<str>) -> BucketInfo {
        BucketInfo::new(self.clone(), path.as_ref())
    }

    /// Returns whether there is an object at `path` that the caller may see.
    pub fn exists(&self, path: impl AsRef<str>) -> BucketExists {
        BucketExists::new(self.clone(), path.as_ref())
    }

    /// Makes a URL that grants read access to the object at `path` for `lifetime`, in whole seconds.
    #[doc(alias = "createSignedUrl")]
    pub fn signed_url(&self, path: impl AsRef<str>, lifetime: Duration) -> BucketSignedUrl {
        BucketSignedUrl::new(self.clone(), path.as_ref(), lifetime)
    }

    /// Makes such URLs for many objects, 500 in each call; the results are in the order of the
    /// paths.
    #[doc(alias = "createSignedUrls")]
    pub fn signed_urls(
        &self,
        paths: impl IntoIterator<Item = impl AsRef<str>>,
        lifetime: Duration,
    ) -> BucketSignedUrls {
        BucketSignedUrls::new(self.clone(), keys(paths), lifetime)
    }

    /// Makes a URL that grants one upload of an object at `path`, for a minute.
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
    pub fn signed_upload_url(&self, path: impl AsRef<str>) -> BucketSignedUploadUrl {
        BucketSignedUploadUrl::new(self.clone(), path.as_ref())
    }

    /// Puts `source` where `url` allows it. Needs no CloudBase credential: `token` and `require_user` are
    /// rejected, and the gateway gets a `header` and the `request_id`.
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
    pub fn public_url(&self, path: impl AsRef<str>) -> PublicUrl {
        PublicUrl::new(self.clone(), path.as_ref())
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
