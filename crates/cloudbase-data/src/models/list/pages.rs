//! All pages of a list, one after the other.

use std::marker::PhantomData;

use cloudbase_core::sdk::PageSource;
use cloudbase_core::{CallOptions, Result};
use futures_core::future::BoxFuture;
use serde::de::DeserializeOwned;

use super::{List, Request};
use crate::models::filter::Filter;
use crate::models::page::{Paging, RecordPage};

/// Asks for one page number after the other.
pub(super) struct Source<T> {
    request: Request,
    filter: Filter,
    options: CallOptions,
    paging: Paging,
    done: bool,
    record: PhantomData<fn() -> T>,
}

impl<T> Source<T> {
    pub(super) fn new(list: List<T>, size: u32) -> Self {
        let number = list.request.paging.map_or(1, |paging| paging.number);
        Self {
            request: list.request,
            filter: list.filter,
            // All pages are read as the user of the first.
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
