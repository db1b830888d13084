//! Management of the buckets that PostgreSQL manages.

use cloudbase_core::http::Method;
use cloudbase_core::{
    CallOptions, Client, Envelope, Error, ErrorKind, Operation, PathBuilder, Response, Result,
    Timestamp,
};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::bucket::check_id;
use crate::fields::Fields;
use crate::{Call, Storage};

const PATH: &str = "/v1/storages/bucket/";

impl Storage {
    /// The buckets of the environment.
    #[doc(alias = "listBuckets")]
    pub fn list_buckets(&self) -> ListBuckets {
        ListBuckets {
            client: self.client.clone(),
            query: Vec::new(),
            options: CallOptions::default(),
        }
    }

    /// What the service knows of the bucket `id`.
    ///
    /// # Errors
    ///
    /// [`is_not_found`](cloudbase_core::Error::is_not_found);
    /// [`is_permission_denied`](cloudbase_core::Error::is_permission_denied); whatever broke the
    /// connection.
    #[doc(alias = "getBucket")]
    pub fn bucket_details(&self, id: impl AsRef<str>) -> Call<BucketDetails> {
        let (client, id) = (self.client.clone(), id.as_ref().to_owned());
        let operation = one("storage.buckets.get", Method::GET, &id);
        Call::new(|options| async move {
            let response = client.fetch_json(operation?.options(options)).await?;
            Ok(response.map(|fields| BucketDetails::of(fields, Some(id))))
        })
    }

    /// Makes a bucket; gives its name.
    ///
    /// ```no_run
    /// # async fn run(storage: cloudbase_storage::Storage) -> cloudbase_core::Result<()> {
    /// storage.create_bucket("avatars").public(true).file_size_limit(1024 * 1024).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "createBucket")]
    pub fn create_bucket(&self, id: impl Into<String>) -> CreateBucket {
        let id = id.into();
        CreateBucket {
            client: self.client.clone(),
            settings: BucketSettings {
                public: Some(false),
                ..BucketSettings::default()
            },
            name: id.clone(),
            id,
            kind: None,
            options: CallOptions::default(),
        }
    }

    /// Changes a bucket. What is not set stays as it is.
    ///
    /// ```no_run
    /// # async fn run(storage: cloudbase_storage::Storage) -> cloudbase_core::Result<()> {
    /// storage.update_bucket("avatars").file_size_limit(None).allowed_mime_types(None).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "updateBucket")]
    pub fn update_bucket(&self, id: impl Into<String>) -> UpdateBucket {
        UpdateBucket {
            client: self.client.clone(),
            id: id.into(),
            settings: BucketSettings::default(),
            options: CallOptions::default(),
        }
    }

    /// Removes a bucket, which must be empty.
    ///
    /// # Errors
    ///
    /// [`is_not_found`](cloudbase_core::Error::is_not_found);
    /// [`is_permission_denied`](cloudbase_core::Error::is_permission_denied);
    /// [`ErrorKind::Api`](cloudbase_core::ErrorKind::Api) if it is not empty; whatever broke the
    /// connection.
    #[doc(alias = "deleteBucket")]
    pub fn delete_bucket(&self, id: impl AsRef<str>) -> Call<()> {
        let client = self.client.clone();
        let operation = one("storage.buckets.delete", Method::DELETE, id.as_ref());
        Call::new(|options| async move {
            let response = client.fetch(operation?.options(options)).await?;
            Ok(response.confirm()?.map(drop))
        })
    }
}

fn one(name: &'static str, method: Method, id: &str) -> Result<Operation> {
    check_id(id)?;
    let target = PathBuilder::new("/v1/storages/bucket").segment("bucket id", id)?;
    let template = "/v1/storages/bucket/{bucket}";
    Ok(Operation::new(name, template, method, target.build()?).envelope(Envelope::Storage))
}

/// A request for buckets; see [`Storage::list_buckets`].
#[must_use = "a call does nothing until it is awaited or sent"]
#[derive(Debug)]
pub struct ListBuckets {
    client: Client,
    query: Vec<(&'static str, String)>,
    options: CallOptions,
}

cloudbase_core::request_builder! {
    /// [`is_permission_denied`](cloudbase_core::Error::is_permission_denied); whatever broke the
    /// connection.
    impl[] ListBuckets => Vec<BucketDetails>; call, product
}
impl ListBuckets {
    /// Gives at most so many.
    pub fn limit(self, buckets: u32) -> Self {
        self.query("limit", buckets.to_string())
    }

    /// Passes over the first so many.
    pub fn offset(self, buckets: u32) -> Self {
        self.query("offset", buckets.to_string())
    }

    /// Sorts by a column: `id`, `name`, `created_at`, `updated_at`.
    pub fn sort_by(self, column: impl Into<String>, ascending: bool) -> Self {
        let order = if ascending { "asc" } else { "desc" };
        self.query("sortColumn", column.into())
            .query("sortOrder", order.to_owned())
    }

    /// Gives only those with this text in their name.
    pub fn search(self, text: impl Into<String>) -> Self {
        self.query("search", text.into())
    }

    async fn respond(self) -> Result<Response<Vec<BucketDetails>>> {
        let path = PathBuilder::new(PATH);
        let path = self
            .query
            .iter()
            .fold(path, |path, (name, value)| path.query(name, value));
        let operation = Operation::new("storage.buckets.list", PATH, Method::GET, path.build()?)
            .envelope(Envelope::Storage)
            .options(self.options);
        let response = self.client.fetch_json::<Vec<Fields>>(operation).await?;
        response.try_map(|buckets| buckets.into_iter().map(named).collect())
    }

    fn query(mut self, name: &'static str, value: String) -> Self {
        self.query.push((name, value));
        self
    }
}

/// What a bucket takes and who may read it.
#[derive(Debug, Default, Serialize)]
struct BucketSettings {
    /// Whether anybody may read its objects.
    #[serde(skip_serializing_if = "Option::is_none")]
    public: Option<bool>,
    /// The largest object that it takes, in bytes; `null` takes the limit away.
    #[serde(skip_serializing_if = "Option::is_none")]
    file_size_limit: Option<Option<u64>>,
    /// The content types that it takes; `null` takes the limit away.
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_mime_types: Option<MimeTypes>,
}

/// Which content types a bucket takes: a list, or `None` for any.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct MimeTypes(Option<Vec<String>>);

impl From<Option<Vec<String>>> for MimeTypes {
    fn from(types: Option<Vec<String>>) -> Self {
        Self(types)
    }
}

impl<T: Into<String>> From<Vec<T>> for MimeTypes {
    fn from(types: Vec<T>) -> Self {
        Self(Some(types.into_iter().map(Into::into).collect()))
    }
}

impl<T: Into<String>, const N: usize> From<[T; N]> for MimeTypes {
    fn from(types: [T; N]) -> Self {
        Self(Some(types.into_iter().map(Into::into).collect()))
    }
}

impl<T: Clone + Into<String>> From<&[T]> for MimeTypes {
    fn from(types: &[T]) -> Self {
        types.to_vec().into()
    }
}

/// Gives a builder with a field `settings: BucketSettings` its methods.
macro_rules! bucket_settings {
    ($type:ident) => {
        impl $type {
            /// Whether anybody may read its objects.
            pub fn public(mut self, public: bool) -> Self {
                self.settings.public = Some(public);
                self
            }

            /// The largest object that it takes, in bytes; `None` for no limit.
            pub fn file_size_limit(mut self, bytes: impl Into<Option<u64>>) -> Self {
                self.settings.file_size_limit = Some(bytes.into());
                self
            }

            /// The content types that it takes, such as `["image/*", "text/plain"]`, where
            /// `image/*` stands for all of a kind; `None` for any. An empty list is no content
            /// type at all: every upload is rejected.
            pub fn allowed_mime_types(mut self, types: impl Into<MimeTypes>) -> Self {
                self.settings.allowed_mime_types = Some(types.into());
                self
            }
        }
    };
}

/// A new bucket; see [`Storage::create_bucket`]. Default: not public, no limits.
#[must_use = "a call does nothing until it is awaited or sent"]
#[derive(Debug)]
pub struct CreateBucket {
    client: Client,
    id: String,
    name: String,
    kind: Option<String>,
    settings: BucketSettings,
    options: CallOptions,
}

cloudbase_core::request_builder! {
    /// [`is_conflict`](cloudbase_core::Error::is_conflict) if there is such a bucket;
    /// [`is_permission_denied`](cloudbase_core::Error::is_permission_denied); whatever broke the
    /// connection.
    impl[] CreateBucket => String; call, product, write
}
bucket_settings!(CreateBucket);
impl CreateBucket {
    /// The bucket's name. Default: its id.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// The bucket's type, where the service knows several.
    #[doc(alias = "type")]
    pub fn kind(mut self, kind: impl Into<String>) -> Self {
        self.kind = Some(kind.into());
        self
    }

    async fn respond(self) -> Result<Response<String>> {
        #[derive(Serialize)]
        struct Request<'a> {
            id: &'a str,
            name: &'a str,
            #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
            kind: Option<&'a str>,
            #[serde(flatten)]
            settings: &'a BucketSettings,
        }
        check_id(&self.id)?;
        let target = PathBuilder::new(PATH).build()?;
        let operation = Operation::new("storage.buckets.create", PATH, Method::POST, target)
            .json(&Request {
                id: &self.id,
                name: &self.name,
                kind: self.kind.as_deref(),
                settings: &self.settings,
            })?
            .envelope(Envelope::Storage)
            .options(self.options);
        let response = self.client.fetch_json::<Fields>(operation).await?;
        Ok(response.map(|mut created| created.text("name").unwrap_or(self.name)))
    }
}

/// A change of a bucket; see [`Storage::update_bucket`].
#[must_use = "a call does nothing until it is awaited or sent"]
#[derive(Debug)]
pub struct UpdateBucket {
    client: Client,
    id: String,
    settings: BucketSettings,
    options: CallOptions,
}

cloudbase_core::request_builder! {
    /// [`is_not_found`](cloudbase_core::Error::is_not_found);
    /// [`is_permission_denied`](cloudbase_core::Error::is_permission_denied); whatever broke the
    /// connection.
    impl[] UpdateBucket => (); call, product, write
}
bucket_settings!(UpdateBucket);
impl UpdateBucket {
    async fn respond(self) -> Result<Response<()>> {
        let operation = one("storage.buckets.update", Method::PUT, &self.id)?
            .json(&self.settings)?
            .options(self.options);
        Ok(self.client.fetch(operation).await?.confirm()?.map(drop))
    }
}

/// A bucket, as the service describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BucketDetails {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its type, such as `STANDARD`; what [`CreateBucket::kind`] sets.
    #[doc(alias = "type")]
    pub kind: Option<String>,
    /// The id of the user who made it.
    pub owner: Option<String>,
    /// Whether anybody may read its objects.
    pub public: bool,
    /// The largest object that it takes, in bytes.
    pub file_size_limit: Option<u64>,
    /// The content types that it takes; `None` for any.
    pub allowed_mime_types: Option<Vec<String>>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it was last changed.
    pub updated_at: Option<Timestamp>,
    /// What else the service sends, by name.
    pub extra: Map<String, Value>,
}

impl BucketDetails {
    /// Reads a bucket, whose id is `asked` if the response does not name it.
    fn of(mut fields: Fields, asked: Option<String>) -> Self {
        let (id, name) = (fields.text("id"), fields.text("name"));
        let id = id.or(asked).or(name.clone()).unwrap_or_default();
        Self {
            name: name.unwrap_or_else(|| id.clone()),
            id,
            kind: fields.text("type"),
            owner: fields.text("owner"),
            public: fields.flag("public").unwrap_or_default(),
            file_size_limit: fields.number("file_size_limit"),
            allowed_mime_types: fields.texts("allowed_mime_types"),
            created_at: fields.timestamp("created_at"),
            updated_at: fields.timestamp("updated_at"),
            extra: fields.rest(),
        }
    }
}

/// A bucket of a list, which must say which one it is.
fn named(fields: Fields) -> Result<BucketDetails> {
    let bucket = BucketDetails::of(fields, None);
    if bucket.id.is_empty() {
        let problem = "a bucket of the list has neither `id` nor `name`";
        return Err(Error::new(ErrorKind::Decode, problem));
    }
    Ok(bucket)
}
