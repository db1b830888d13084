//! Reading many records: a page, all pages, one after the other.

use std::marker::PhantomData;

use cloudbase_core::http::Method;
use cloudbase_core::sdk::PageSource;
use cloudbase_core::{
    CallOptions, Error, Idempotency, ItemStream, Operation, PageStream, Response, Result,
};
use futures_core::future::BoxFuture;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::detail::detail;
use super::fields::Fields;
use super::filter::Filter;
use super::request::{BodyMap, Target, coded, fetch, filter_method};
use crate::Row;
use crate::order::Order;

/// The largest page that the service gives.
const MAX_PAGE: u32 = 200;
const MAX_KEYS: usize = 3;

/// A page of records.
#[doc(alias = "ModelFindManyResponse")]
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RecordPage<T = Row> {
    /// The records.
    pub records: Vec<T>,
    /// How many records match in all; only if it was asked for by `with_total`.
    pub total: Option<u64>,
}

impl<T> IntoIterator for RecordPage<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.records.into_iter()
    }
}

/// Which page, of what size.
#[derive(Clone, Copy, Debug)]
struct Paging {
    number: u32,
    size: u32,
}

impl Paging {
    fn check(self) -> Result<()> {
        if self.number == 0 {
            return Err(Error::argument("page number", "must be at least 1"));
        }
        if !(1..=MAX_PAGE).contains(&self.size) {
            return Err(Error::argument(
                "page size",
                format_args!("must be 1 to {MAX_PAGE}"),
            ));
        }
        Ok(())
    }
}

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

filter_method!(List<T>);
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

    /// The call, without sending it.
    ///
    /// # Errors
    ///
    /// If an argument was refused.
    pub fn operation(self) -> Result<Operation> {
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

/// The `data` of a list, where null stands for nothing.
#[derive(Deserialize)]
struct Data<T> {
    #[serde(default = "Option::default")]
    records: Option<Vec<T>>,
    #[serde(default, deserialize_with = "detail")]
    total: Option<u64>,
}

fn page_of<T>(data: Option<Data<T>>) -> RecordPage<T> {
    let (records, total) = data.map_or((None, None), |data| (data.records, data.total));
    RecordPage {
        records: records.unwrap_or_default(),
        total,
    }
}

impl<T: DeserializeOwned> List<T> {
    async fn respond(self) -> Result<Response<RecordPage<T>>> {
        let client = self.request.target.client.clone();
        let answer = fetch::<Option<Data<T>>>(&client, self.operation()?).await?;
        Ok(answer.map(page_of))
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
    impl[T: DeserializeOwned + Send + 'static] List<T> => RecordPage<T>; call, product
}

/// Reads records without filter; awaited, it gives a [`RecordPage`].
#[derive(Debug)]
#[must_use = "does nothing until it is sent or awaited"]
pub struct ListSimple<T = Row> {
    target: Target,
    paging: Option<Paging>,
    total: bool,
    options: CallOptions,
    record: PhantomData<fn() -> T>,
}

impl ListSimple<Row> {
    pub(crate) fn new(target: Target) -> Self {
        Self {
            target,
            paging: None,
            total: false,
            options: CallOptions::default(),
            record: PhantomData,
        }
    }

    /// Says what a record is read into. Default: [`Row`].
    pub fn records<T: DeserializeOwned>(self) -> ListSimple<T> {
        ListSimple {
            target: self.target,
            paging: self.paging,
            total: self.total,
            options: self.options,
            record: PhantomData,
        }
    }
}

impl<T> ListSimple<T> {
    /// The page `number`, counted from 1, of `size` records, 200 at most. Default: the first 10.
    pub fn page(mut self, number: u32, size: u32) -> Self {
        self.paging = Some(Paging { number, size });
        self
    }

    /// Counts all records as well.
    #[doc(alias = "getCount")]
    pub fn with_total(mut self) -> Self {
        self.total = true;
        self
    }

    /// The call, without sending it.
    ///
    /// # Errors
    ///
    /// If an argument was refused.
    pub fn operation(self) -> Result<Operation> {
        const NAME: &str = "models.list_simple";
        let build = || {
            let mut path = self.target.path()?.segment("action", "list")?;
            if let Some(paging) = self.paging {
                paging.check()?;
                path = path
                    .query("pageSize", &paging.size.to_string())
                    .query("pageNumber", &paging.number.to_string());
            }
            if self.total {
                path = path.query("getCount", "true");
            }
            path.build()
        };
        let uri = build().map_err(|error: Error| error.with_operation(NAME))?;
        let template = "/v1/model/{env_type}/{model}/list";
        Ok(coded(Operation::new(NAME, template, Method::GET, uri)).options(self.options))
    }
}

impl<T: DeserializeOwned> ListSimple<T> {
    async fn respond(self) -> Result<Response<RecordPage<T>>> {
        let client = self.target.client.clone();
        let answer = fetch::<Option<Data<T>>>(&client, self.operation()?).await?;
        Ok(answer.map(page_of))
    }
}

cloudbase_core::request_builder! {
    /// As [`List::send`].
    impl[T: DeserializeOwned + Send + 'static] ListSimple<T> => RecordPage<T>; call, product
}

/// Asks for one page number after the other.
struct Source<T> {
    request: Request,
    filter: Filter,
    options: CallOptions,
    paging: Paging,
    done: bool,
    record: PhantomData<fn() -> T>,
}

impl<T> Source<T> {
    fn new(list: List<T>, size: u32) -> Self {
        let number = list.request.paging.map_or(1, |paging| paging.number);
        Self {
            request: list.request,
            filter: list.filter,
            // All pages are read as whoever the first one was.
            options: list.options.as_one_call(),
            paging: Paging { number, size },
            done: false,
            record: list.record,
        }
    }
}

impl<T: DeserializeOwned + Send + 'static> PageSource for Source<T> {
    type Page = RecordPage<T>;

    fn next_page(&mut self) -> Option<BoxFuture<'static, Result<RecordPage<T>>>> {
        if self.done {
            return None;
        }
        let mut request = self.request.clone();
        request.paging = Some(self.paging);
        let list = List::<T> {
            request,
            filter: self.filter.clone(),
            options: self.options.clone(),
            record: PhantomData,
        };
        Some(Box::pin(list.send()))
    }

    /// The service gives as many as it is asked for, up to 200: a shorter page is the last.
    fn learn(&mut self, page: &RecordPage<T>) -> bool {
        self.paging.number = self.paging.number.saturating_add(1);
        self.done = (page.records.len() as u64) < u64::from(self.paging.size);
        !page.records.is_empty()
    }
}
