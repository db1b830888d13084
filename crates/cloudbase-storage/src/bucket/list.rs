//! What is in a bucket.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use cloudbase_core::http::Method;
use cloudbase_core::{CallOptions, Error, ErrorKind, Idempotency, Operation, Result, call_options};
use futures_core::Stream;
use futures_core::future::BoxFuture;
use serde::{Deserialize, Serialize};

use super::Bucket;

/// A request for objects; see [`Bucket::list`].
///
/// Awaited, it gives one page; [`pages`](Self::pages) gives them all.
#[must_use = "a call does nothing until it is awaited or sent"]
#[derive(Clone, Debug)]
pub struct List {
    bucket: Bucket,
    request: Request,
    options: CallOptions,
}

call_options!(List);
awaitable!(List => ListPage);

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

impl List {
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
    pub fn pages(mut self) -> Pages {
        // All pages are read as whoever the first one was.
        self.options = self.options.as_one_call();
        Pages {
            next: Some(self),
            asking: None,
        }
    }

    /// Sends the call.
    ///
    /// # Errors
    ///
    /// [`is_not_found`](Error::is_not_found) if there is no such bucket;
    /// [`is_permission_denied`](Error::is_permission_denied); whatever broke the connection.
    pub async fn send(self) -> Result<ListPage> {
        let operation = Operation::new(
            "storage.bucket.list",
            "/v1/storages/object/list/{bucket}",
            Method::POST,
            self.bucket.at("/v1/storages/object/list")?.build()?,
        )
        .json(&self.request)?
        .idempotency(Idempotency::Safe)
        .options(self.options);
        let answer = self.bucket.client.fetch_json(operation).await?;
        Ok(answer.into_value())
    }
}

/// The pages of a list, as a stream; see [`List::pages`].
///
/// It ends after the last page, and after an error. Nothing is sent before it is polled.
#[must_use = "streams do nothing unless polled"]
pub struct Pages {
    /// The request for the page that comes next.
    next: Option<List>,
    asking: Option<BoxFuture<'static, Result<ListPage>>>,
}

impl Pages {
    /// The next page; `None` at the end.
    ///
    /// # Errors
    ///
    /// As [`List::send`]; [`ErrorKind::Decode`] if the service says that there is more, but not
    /// where.
    ///
    /// # Cancel safety
    ///
    /// Safe: a page that was asked for is not lost if the future is dropped.
    pub async fn next_page(&mut self) -> Result<Option<ListPage>> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx))
            .await
            .transpose()
    }
}

impl Stream for Pages {
    type Item = Result<ListPage>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let Some(list) = &this.next else {
            return Poll::Ready(None);
        };
        let asking = this
            .asking
            .get_or_insert_with(|| Box::pin(list.clone().send()));
        let page = ready!(asking.as_mut().poll(cx));
        this.asking = None;
        let list = this.next.take();
        Poll::Ready(Some(page.and_then(|page| {
            this.next = match (page.has_next, &page.next_cursor) {
                (false, _) => None,
                (true, Some(cursor)) => list.map(|list| list.cursor(cursor)),
                (true, None) => {
                    let error =
                        Error::new(ErrorKind::Decode, "the page lacks the cursor of the next");
                    return Err(error.with_operation("storage.bucket.list"));
                }
            };
            Ok(page)
        })))
    }
}

impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages")
            .field("next", &self.next)
            .finish_non_exhaustive()
    }
}

/// Some objects of a bucket.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ListPage {
    /// The objects.
    #[serde(default)]
    pub objects: Vec<ListedObject>,
    /// What lies deeper, if [asked for](List::with_delimiter).
    #[serde(default)]
    pub folders: Vec<ListedObject>,
    /// Whether there are more.
    #[serde(default)]
    pub has_next: bool,
    /// Where the next page begins.
    #[serde(default)]
    pub next_cursor: Option<String>,
}

/// An object in a list.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct ListedObject {
    /// The object's id; folders have none.
    #[serde(default)]
    pub id: Option<String>,
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// Its whole path in the bucket, where the service tells it.
    #[serde(default)]
    pub key: Option<String>,
    /// When it was last written.
    #[serde(default)]
    pub updated_at: Option<String>,
    /// When it was first written.
    #[serde(default)]
    pub created_at: Option<String>,
    /// What the service and its owner keep with it.
    #[serde(default)]
    pub metadata: Option<serde_json::Value>,
}

impl ListedObject {
    /// Its whole path in the bucket if the service told it, else its name.
    pub fn path(&self) -> &str {
        self.key.as_deref().unwrap_or(&self.name)
    }
}
