//! The pages of a select.

use cloudbase_core::sdk::PageSource;
use cloudbase_core::{CallOptions, Error, Result};
use futures_core::future::BoxFuture;
use serde::de::DeserializeOwned;

use super::columns::Columns;
use super::request::Query;
use super::select::Select;

/// Cuts a select into pages by position.
pub(super) struct Source<T> {
    query: Query,
    columns: Columns,
    options: CallOptions,
    size: u64,
    /// Where the next page begins.
    offset: u64,
    /// How many rows may still come.
    remaining: Option<u64>,
    asked: u64,
    /// The service gave as many rows as it was asked for: it has no maximum below that.
    full_seen: bool,
    invalid: Option<Error>,
    done: bool,
    rows: std::marker::PhantomData<fn() -> T>,
}

impl<T> Source<T> {
    pub(super) fn new(select: Select<T>, size: u32) -> Self {
        let Select {
            query,
            columns,
            options,
            ..
        } = select;
        Self {
            offset: query.offset.unwrap_or(0),
            remaining: query.limit,
            size: size.into(),
            invalid: (size == 0).then(|| Error::argument("size", "must be at least 1")),
            query,
            columns,
            // All pages are read as whoever the first one was.
            options: options.as_one_call(),
            asked: 0,
            full_seen: false,
            done: false,
            rows: std::marker::PhantomData,
        }
    }
}

impl<T: DeserializeOwned + Send + 'static> PageSource for Source<T> {
    type Page = Vec<T>;

    fn next_page(&mut self) -> Option<BoxFuture<'static, Result<Vec<T>>>> {
        if self.done || self.remaining == Some(0) {
            return None;
        }
        if let Some(error) = self.invalid.take() {
            return Some(Box::pin(async { Err(error) }));
        }
        self.asked = self.remaining.map_or(self.size, |left| left.min(self.size));
        let mut query = self.query.clone();
        query.offset = Some(self.offset);
        query.limit = Some(self.asked);
        let mut select = Select::<T>::new(query, self.columns.clone());
        select.options = self.options.clone();
        Some(Box::pin(select.send()))
    }

    /// A page shorter than asked is the last one, if the service is known to give as many as it is
    /// asked for. Its maximum is not documented, so a short *first* page is looked behind.
    fn learn(&mut self, page: &Vec<T>) -> bool {
        let rows = page.len() as u64;
        self.offset = self.offset.saturating_add(rows);
        if let Some(left) = &mut self.remaining {
            *left = left.saturating_sub(rows);
        }
        if rows == self.size {
            self.full_seen = true;
        }
        self.done = rows == 0 || (rows < self.asked && self.full_seen);
        rows > 0
    }
}
