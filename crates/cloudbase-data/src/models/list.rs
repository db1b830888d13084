//! Reading many records by filter: one page, or all of them.

mod pages;

use std::marker::PhantomData;

use cloudbase_core::http::Method;
use cloudbase_core::{
    CallOptions, Error, Idempotency, ItemStream, Operation, PageStream, Response, Result,
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use self::pages::Source;
use super::fields::Fields;
use super::filter::Filter;
use super::page::{Data, Paging, RecordPage, page_of};
use super::request::{BodyMap, Target, fetch, filter_method};
use crate::Row;
use crate::order::Order;

const MAX_KEYS: usize = 3;

/// Reads records by filter; awaited, it gives a [`RecordPage`].
///
/// Without [`page`](Self::page) the service gives the first 10.
#[derive(Debug)]
#[must_use = "does nothing until it is sent or awaited"]
pub struct List<T = Row> {
    request: Request,
    filter: Filter,
    options: CallOptions,
    record: PhantomData<fn() -> T>,
}

#[derive(Clone, Debug)]
struct Request {
    target: Target,
    fields: Fields,
    order: Vec<Order>,
    paging: Option<Paging>,
    total: bool,
}

filter_method!(List<T>: filter);
impl List<Row> {
    pub(crate) fn new(target: Target) -> Self {
        Self {
            request: Request {
                target,
                fields: Fields::master(),
                order: Vec::new(),
                paging: None,
                total: false,
            },
            filter: Filter::everything(),
            options: CallOptions::default(),
            record: PhantomData,
        }
    }

    /// Says what a record is read into. Default: [`Row`].
    pub fn records<T: DeserializeOwned>(self) -> List<T> {
        List {
            request: self.request,
            filter: self.filter,
            options: self.options,
            record: PhantomData,
        }
    }
}

impl<T> List<T> {
    /// What to show of each record. Default: every field, no relations.
    pub fn select(mut self, fields: impl Into<Fields>) -> Self {
        self.request.fields = fields.into();
        self
    }

    /// Sorts by this field; further calls add weaker keys, three at most.
    #[doc(alias = "orderBy")]
    pub fn order(mut self, key: Order) -> Self {
        self.request.order.push(key);
        self
    }

    /// The page `number`, counted from 1, of `size` records, 200 at most.
    #[doc(alias = "pageNumber")]
    #[doc(alias = "pageSize")]
    pub fn page(mut self, number: u32, size: u32) -> Self {
        self.request.paging = Some(Paging { number, size });
        self
    }

    /// Counts all matching records as well.
    #[doc(alias = "getCount")]
    pub fn with_total(mut self) -> Self {
        self.request.total = true;
        self
    }

    fn build(self) -> Result<Operation> {
        Ok(self.request.operation(self.filter)?.options(self.options))
    }
}

impl Request {
    fn operation(&self, filter: Filter) -> Result<Operation> {
        const NAME: &str = "models.list";
        let body = self
            .body(filter)
            .map_err(|error| error.with_operation(NAME))?;
        let template = "/v1/model/{env_type}/{model}/list";
        let operation = self
            .target
            .operation(NAME, template, Method::POST, "list", &body)?;
        Ok(operation.idempotency(Idempotency::Safe))
    }

    fn body(&self, filter: Filter) -> Result<BodyMap> {
        let mut body = BodyMap::default();
        body.put_json("filter", filter.encode()?);
        body.put("select", self.fields.clone().into_json()?);
        if let Some(paging) = self.paging {
            paging.check()?;
            body.put("pageSize", paging.size);
            body.put("pageNumber", paging.number);
        }
        if self.total {
            body.put("getCount", true);
        }
        if !self.order.is_empty() {
            body.put("orderBy", order_by(&self.order)?);
        }
        Ok(body)
    }
}

fn order_by(keys: &[Order]) -> Result<Value> {
    if keys.len() > MAX_KEYS {
        return Err(Error::argument(
            "order",
            format_args!("must have at most {MAX_KEYS} keys"),
        ));
    }
    let one = |key: &Order| {
        key.column.check("order")?;
        if key.nulls.is_some() {
            return Err(Error::argument(
                "order",
                "must not say where nulls go: data models decide that themselves",
            ));
        }
        let name = if key.column.path.is_empty() {
            key.column.name.clone()
        } else {
            return Err(Error::argument(
                "order",
                "must name fields of the model itself, not of a relation",
            ));
        };
        Ok(json!({ name: if key.descending { "desc" } else { "asc" } }))
    };
    keys.iter()
        .map(one)
        .collect::<Result<Vec<_>>>()
        .map(Value::Array)
}

impl<T: DeserializeOwned> List<T> {
    async fn respond(self) -> Result<Response<RecordPage<T>>> {
        let client = self.request.target.client.clone();
        let response = fetch::<Option<Data<T>>>(&client, self.build()?).await?;
        Ok(response.map(page_of))
    }
}

impl<T: DeserializeOwned + Send + 'static> List<T> {
    /// All matching records as pages of `size` (200 at most), the next one fetched while one is
    /// worked on. Begins with the page that [`page`](Self::page) names; its size does not count.
    ///
    /// Pages are cut by position: sort by something that does not change, such as `createdAt` and
    /// `_id`, else records may come twice or not at all.
    ///
    /// # Errors
    ///
    /// The first failure is the last item.
    pub fn pages(self, size: u32) -> PageStream<RecordPage<T>> {
        PageStream::new(Source::new(self, size), true)
    }

    /// All matching records one by one; never holds more than one page of `size` in memory. See
    /// [`pages`](Self::pages).
    pub fn stream(self, size: u32) -> ItemStream<RecordPage<T>> {
        PageStream::new(Source::new(self, size), false).items()
    }
}

cloudbase_core::request_builder! {
    /// [`ErrorKind::Argument`](cloudbase_core::ErrorKind::Argument) before anything is sent; whatever
    /// the service or the way to it reports; [`ErrorKind::Decode`](cloudbase_core::ErrorKind::Decode)
    /// if a record does not fit `T`.
    impl[T: DeserializeOwned + Send + 'static] List<T> => RecordPage<T>; call, product, operation
}
