//! What a bucket takes and who may read it: made and changed.

use cloudbase_core::http::Method;
use cloudbase_core::{CallOptions, Client, Envelope, Operation, PathBuilder, Response, Result};
use serde::Serialize;

use super::{PATH, one};
use crate::bucket::check_id;
use crate::fields::Fields;
use crate::named_request::named_request;

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

/// A new bucket; see [`Storage::create_bucket`](crate::Storage::create_bucket). Default: not public, no limits.
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

named_request! {
    /// [`is_conflict`](cloudbase_core::Error::is_conflict) if there is such a bucket;
    /// [`is_permission_denied`](cloudbase_core::Error::is_permission_denied); whatever broke the
    /// connection.
    impl CreateBucket => String, "storage.buckets.create"; call, product, write, operation
}

bucket_settings!(CreateBucket);

impl CreateBucket {
    pub(super) fn new(client: Client, id: String) -> Self {
        Self {
            client,
            name: id.clone(),
            id,
            kind: None,
            settings: BucketSettings {
                public: Some(false),
                ..BucketSettings::default()
            },
            options: CallOptions::default(),
        }
    }

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

    fn make(self) -> Result<Operation> {
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
        let operation = Operation::new("storage.buckets.create", PATH, Method::POST, target);
        let operation = operation.json(&Request {
            id: &self.id,
            name: &self.name,
            kind: self.kind.as_deref(),
            settings: &self.settings,
        })?;
        Ok(operation.envelope(Envelope::Storage).options(self.options))
    }

    async fn run(self) -> Result<Response<String>> {
        let (client, name) = (self.client.clone(), self.name.clone());
        let response = client.fetch_json::<Fields>(self.build()?).await?;
        Ok(response.map(|mut created| created.text("name").unwrap_or(name)))
    }
}

/// A change of a bucket; see [`Storage::update_bucket`](crate::Storage::update_bucket).
#[must_use = "a call does nothing until it is awaited or sent"]
#[derive(Debug)]
pub struct UpdateBucket {
    client: Client,
    id: String,
    settings: BucketSettings,
    options: CallOptions,
}

named_request! {
    /// [`is_not_found`](cloudbase_core::Error::is_not_found);
    /// [`is_permission_denied`](cloudbase_core::Error::is_permission_denied); whatever broke the
    /// connection.
    impl UpdateBucket => (), "storage.buckets.update"; call, product, write, operation
}

bucket_settings!(UpdateBucket);

impl UpdateBucket {
    pub(super) fn new(client: Client, id: String) -> Self {
        Self {
            client,
            id,
            settings: BucketSettings::default(),
            options: CallOptions::default(),
        }
    }

    fn make(self) -> Result<Operation> {
        let operation = one("storage.buckets.update", Method::PUT, &self.id)?;
        Ok(operation.json(&self.settings)?.options(self.options))
    }

    async fn run(self) -> Result<Response<()>> {
        let client = self.client.clone();
        Ok(client.fetch(self.build()?).await?.confirm()?.map(drop))
    }
}
