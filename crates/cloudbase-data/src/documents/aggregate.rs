//! Aggregation: documents through a pipeline of stages.
//!
//! [`Collection::aggregate`](super::Collection::aggregate) begins one. Expressions are JSON as the database
//! has it: `"$price"` is a field, `json!({ "$multiply": ["$price", "$n"] })` an operator. [`sum`] and the other
//! functions here make the fields of a group.
//!
//! ```no_run
//! use cloudbase_data::documents::aggregate::{avg, max, sum};
//! use cloudbase_data::documents::{Documents, desc, eq};
//!
//! #[derive(serde::Deserialize)]
//! struct ByOwner {
//!     #[serde(rename = "_id")]
//!     owner: String,
//!     n: i64,
//!     stars: f64,
//! }
//!
//! # async fn run(documents: Documents) -> cloudbase_core::Result<()> {
//! let by_owner: Vec<ByOwner> = documents
//!     .collection("todos")
//!     .aggregate()
//!     .match_(eq("done", true))
//!     .group("$owner", [sum("n", 1), avg("stars", "$stars"), max("last", "$at")])
//!     .sort([desc("n")])
//!     .limit(100)
//!     .await?;
//! # Ok(())
//! # }
//! ```

mod accumulator;
mod bucket;
mod lookup;
mod near;
mod unwind;

use std::marker::PhantomData;

use cloudbase_core::http::Method;
use cloudbase_core::{CallOptions, Error, Idempotency, Operation, Response, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use self::accumulator::{
    Accumulator, accumulator, add_to_set, avg, first, last, max, merge_objects, min, push,
    std_dev_pop, std_dev_samp, sum,
};
pub use self::bucket::{Bucket, BucketAuto};
pub use self::lookup::Lookup;
pub use self::near::Near;
pub use self::unwind::Unwind;
use super::ejson;
use super::filter::Filter;
use super::order::Order;
use super::request::{Body, CollectionTarget, Name, fetch_list};
use super::value::{Document, Value, integer};

/// A pipeline of stages; awaited, it gives a `Vec<T>` of what comes out of the last one.
///
/// `T` is what the context asks for; where nothing does, begin with `aggregate::<ByOwner>()`. Without a
/// [`limit`](Self::limit) the service gives 20 documents. An invalid stage is reported when the call is sent.
///
/// Safe to repeat, so it is retried after transient failures.
#[derive(Debug)]
#[must_use = "does nothing until it is sent or awaited"]
pub struct Aggregate<T = Document> {
    target: CollectionTarget,
    stages: Vec<Document>,
    invalid: Option<Error>,
    options: CallOptions,
    documents: PhantomData<fn() -> T>,
}

impl<T> Aggregate<T> {
    pub(super) fn new(target: CollectionTarget) -> Self {
        Self {
            options: target.target.options(),
            target,
            stages: Vec::new(),
            invalid: None,
            documents: PhantomData,
        }
    }

    /// Lets documents through for which this holds.
    #[doc(alias = "match")]
    pub fn match_(self, filter: impl Into<Filter>) -> Self {
        let document = filter.into().to_document();
        self.with("$match", document)
    }

    /// Makes one document of all that have the same `id` (an expression, `None` for all): its `_id`, and what
    /// `fields` make of them.
    pub fn group(self, id: impl Serialize, fields: impl IntoIterator<Item = Accumulator>) -> Self {
        let build = || {
            let mut group = Document::one("_id", ejson::value_of("id", &id)?);
            accumulator::add(&mut group, fields)?;
            Ok(group)
        };
        self.with("$group", build())
    }

    /// Chooses the fields of documents, or makes them: `json!({ "name": 1, "total": { "$sum": "$prices" } })`.
    pub fn project(self, fields: impl Serialize) -> Self {
        self.with("$project", ejson::value_of("project", &fields))
    }

    /// Adds fields, or replaces them: `json!({ "total": { "$sum": "$prices" } })`.
    #[doc(alias = "addFields")]
    pub fn add_fields(self, fields: impl Serialize) -> Self {
        self.with("$addFields", ejson::value_of("add_fields", &fields))
    }

    /// Sorts the documents, by the first key first.
    pub fn sort(self, order: impl IntoIterator<Item = Order>) -> Self {
        let order: Vec<Order> = order.into_iter().collect();
        let sort = match order.is_empty() {
            true => Err(Error::argument("sort", "must have at least one key")),
            false => Order::encode(&order),
        };
        self.with("$sort", sort)
    }

    /// Lets the first so many documents through; at least 1.
    pub fn limit(self, documents: u32) -> Self {
        let limit = positive("limit", documents);
        self.with("$limit", limit)
    }

    /// Leaves the first so many documents out.
    pub fn skip(self, documents: u32) -> Self {
        self.with("$skip", Ok(integer(documents.into())))
    }

    /// Makes a document of each member of a list: of the field with this path, or as [`Unwind`] says.
    pub fn unwind(self, list: impl Into<Unwind>) -> Self {
        let unwind = list.into().encode();
        self.with("$unwind", unwind)
    }

    /// Adds documents of another collection to each; only as an administrator.
    pub fn lookup(self, lookup: Lookup) -> Self {
        self.with("$lookup", lookup.encode())
    }

    /// Makes one document with the number of documents in the field `name`; none if there are none.
    pub fn count(self, name: impl Into<String>) -> Self {
        let name = name.into();
        let valid = !name.is_empty() && !name.contains(['$', '.']);
        let name = match valid {
            true => Ok(name),
            false => Err(Error::argument(
                "count",
                "must be the name of a field: not empty, no `$`, no dot",
            )),
        };
        self.with("$count", name)
    }

    /// Lets so many documents through, chosen at random; at least 1.
    pub fn sample(self, documents: u32) -> Self {
        let sample = positive("sample", documents).map(|size| Document::one("size", size));
        self.with("$sample", sample)
    }

    /// Groups documents by ranges of a value.
    pub fn bucket(self, bucket: Bucket) -> Self {
        self.with("$bucket", bucket.encode())
    }

    /// Groups documents by ranges of a value that the database chooses.
    #[doc(alias = "bucketAuto")]
    pub fn bucket_auto(self, bucket: BucketAuto) -> Self {
        self.with("$bucketAuto", bucket.encode())
    }

    /// Sorts documents by their distance from a place; the first stage only. The collection needs a
    /// geographic index.
    #[doc(alias = "geoNear")]
    pub fn geo_near(self, near: Near) -> Self {
        self.with("$geoNear", near.encode())
    }

    /// Puts the document that an expression gives in the place of each: `"$address"`.
    #[doc(alias = "replaceRoot")]
    pub fn replace_root(self, expression: impl Serialize) -> Self {
        let root = ejson::value_of("replace_root", &expression);
        self.with(
            "$replaceRoot",
            root.map(|root| Document::one("newRoot", root)),
        )
    }

    /// Counts documents by the value of an expression, most first.
    #[doc(alias = "sortByCount")]
    pub fn sort_by_count(self, expression: impl Serialize) -> Self {
        self.with(
            "$sortByCount",
            ejson::value_of("sort_by_count", &expression),
        )
    }

    /// Any stage by its name, with what stands in it as JSON: `stage("$match", json!({ "a": 1 }))`.
    pub fn stage(mut self, name: &str, content: impl Serialize) -> Self {
        if !name.starts_with('$') {
            let rule = "must have the name of a stage, which begins with `$`";
            self.invalid
                .get_or_insert_with(|| Error::argument("stage", rule));
            return self;
        }
        self.with(name, ejson::value_of("stage", &content))
    }

    /// Itself, for those who end a pipeline so.
    pub fn end(self) -> Self {
        self
    }

    fn build(self) -> Result<Operation> {
        let name = Name(
            "documents.aggregate",
            "/v1/database/instances/{instance}/databases/{database}/collections/{name}/documents/aggregations",
        );
        let operation = name.operation(Method::POST, || {
            if let Some(invalid) = self.invalid {
                return Err(invalid);
            }
            if self.target.target.transaction.is_some() {
                return Err(Error::argument(
                    "aggregate",
                    "must not be part of a transaction: the service would read outside of it",
                ));
            }
            let pipeline: Value = self.stages.into_iter().collect();
            let pipeline = ejson::encode("pipeline", &pipeline, ejson::Form::Relaxed)?;
            let path = self.target.documents()?.path("action", "aggregations")?;
            Ok((path, Some(Body::new().json("pipeline", &pipeline))))
        })?;
        Ok(operation
            .idempotency(Idempotency::Safe)
            .options(self.options))
    }

    fn with(mut self, name: &str, content: Result<impl Into<Value>>) -> Self {
        match content {
            Ok(content) => self.stages.push(Document::one(name, content)),
            Err(error) => {
                self.invalid.get_or_insert(error);
            }
        }
        self
    }
}

impl<T: DeserializeOwned> Aggregate<T> {
    async fn respond(self) -> Result<Response<Vec<T>>> {
        let client = self.target.target.client.clone();
        fetch_list(&client, self.build()?).await
    }
}

cloudbase_core::request_builder! {
    /// [`ErrorKind::Argument`](cloudbase_core::ErrorKind::Argument) before anything is sent; whatever
    /// the service or the way to it reports; [`ErrorKind::Decode`](cloudbase_core::ErrorKind::Decode)
    /// if a document does not fit `T`.
    impl[T: DeserializeOwned + Send + 'static] Aggregate<T> => Vec<T>; call, product, operation
}

fn positive(argument: &str, number: u32) -> Result<Value> {
    match number {
        0 => Err(Error::argument(argument, "must be at least 1")),
        number => Ok(integer(number.into())),
    }
}

#[cfg(test)]
mod tests;
