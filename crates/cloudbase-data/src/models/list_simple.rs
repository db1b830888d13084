//! Reading many records without a filter, by `GET`.

use std::marker::PhantomData;

use cloudbase_core::http::Method;
use cloudbase_core::{CallOptions, Error, Operation, Response, Result};
use serde::de::DeserializeOwned;

use super::page::{Data, Paging, RecordPage, page_of};
use super::request::{Target, coded, fetch};
use crate::Row;

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

    fn build(self) -> Result<Operation> {
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
        let response = fetch::<Option<Data<T>>>(&client, self.build()?).await?;
        Ok(response.map(page_of))
    }
}

cloudbase_core::request_builder! {
    /// As [`List::send`](super::List::send).
    impl[T: DeserializeOwned + Send + 'static] ListSimple<T> => RecordPage<T>; call, product, operation
}
