//! Management of the buckets that PostgreSQL manages.

use cloudbase_core::http::Method;
use cloudbase_core::{CallOptions, Client, Operation, PathBuilder, Result, call_options};
use serde::{Deserialize, Serialize};

use crate::bucket::check_id;
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
        let client = self.client.clone();
        let operation = one("storage.buckets.get", Method::GET, id.as_ref());
        Call::new(|options| async move {
            let answer = client.fetch_json(operation?.options(options)).await?;
            Ok(answer.into_value())
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

    /// Changes a bucket.
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
            client.fetch(operation?.options(options)).await?.confirm()?;
            Ok(())
        })
    }
}

fn one(name: &'static str, method: Method, id: &str) -> Result<Operation> {
    check_id(id)?;
    let target = PathBuilder::new("/v1/storages/bucket").segment("bucket id", id)?;
    let template = "/v1/storages/bucket/{bucket}";
    Ok(Operation::new(name, template, method, target.build()?))
}

/// A request for buckets; see [`Storage::list_buckets`].
#[must_use = "a call does nothing until it is awaited or sent"]
#[derive(Debug)]
pub struct ListBuckets {
    client: Client,
    query: Vec<(&'static str, String)>,
    options: CallOptions,
}

call_options!(ListBuckets);
awaitable!(ListBuckets => Vec<BucketDetails>);

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

    /// Sends the call.
    ///
    /// # Errors
    ///
    /// [`is_permission_denied`](cloudbase_core::Error::is_permission_denied); whatever broke the
    /// connection.
    pub async fn send(self) -> Result<Vec<BucketDetails>> {
        let path = PathBuilder::new(PATH);
        let path = self
            .query
            .iter()
            .fold(path, |path, (name, value)| path.query(name, value));
        let operation = Operation::new("storage.buckets.list", PATH, Method::GET, path.build()?)
            .options(self.options);
        Ok(self.client.fetch_json(operation).await?.into_value())
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
    /// The content types that it takes; `image/*` stands for all of a kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_mime_types: Option<Vec<String>>,
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

            /// The content types that it takes; `image/*` stands for all of a kind.
            pub fn allowed_mime_types(
                mut self,
                types: impl IntoIterator<Item = impl Into<String>>,
            ) -> Self {
                let types = types.into_iter().map(Into::into).collect();
                self.settings.allowed_mime_types = Some(types);
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

call_options!(CreateBucket);
bucket_settings!(CreateBucket);
awaitable!(CreateBucket => String);

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

    /// Sends the call.
    ///
    /// # Errors
    ///
    /// [`is_conflict`](cloudbase_core::Error::is_conflict) if there is such a bucket;
    /// [`is_permission_denied`](cloudbase_core::Error::is_permission_denied); whatever broke the
    /// connection.
    pub async fn send(self) -> Result<String> {
        #[derive(Serialize)]
        struct Request<'a> {
            id: &'a str,
            name: &'a str,
            #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
            kind: Option<&'a str>,
            #[serde(flatten)]
            settings: &'a BucketSettings,
        }
        #[derive(Deserialize)]
        struct Created {
            name: String,
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
            .options(self.options);
        let answer = self.client.fetch_json::<Created>(operation).await?;
        Ok(answer.into_value().name)
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

call_options!(UpdateBucket);
bucket_settings!(UpdateBucket);
awaitable!(UpdateBucket => ());

impl UpdateBucket {
    /// Sends the call.
    ///
    /// # Errors
    ///
    /// [`is_not_found`](cloudbase_core::Error::is_not_found);
    /// [`is_permission_denied`](cloudbase_core::Error::is_permission_denied); whatever broke the
    /// connection.
    pub async fn send(self) -> Result<()> {
        let operation = one("storage.buckets.update", Method::PUT, &self.id)?
            .json(&self.settings)?
            .options(self.options);
        self.client.fetch(operation).await?.confirm()?;
        Ok(())
    }
}

/// A bucket.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct BucketDetails {
    /// Its id.
    pub id: String,
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// Whether anybody may read its objects.
    #[serde(default)]
    pub public: bool,
    /// The largest object that it takes, in bytes.
    #[serde(default)]
    pub file_size_limit: Option<u64>,
    /// The content types that it takes.
    #[serde(default)]
    pub allowed_mime_types: Option<Vec<String>>,
    /// When it was made.
    #[serde(default)]
    pub created_at: Option<String>,
    /// When it was last changed.
    #[serde(default)]
    pub updated_at: Option<String>,
}
