//! Reading the documents of a collection.

use std::marker::PhantomData;

use cloudbase_core::http::Method;
use cloudbase_core::{CallOptions, Error, ItemStream, Operation, PageStream, Response, Result};
use serde::de::DeserializeOwned;

use super::ejson::{self, Form};
use super::filter::Filter;
use super::order::Order;
use super::pages::Source;
use super::projection::Projection;
use super::request::{CollectionTarget, Name, fetch_list};
use super::value::Document;

/// How many documents are read unless the call says otherwise.
const DEFAULT_LIMIT: u32 = 100;
/// How many the service gives at most, which is also what a stream asks for.
pub(super) const MAX_LIMIT: u32 = 1000;

/// Reads documents; awaited, it gives a `Vec<T>`.
///
/// `T` is what the context asks for; where nothing does, begin with `get::<Todo>()`, or
/// `get::<Document>()` for documents of no fixed shape.
///
/// Safe to repeat, so it is retried after transient failures.
///
/// ```no_run
/// use cloudbase_data::documents::{Documents, desc, eq};
///
/// #[derive(serde::Deserialize)]
/// struct Todo { title: String }
///
/// # async fn run(documents: Documents) -> cloudbase_core::Result<()> {
/// let todos = documents.collection("todos");
/// let open: Vec<Todo> = todos.filter(eq("done", false)).order_by(desc("due")).limit(20).await?;
/// let all = todos.get::<Todo>().limit(1000).await?;
/// # Ok(())
/// # }
/// ```
#[doc(alias = "DbGetResult")]
#[derive(Debug)]
#[must_use = "does nothing until it is sent or awaited"]
pub struct Find<T = Document> {
    pub(super) query: FindQuery,
    options: CallOptions,
    documents: PhantomData<fn() -> T>,
}

/// What is read.
#[derive(Clone, Debug)]
pub(super) struct FindQuery {
    pub(super) target: CollectionTarget,
    pub(super) filter: Filter,
    pub(super) order: Vec<Order>,
    pub(super) limit: Option<u32>,
    pub(super) skip: Option<u64>,
    pub(super) fields: Option<Projection>,
}

impl<T> Find<T> {
    pub(super) fn new(target: CollectionTarget, filter: Filter) -> Self {
        let options = target.target.options();
        let query = FindQuery {
            target,
            filter,
            order: Vec::new(),
            limit: None,
            skip: None,
            fields: None,
        };
        Self::from_parts(query, options)
    }

    pub(super) fn from_parts(query: FindQuery, options: CallOptions) -> Self {
        Self {
            query,
            options,
            documents: PhantomData,
        }
    }

    pub(super) fn into_parts(self) -> (FindQuery, CallOptions) {
        (self.query, self.options)
    }

    /// Reads only documents for which this holds; further calls narrow it down.
    #[doc(alias = "where")]
    pub fn filter(mut self, filter: impl Into<Filter>) -> Self {
        self.query.filter = self.query.filter & filter.into();
        self
    }

    /// Sorts the documents; further calls add weaker keys.
    #[doc(alias = "orderBy")]
    pub fn order_by(mut self, order: Order) -> Self {
        self.query.order.push(order);
        self
    }

    /// Reads at most so many documents: 1 to 1,000. Default: 100. For more, use
    /// [`stream`](Self::stream), whose whole this limits.
    pub fn limit(mut self, documents: u32) -> Self {
        self.query.limit = Some(documents);
        self
    }

    /// Leaves the first documents out. Default: 0.
    #[doc(alias = "offset")]
    pub fn skip(mut self, documents: u64) -> Self {
        self.query.skip = Some(documents);
        self
    }

    /// Reads only these fields. Default: all. `_id` comes along unless it is excluded.
    #[doc(alias = "field")]
    pub fn fields(mut self, fields: impl Into<Projection>) -> Self {
        self.query.fields = Some(fields.into());
        self
    }

    /// Reads the first document only; awaited, it gives an `Option<T>`.
    pub fn get_one(self) -> FindOne<T> {
        let (query, options) = self.into_parts();
        FindOne {
            query,
            options,
            documents: PhantomData,
        }
    }

    /// Itself, for those who end a query so.
    pub fn get(self) -> Self {
        self
    }

    pub(in crate::documents) fn build(self) -> Result<Operation> {
        Ok(self.query.operation()?.options(self.options))
    }
}

impl FindQuery {
    fn operation(&self) -> Result<Operation> {
        let name = Name(
            "documents.find",
            "/v1/database/instances/{instance}/databases/{database}/collections/{name}/documents",
        );
        name.operation(Method::GET, || {
            let limit = self.limit.unwrap_or(DEFAULT_LIMIT);
            if !(1..=MAX_LIMIT).contains(&limit) {
                let rule = "must be 1 to 1000; for more documents use `stream`";
                return Err(Error::argument("limit", rule));
            }
            let fields = self.fields.as_ref().map(Projection::encode).transpose()?;
            let path = self.target.target.mark_query(self.target.documents()?)?;
            let path = path
                .query_opt("projection", fields.as_deref())
                .query("offset", &self.skip.unwrap_or(0).to_string())
                .query("limit", &limit.to_string())
                .query_opt("order", order(&self.order)?.as_deref())
                .query_opt("query", query(&self.filter)?.as_deref());
            Ok((path, None))
        })
    }
}

/// The value of `query`, always canonical: plain numbers would lose their types.
pub(super) fn query(filter: &Filter) -> Result<Option<String>> {
    let document = filter.to_document()?;
    match document.is_empty() {
        true => Ok(None),
        false => ejson::encode("filter", &document, Form::Canonical).map(Some),
    }
}

fn order(keys: &[Order]) -> Result<Option<String>> {
    #[derive(serde::Serialize)]
    struct Key<'a> {
        field: &'a str,
        direction: &'static str,
    }
    if keys.is_empty() {
        return Ok(None);
    }
    // Names a field that is there twice.
    Order::encode(keys)?;
    let key = |key: &'_ Order| -> Result<String> {
        let direction = if key.is_descending() { "desc" } else { "asc" };
        let field = key.path()?;
        ejson::encode("order", &Key { field, direction }, Form::Relaxed)
    };
    let keys = keys.iter().map(key).collect::<Result<Vec<_>>>()?;
    Ok(Some(format!("[{}]", keys.join(","))))
}

impl<T: DeserializeOwned> Find<T> {
    async fn respond(self) -> Result<Response<Vec<T>>> {
        let client = self.query.target.target.client.clone();
        fetch_list(&client, self.build()?).await
    }
}

impl<T: DeserializeOwned + Send + 'static> Find<T> {
    /// All matching documents as pages of at most `size`, the next one fetched while one is worked on. A
    /// [`limit`](Self::limit) bounds the whole; [`skip`](Self::skip) says where it begins.
    ///
    /// Pages are cut by position: sort by something unique, such as `_id`, else documents may come twice
    /// or not at all, and documents that others add or remove meanwhile shift the rest.
    ///
    /// # Errors
    ///
    /// The first failure is the last item.
    pub fn pages(self, size: u32) -> PageStream<Vec<T>> {
        PageStream::new(Source::new(self, size), true)
    }

    /// All matching documents one by one, read in pages of 1,000, of which no more than two are in memory.
    /// See [`pages`](Self::pages) for order, limit and errors. A page may take as many bytes as any response
    /// (`max_response_size`, 10 MiB): for documents of more than 10 KB, choose smaller pages.
    ///
    /// ```no_run
    /// # use cloudbase_data::documents::{Document, Documents, asc};
    /// # async fn run(documents: Documents) -> cloudbase_core::Result<()> {
    /// let mut todos = documents.collection("todos").get::<Document>().order_by(asc("_id")).stream();
    /// while let Some(todo) = todos.next_item().await? {
    ///     println!("{todo:?}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn stream(self) -> ItemStream<Vec<T>> {
        self.pages(MAX_LIMIT).items()
    }
}

cloudbase_core::request_builder! {
    /// [`ErrorKind::Argument`](cloudbase_core::ErrorKind::Argument) before anything is sent; whatever
    /// the service or the way to it reports; [`ErrorKind::Decode`](cloudbase_core::ErrorKind::Decode)
    /// if a document does not fit `T`.
    impl[T: DeserializeOwned + Send + 'static] Find<T> => Vec<T>; call, product, operation
}

/// Reads the first document that matches; awaited, it gives an `Option<T>`.
#[derive(Debug)]
#[must_use = "does nothing until it is sent or awaited"]
pub struct FindOne<T = Document> {
    query: FindQuery,
    options: CallOptions,
    documents: PhantomData<fn() -> T>,
}

impl<T> FindOne<T> {
    pub(in crate::documents) fn build(mut self) -> Result<Operation> {
        self.query.limit = Some(1);
        Ok(self.query.operation()?.options(self.options))
    }
}

impl<T: DeserializeOwned> FindOne<T> {
    async fn respond(self) -> Result<Response<Option<T>>> {
        let client = self.query.target.target.client.clone();
        let found = fetch_list(&client, self.build()?).await?;
        Ok(found.map(|documents| documents.into_iter().next()))
    }
}

cloudbase_core::request_builder! {
    /// As [`Find::send`].
    impl[T: DeserializeOwned + Send + 'static] FindOne<T> => Option<T>; call, product, operation
}
