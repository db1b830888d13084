//! What is in a bucket.

use cloudbase_core::http::Method;
use cloudbase_core::sdk::PageSource;
use cloudbase_core::{
    CallOptions, Envelope, Error, ErrorKind, Idempotency, ItemStream, Operation, PageStream,
    Response, Result, Timestamp,
};
use futures_core::future::BoxFuture;
use serde::Serialize;
use serde_json::{Map, Value};

use super::Bucket;
use crate::fields::Fields;
use crate::named_request::named_request;

/// A request for objects; see [`Bucket::list`].
///
/// Awaited, it gives one page; [`pages`](Self::pages) gives them all.
#[must_use = "a call does nothing until it is awaited or sent"]
#[derive(Clone, Debug)]
pub struct BucketList {
    bucket: Bucket,
    request: Request,
    options: CallOptions,
}

named_request! {
    /// [`is_not_found`](Error::is_not_found) if there is no such bucket;
    /// [`is_permission_denied`](Error::is_permission_denied); whatever broke the connection.
    impl BucketList => ListPage, "storage.bucket.list"; call, product, operation
}

#[derive(Clone, Debug, Serialize)]
struct Request {
    prefix: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    with_delimiter: Option<bool>,
    #[serde(rename = "sortBy", skip_serializing_if = "Option::is_none")]
    sort_by: Option<SortBy>,
}

#[derive(Clone, Debug, Serialize)]
struct SortBy {
    column: String,
    order: &'static str,
}

impl BucketList {
    pub(super) fn new(bucket: Bucket, prefix: String) -> Self {
        Self {
            bucket,
            request: Request {
                prefix,
                limit: None,
                cursor: None,
                with_delimiter: None,
                sort_by: None,
            },
            options: CallOptions::default(),
        }
    }

    /// How many objects a page has at most. The service gives no more than 1000.
    pub fn limit(mut self, objects: u32) -> Self {
        self.request.limit = Some(objects);
        self
    }

    /// Goes on where [a page](ListPage::next_cursor) ended.
    pub fn cursor(mut self, cursor: impl Into<String>) -> Self {
        self.request.cursor = Some(cursor.into());
        self
    }

    /// Whether what lies deeper than the prefix is summed up as [folders](ListPage::folders).
    pub fn with_delimiter(mut self, with_delimiter: bool) -> Self {
        self.request.with_delimiter = Some(with_delimiter);
        self
    }

    /// Sorts by a column: `name`, `created_at`, `updated_at`.
    pub fn sort_by(mut self, column: impl Into<String>, ascending: bool) -> Self {
        self.request.sort_by = Some(SortBy {
            column: column.into(),
            order: if ascending { "asc" } else { "desc" },
        });
        self
    }

    /// One page after the other, as a stream.
    ///
    /// # Errors
    ///
    /// As [`BucketList::send`]; [`ErrorKind::Decode`] after a page of which the service says that there
    /// is more, but not where.
    pub fn pages(mut self) -> PageStream<ListPage> {
        // All pages are read as the user of the first one.
        self.options = self.options.as_one_call();
        PageStream::new(Source(Next::List(self)), false)
    }

    /// All objects one by one, as a stream. [Folders](ListPage::folders) are only in
    /// [`pages`](Self::pages).
    pub fn stream(self) -> ItemStream<ListPage> {
        self.pages().items()
    }

    fn make(self) -> Result<Operation> {
        let operation = Operation::new(
            "storage.bucket.list",
            "/v1/storages/object/list/{bucket}",
            Method::POST,
            self.bucket.at("/v1/storages/object/list")?.build()?,
        )
        .json(&self.request)?;
        Ok(operation
            .idempotency(Idempotency::Safe)
            .envelope(Envelope::Storage)
            .options(self.options))
    }

    async fn run(self) -> Result<Response<ListPage>> {
        let client = self.bucket.client.clone();
        let response = client.fetch_json(self.build()?).await?;
        response.try_map(ListPage::of)
    }
}

/// Follows the cursors of the pages.
#[derive(Debug)]
struct Source(Next);

/// What comes after the page that was returned last.
#[derive(Debug)]
enum Next {
    /// The page of this request.
    List(BucketList),
    /// Why it is missing, though there are more objects.
    Error(Error),
    End,
}

impl Next {
    /// What comes after `page`, the response to `list`.
    fn after(list: BucketList, page: &ListPage) -> Self {
        let problem = match (page.has_next, &page.next_cursor) {
            (false, _) => return Self::End,
            (true, Some(cursor)) if list.request.cursor.as_ref() != Some(cursor) => {
                return Self::List(list.cursor(cursor));
            }
            (true, Some(_)) => "the page has itself as the next",
            (true, None) => "the page lacks the cursor of the next",
        };
        let error = Error::new(ErrorKind::Decode, problem).with_sent(true);
        Self::Error(error.with_operation("storage.bucket.list"))
    }
}

impl PageSource for Source {
    type Page = ListPage;

    fn next_page(&mut self) -> Option<BoxFuture<'static, Result<ListPage>>> {
        match std::mem::replace(&mut self.0, Next::End) {
            Next::List(list) => {
                self.0 = Next::List(list.clone());
                Some(Box::pin(list.send()))
            }
            Next::Error(error) => Some(Box::pin(async { Err(error) })),
            Next::End => None,
        }
    }

    fn learn(&mut self, page: &ListPage) -> bool {
        if let Next::List(list) = std::mem::replace(&mut self.0, Next::End) {
            self.0 = Next::after(list, page);
        }
        true
    }
}

/// Some objects of a bucket.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ListPage {
    /// The objects.
    pub objects: Vec<ListedObject>,
    /// What lies deeper, if [asked for](BucketList::with_delimiter).
    pub folders: Vec<ListedObject>,
    /// Whether there are more.
    pub has_next: bool,
    /// Where the next page begins.
    pub next_cursor: Option<String>,
}

/// The objects of the page, without its folders.
impl IntoIterator for ListPage {
    type Item = ListedObject;
    type IntoIter = std::vec::IntoIter<ListedObject>;

    fn into_iter(self) -> Self::IntoIter {
        self.objects.into_iter()
    }
}

impl ListPage {
    fn of(mut fields: Fields) -> Result<Self> {
        let next_cursor = fields.text("nextCursor");
        Ok(Self {
            objects: ListedObject::all(fields.value("objects").unwrap_or_default())?,
            folders: fields
                .value("folders")
                .and_then(|folders| ListedObject::all(folders).ok())
                .unwrap_or_default(),
            has_next: fields.flag("hasNext").unwrap_or(next_cursor.is_some()),
            next_cursor,
        })
    }
}

/// An object in a list.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ListedObject {
    /// The object's id; folders have none.
    pub id: Option<String>,
    /// Its name.
    pub name: String,
    /// Its whole path in the bucket, where the service sends it.
    pub key: Option<String>,
    /// The id of its bucket.
    pub bucket_id: Option<String>,
    /// The id of the user who put it.
    pub owner: Option<String>,
    /// When it was last written.
    pub updated_at: Option<Timestamp>,
    /// When it was first written.
    pub created_at: Option<Timestamp>,
    /// When it was last read.
    pub last_accessed_at: Option<Timestamp>,
    /// What the service keeps with it, such as `size`, `mimetype` and `eTag`.
    pub metadata: Option<Value>,
    /// What its owner [put with it](crate::BucketUpload::metadata).
    pub user_metadata: Option<Value>,
    /// What else the service sends, by name.
    pub extra: Map<String, Value>,
}

impl ListedObject {
    /// Its whole path in the bucket if the service sent it, else its name.
    pub fn path(&self) -> &str {
        self.key.as_deref().unwrap_or(&self.name)
    }

    /// The objects of a list, which must be one; `null` is an empty one.
    pub(super) fn all(list: Value) -> Result<Vec<Self>> {
        match list {
            Value::Array(items) => Ok(items.into_iter().map(Fields::of).map(Self::of).collect()),
            Value::Null => Ok(Vec::new()),
            _ => Err(Error::new(
                ErrorKind::Decode,
                "the objects are not in a list",
            )),
        }
    }

    fn of(mut fields: Fields) -> Self {
        Self {
            id: fields.text("id"),
            name: fields.text("name").unwrap_or_default(),
            key: fields.text("key"),
            bucket_id: fields.text("bucket_id"),
            owner: fields.text("owner"),
            updated_at: fields.timestamp("updated_at"),
            created_at: fields.timestamp("created_at"),
            last_accessed_at: fields.timestamp("last_accessed_at"),
            metadata: fields.value("metadata"),
            user_metadata: fields.value("user_metadata"),
            extra: fields.rest(),
        }
    }
}
