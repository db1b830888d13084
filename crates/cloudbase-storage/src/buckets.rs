//! Management of the buckets that PostgreSQL manages.

mod settings;

use cloudbase_core::http::Method;
use cloudbase_core::{
    CallOptions, Client, Envelope, Error, ErrorKind, Operation, PathBuilder, Response, Result,
    Timestamp,
};
use serde_json::{Map, Value};

pub use self::settings::{CreateBucket, MimeTypes, UpdateBucket};
use crate::Storage;
use crate::bucket::check_id;
use crate::fields::Fields;
use crate::named_request::named_request;

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

    /// Returns what the service knows of the bucket `id`.
    #[doc(alias = "getBucket")]
    pub fn bucket_details(&self, id: impl Into<String>) -> RequestBucketDetails {
        RequestBucketDetails {
            client: self.client.clone(),
            id: id.into(),
            options: CallOptions::default(),
        }
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
        CreateBucket::new(self.client.clone(), id.into())
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
        UpdateBucket::new(self.client.clone(), id.into())
    }

    /// Removes a bucket, which must be empty.
    #[doc(alias = "deleteBucket")]
    pub fn delete_bucket(&self, id: impl Into<String>) -> DeleteBucket {
        DeleteBucket {
            client: self.client.clone(),
            id: id.into(),
            options: CallOptions::default(),
        }
    }
}

fn one(name: &'static str, method: Method, id: &str) -> Result<Operation> {
    check_id(id)?;
    let target = PathBuilder::new("/v1/storages/bucket").segment("bucket id", id)?;
    let template = "/v1/storages/bucket/{bucket}";
    Ok(Operation::new(name, template, method, target.build()?).envelope(Envelope::Storage))
}

/// A request for what the service knows of a bucket; see [`Storage::bucket_details`].
#[must_use = "a call does nothing until it is awaited or sent"]
#[derive(Debug)]
pub struct RequestBucketDetails {
    client: Client,
    id: String,
    options: CallOptions,
}

named_request! {
    /// [`is_not_found`](cloudbase_core::Error::is_not_found);
    /// [`is_permission_denied`](cloudbase_core::Error::is_permission_denied); whatever broke the
    /// connection.
    impl RequestBucketDetails => BucketDetails, "storage.buckets.get"; call, product, operation
}

impl RequestBucketDetails {
    fn make(self) -> Result<Operation> {
        let operation = one("storage.buckets.get", Method::GET, &self.id)?;
        Ok(operation.options(self.options))
    }

    async fn run(self) -> Result<Response<BucketDetails>> {
        let (client, id) = (self.client.clone(), self.id.clone());
        let response = client.fetch_json(self.build()?).await?;
        Ok(response.map(|fields| BucketDetails::of(fields, Some(id))))
    }
}

/// A removal of a bucket; see [`Storage::delete_bucket`].
#[must_use = "a call does nothing until it is awaited or sent"]
#[derive(Debug)]
pub struct DeleteBucket {
    client: Client,
    id: String,
    options: CallOptions,
}

named_request! {
    /// [`is_not_found`](cloudbase_core::Error::is_not_found);
    /// [`is_permission_denied`](cloudbase_core::Error::is_permission_denied);
    /// [`ErrorKind::Api`](cloudbase_core::ErrorKind::Api) if it is not empty; whatever broke the
    /// connection.
    impl DeleteBucket => (), "storage.buckets.delete"; call, product, write, operation
}

impl DeleteBucket {
    fn make(self) -> Result<Operation> {
        let operation = one("storage.buckets.delete", Method::DELETE, &self.id)?;
        Ok(operation.options(self.options))
    }

    async fn run(self) -> Result<Response<()>> {
        let client = self.client.clone();
        Ok(client.fetch(self.build()?).await?.confirm()?.map(drop))
    }
}

/// A request for buckets; see [`Storage::list_buckets`].
#[must_use = "a call does nothing until it is awaited or sent"]
#[derive(Debug)]
pub struct ListBuckets {
    client: Client,
    query: Vec<(&'static str, String)>,
    options: CallOptions,
}

named_request! {
    /// [`is_permission_denied`](cloudbase_core::Error::is_permission_denied); whatever broke the
    /// connection.
    impl ListBuckets => Vec<BucketDetails>, "storage.buckets.list"; call, product, operation
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

    fn make(self) -> Result<Operation> {
        let path = PathBuilder::new(PATH);
        let path = self
            .query
            .iter()
            .fold(path, |path, (name, value)| path.query(name, value));
        let operation = Operation::new("storage.buckets.list", PATH, Method::GET, path.build()?);
        Ok(operation.envelope(Envelope::Storage).options(self.options))
    }

    async fn run(self) -> Result<Response<Vec<BucketDetails>>> {
        let client = self.client.clone();
        let response = client.fetch_json::<Vec<Fields>>(self.build()?).await?;
        response.try_map(|buckets| buckets.into_iter().map(named).collect())
    }

    fn query(mut self, name: &'static str, value: String) -> Self {
        self.query.push((name, value));
        self
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
