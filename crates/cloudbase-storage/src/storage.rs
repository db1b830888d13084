//! The handle: objects of the environment's built-in bucket.

use std::time::Duration;

use cloudbase_core::Client;

use crate::FileId;
use crate::copy::{CopyItem, CopyMany, CopyObject};
use crate::download::Download;
use crate::object_info::{Exists, Info};
use crate::remove::Remove;
use crate::signed_url::{SignedUrl, SignedUrls};
use crate::upload::{RequestUploadInfo, SignedUpload, Upload, UploadInfo, UploadSource};

/// Objects of the environment. Cheap to clone.
///
/// The methods of this type are about the built-in bucket: objects are put under a *path*
/// (`images/a.png`) and have, from then on, an *id* (`cloud://…`). For buckets that PostgreSQL
/// manages see [`bucket`](Self::bucket).
///
/// Bytes travel directly to and from the object store. It sees neither the session's token nor the
/// access key.
#[derive(Clone, Debug)]
pub struct Storage {
    pub(crate) client: Client,
}

impl Storage {
    /// Storage of the environment that `client` talks to.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// Puts `source` under `path`; an object that is there is replaced unless
    /// [`upsert(false)`](Upload::upsert). The path should keep to the characters that the service
    /// [documents](crate::ObjectKey). A reader or stream must state its
    /// [length](UploadSource::with_length).
    ///
    /// ```no_run
    /// # async fn run(storage: cloudbase_storage::Storage) -> Result<(), Box<dyn std::error::Error>> {
    /// let file = tokio::fs::File::open("a.png").await?;
    /// let object = storage
    ///     .upload("images/a.png", file)
    ///     .cache_control("max-age=3600")
    ///     .on_progress(|p| eprintln!("{} of {:?}", p.sent, p.total))
    ///     .await?;
    /// println!("{}", object.file_id);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "uploadFile")]
    pub fn upload(&self, path: impl AsRef<str>, source: impl Into<UploadSource>) -> Upload {
        Upload::new(self.client.clone(), path.as_ref(), source.into())
    }

    /// Puts `source` under `path` and always replaces what is there, whatever
    /// [`upsert`](Upload::upsert) says.
    pub fn update(&self, path: impl AsRef<str>, source: impl Into<UploadSource>) -> Upload {
        self.upload(path, source).always_replace()
    }

    /// Asks where and how `path` may be put, for a client that does it itself. A call is about one
    /// object; calls about several can run at the same time.
    ///
    /// ```no_run
    /// # async fn run(storage: cloudbase_storage::Storage) -> Result<(), Box<dyn std::error::Error>> {
    /// // On a server:
    /// let info = storage.upload_info("inbox/photo.jpg").content_type("image/jpeg").await?;
    /// let permission = serde_json::to_string(&info)?;
    /// // Wherever the photo is:
    /// let info = serde_json::from_str(&permission)?;
    /// let photo = std::path::Path::new("photo.jpg");
    /// storage.upload_to_signed_url(&info, photo).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "createSignedUploadUrl")]
    #[doc(alias = "getUploadInfo")]
    #[doc(alias = "getUploadMetadata")]
    pub fn upload_info(&self, path: impl AsRef<str>) -> RequestUploadInfo {
        RequestUploadInfo::new(self.client.clone(), path.as_ref())
    }

    /// Puts `source` where `info` allows it. Needs no CloudBase credential.
    #[doc(alias = "uploadToSignedUrl")]
    pub fn upload_to_signed_url(
        &self,
        info: &UploadInfo,
        source: impl Into<UploadSource>,
    ) -> SignedUpload {
        SignedUpload::new(self.client.clone(), info.clone(), source.into())
    }

    /// Reads the object `id`.
    ///
    /// ```no_run
    /// # async fn run(storage: cloudbase_storage::Storage) -> cloudbase_core::Result<()> {
    /// let id = "cloud://shop-1a2b.7368-shop-1a2b-1300000000/images/a.png";
    /// let bytes = storage.download(id).await?;
    /// storage.download(id).to_file("a.png").await?;
    /// let mut stream = storage.download(id).range(..1024).stream().await?;
    /// while let Some(bytes) = stream.next_bytes().await? {
    ///     println!("{} bytes", bytes.len());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "downloadFile")]
    pub fn download(&self, id: impl AsRef<str>) -> Download {
        Download::file(self.client.clone(), id.as_ref())
    }

    /// Reads what is at a signed URL. Needs no CloudBase credential: `token` and `require_user` are
    /// rejected, and so are `header` and `request_id`, which are for the gateway alone.
    pub fn download_url(&self, url: impl AsRef<str>) -> Download {
        Download::url(self.client.clone(), url.as_ref())
    }

    /// Makes a URL that grants read access to the object `id` for `lifetime`, in whole seconds.
    ///
    /// ```no_run
    /// # async fn run(storage: cloudbase_storage::Storage) -> cloudbase_core::Result<()> {
    /// use std::time::Duration;
    ///
    /// use cloudbase_storage::Transform;
    ///
    /// let id = "cloud://shop-1a2b.7368-shop-1a2b-1300000000/images/a.png";
    /// let thumbnail = storage
    ///     .signed_url(id, Duration::from_secs(600))
    ///     .transform(Transform::new().width(300).height(200))
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "createSignedUrl")]
    #[doc(alias = "expiresIn")]
    #[doc(alias = "getPublicUrl")]
    #[doc(alias = "getTempFileURL")]
    #[doc(alias = "maxAge")]
    pub fn signed_url(&self, id: impl AsRef<str>, lifetime: Duration) -> SignedUrl {
        SignedUrl::new(self.client.clone(), id.as_ref().to_owned(), lifetime)
    }

    /// Makes such URLs for many objects, all with the same lifetime.
    #[doc(alias = "createSignedUrls")]
    #[doc(alias = "getDownloadUrls")]
    #[doc(alias = "getTempFileURL")]
    pub fn signed_urls(
        &self,
        ids: impl IntoIterator<Item = impl AsRef<str>>,
        lifetime: Duration,
    ) -> SignedUrls {
        SignedUrls::new(self.client.clone(), collect(ids), lifetime)
    }

    /// Removes objects.
    ///
    /// ```no_run
    /// # async fn run(storage: cloudbase_storage::Storage) -> cloudbase_core::Result<()> {
    /// for result in storage.remove(["cloud://env.bucket/a", "cloud://env.bucket/b"]).await? {
    ///     match result {
    ///         Err(error) if !error.is_not_found() => eprintln!("{error}"),
    ///         _ => {}
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "deleteFile")]
    pub fn remove(&self, ids: impl IntoIterator<Item = impl AsRef<str>>) -> Remove {
        Remove::new(self.client.clone(), collect(ids))
    }

    /// Copies the object at path `from` to path `to`. Both must be of the characters that the service
    /// [documents](crate::ObjectKey).
    #[doc(alias = "copyFile")]
    pub fn copy(&self, from: impl AsRef<str>, to: impl AsRef<str>) -> CopyObject {
        CopyObject::new(self.client.clone(), CopyItem::copy(from, to))
    }

    /// Copies many objects, each from the first path of a pair to the second. A [`CopyItem`] says
    /// more about one of them: that it may not replace anything, or that it is moved.
    ///
    /// ```no_run
    /// # async fn run(storage: cloudbase_storage::Storage) -> cloudbase_core::Result<()> {
    /// use cloudbase_storage::CopyItem;
    ///
    /// let items = [
    ///     CopyItem::copy("drafts/a.txt", "posts/a.txt"),
    ///     CopyItem::move_to("drafts/b.txt", "posts/b.txt").upsert(false),
    /// ];
    /// for result in storage.copy_many(items).await? {
    ///     println!("{}", result?);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "copyFile")]
    pub fn copy_many(&self, items: impl IntoIterator<Item = impl Into<CopyItem>>) -> CopyMany {
        let items = items.into_iter().map(Into::into).collect();
        CopyMany::new(self.client.clone(), items)
    }

    /// Moves the object at path `from` to path `to`.
    #[doc(alias = "move")]
    pub fn move_to(&self, from: impl AsRef<str>, to: impl AsRef<str>) -> CopyObject {
        CopyObject::new(self.client.clone(), CopyItem::move_to(from, to))
    }

    /// Moves many objects, from the first path of each pair to the second.
    pub fn move_many(
        &self,
        pairs: impl IntoIterator<Item = (impl AsRef<str>, impl AsRef<str>)>,
    ) -> CopyMany {
        let pairs = pairs.into_iter();
        self.copy_many(pairs.map(|(from, to)| CopyItem::move_to(from, to)))
    }

    /// Returns size, content type, tag, date and metadata of the object `id`.
    #[doc(alias = "getFileInfo")]
    pub fn info(&self, id: impl AsRef<str>) -> Info {
        Info::new(self.client.clone(), FileId::new(id.as_ref()))
    }

    /// Returns whether there is an object `id` that the caller may read.
    pub fn exists(&self, id: impl AsRef<str>) -> Exists {
        Exists::new(self.client.clone(), FileId::new(id.as_ref()))
    }
}

fn collect(ids: impl IntoIterator<Item = impl AsRef<str>>) -> Vec<String> {
    ids.into_iter().map(|id| id.as_ref().to_owned()).collect()
}
