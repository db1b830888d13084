//! A collection, and a query on it.

use serde::Serialize;

use super::add::{Add, AddMany};
use super::aggregate::Aggregate;
use super::count::Count;
use super::document_ref::{DocumentId, DocumentRef};
use super::filter::Filter;
use super::find::{Find, FindOne};
use super::order::Order;
use super::projection::Projection;
use super::request::CollectionTarget;
use super::update::Update;
use super::write::{RemoveMany, UpdateMany};

/// A collection of documents. Cheap to clone; each method starts a call, or a query that becomes one.
#[doc(alias = "CollectionReference")]
#[derive(Clone, Debug)]
pub struct Collection {
    pub(super) target: CollectionTarget,
}

impl Collection {
    /// Adds a document (a struct or map); awaited, it gives its id. Without an `_id` the service makes one.
    ///
    /// ```no_run
    /// # use cloudbase_data::documents::Documents;
    /// # async fn run(documents: Documents) -> cloudbase_core::Result<()> {
    /// let todos = documents.collection("todos");
    /// let id = todos.add(&serde_json::json!({ "title": "milk", "done": false })).await?.id;
    /// # Ok(())
    /// # }
    /// ```
    pub fn add<T: Serialize + ?Sized>(&self, document: &T) -> Add {
        Add::new(self.target.clone(), document)
    }

    /// Adds documents in one call; awaited, it gives their ids in order, none for an empty list.
    #[doc(alias = "add")]
    pub fn add_many<'a, T: Serialize + 'a>(
        &self,
        documents: impl IntoIterator<Item = &'a T>,
    ) -> AddMany {
        AddMany::new(self.target.clone(), documents)
    }

    /// The document with this id: text, an [`ObjectId`](super::ObjectId) or a number.
    pub fn doc(&self, id: impl Into<DocumentId>) -> DocumentRef {
        DocumentRef::new(self.target.clone(), id.into())
    }

    /// The documents for which this holds: to be read, counted, changed or removed.
    #[doc(alias = "where")]
    pub fn filter(&self, filter: impl Into<Filter>) -> Query {
        Query {
            target: self.target.clone(),
            filter: filter.into(),
        }
    }

    /// As [`filter`](Self::filter), by the name of the other SDKs.
    #[doc(alias = "where")]
    pub fn where_(&self, filter: impl Into<Filter>) -> Query {
        self.filter(filter)
    }

    /// Reads all documents.
    pub fn get<T>(&self) -> Find<T> {
        Find::new(self.target.clone(), Filter::everything())
    }

    /// Reads the first document; awaited, it gives an `Option<T>`.
    pub fn get_one<T>(&self) -> FindOne<T> {
        self.get().get_one()
    }

    /// Reads all documents in an order; see [`Find::order_by`].
    #[doc(alias = "orderBy")]
    pub fn order_by<T>(&self, order: Order) -> Find<T> {
        self.get().order_by(order)
    }

    /// Reads at most so many documents; see [`Find::limit`].
    pub fn limit<T>(&self, documents: u32) -> Find<T> {
        self.get().limit(documents)
    }

    /// Leaves the first documents out; see [`Find::skip`].
    #[doc(alias = "offset")]
    pub fn skip<T>(&self, documents: u64) -> Find<T> {
        self.get().skip(documents)
    }

    /// Reads some fields only; see [`Find::fields`].
    #[doc(alias = "field")]
    pub fn fields<T>(&self, fields: impl Into<Projection>) -> Find<T> {
        self.get().fields(fields)
    }

    /// Sends the documents through a pipeline of stages; see [`aggregate`](super::aggregate).
    pub fn aggregate<T>(&self) -> Aggregate<T> {
        Aggregate::new(self.target.clone())
    }

    /// Counts all documents.
    pub fn count(&self) -> Count {
        Count::new(self.target.clone(), Filter::everything())
    }
}

/// The documents of a collection that meet a condition; made by [`Collection::filter`].
///
/// It does nothing by itself: read them ([`get`](Self::get), [`get_one`](Self::get_one)),
/// [`count`](Self::count), [`update`](Self::update) or [`remove`](Self::remove) them. An order, a limit and
/// the choice of fields are for reading alone.
#[derive(Clone, Debug)]
#[must_use = "does nothing until it is read, counted, updated or removed"]
pub struct Query {
    target: CollectionTarget,
    filter: Filter,
}

impl Query {
    /// Narrows it down.
    #[doc(alias = "where")]
    pub fn filter(mut self, filter: impl Into<Filter>) -> Self {
        self.filter = self.filter & filter.into();
        self
    }

    /// As [`filter`](Self::filter), by the name of the other SDKs.
    #[doc(alias = "where")]
    pub fn where_(self, filter: impl Into<Filter>) -> Self {
        self.filter(filter)
    }

    /// Reads the documents.
    pub fn get<T>(self) -> Find<T> {
        Find::new(self.target, self.filter)
    }

    /// Reads the first document; awaited, it gives an `Option<T>`.
    pub fn get_one<T>(self) -> FindOne<T> {
        self.get().get_one()
    }

    /// Reads the documents in an order; see [`Find::order_by`].
    #[doc(alias = "orderBy")]
    pub fn order_by<T>(self, order: Order) -> Find<T> {
        self.get().order_by(order)
    }

    /// Reads at most so many documents; see [`Find::limit`].
    pub fn limit<T>(self, documents: u32) -> Find<T> {
        self.get().limit(documents)
    }

    /// Leaves the first documents out; see [`Find::skip`].
    #[doc(alias = "offset")]
    pub fn skip<T>(self, documents: u64) -> Find<T> {
        self.get().skip(documents)
    }

    /// Reads some fields only; see [`Find::fields`].
    #[doc(alias = "field")]
    pub fn fields<T>(self, fields: impl Into<Projection>) -> Find<T> {
        self.get().fields(fields)
    }

    /// Counts the documents.
    pub fn count(self) -> Count {
        Count::new(self.target, self.filter)
    }

    /// Changes all of the documents; awaited, it gives an [`Updated`](super::Updated).
    ///
    /// ```no_run
    /// # use cloudbase_data::documents::{Documents, eq, inc, set};
    /// # async fn run(documents: Documents) -> cloudbase_core::Result<()> {
    /// let todos = documents.collection("todos");
    /// let done = todos.filter(eq("list", "shop")).update(set("done", true) + inc("edits", 1)).await?;
    /// println!("{} of {}", done.updated, done.matched);
    /// # Ok(())
    /// # }
    /// ```
    pub fn update(self, update: impl Into<Update>) -> UpdateMany {
        UpdateMany::new(self.target, self.filter, update.into())
    }

    /// Removes all of the documents; awaited, it gives a [`Removed`](super::Removed).
    #[doc(alias = "delete")]
    pub fn remove(self) -> RemoveMany {
        RemoveMany::new(self.target, self.filter)
    }
}
