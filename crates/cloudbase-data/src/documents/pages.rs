//! The pages of a query.

use std::marker::PhantomData;

use cloudbase_core::sdk::PageSource;
use cloudbase_core::{BoxFuture, CallOptions, Error, Result};
use serde::de::DeserializeOwned;

use super::find::{Find, FindQuery, MAX_LIMIT};

/// Cuts a query into pages by position.
pub(super) struct Source<T> {
    query: FindQuery,
    options: CallOptions,
    size: u32,
    /// Where the next page begins.
    offset: u64,
    /// How many documents may still come.
    remaining: Option<u32>,
    asked: u32,
    invalid: Option<Error>,
    done: bool,
    documents: PhantomData<fn() -> T>,
}

impl<T> Source<T> {
    pub(super) fn new(find: Find<T>, size: u32) -> Self {
        let (query, options) = find.into_parts();
        let rule = "must be 1 to 1000";
        let in_range = (1..=MAX_LIMIT).contains(&size);
        Self {
            offset: query.skip.unwrap_or(0),
            remaining: query.limit,
            size,
            invalid: (!in_range).then(|| Error::argument("size", rule)),
            query,
            // All pages are read as whoever the first one was.
            options: options.as_one_call(),
            asked: 0,
            done: false,
            documents: PhantomData,
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
        let query = FindQuery {
            skip: Some(self.offset),
            limit: Some(self.asked),
            ..self.query.clone()
        };
        let find = Find::<T>::from_parts(query, self.options.clone());
        Some(Box::pin(find.send()))
    }

    /// A page shorter than asked is the last one, unless the service has given as many as it gives at most:
    /// what that is is not documented, so a page that long is looked behind.
    fn learn(&mut self, page: &Vec<T>) -> bool {
        let documents = u32::try_from(page.len()).unwrap_or(u32::MAX);
        self.offset = self.offset.saturating_add(documents.into());
        if let Some(left) = &mut self.remaining {
            *left = left.saturating_sub(documents);
        }
        self.done = documents == 0 || documents < self.asked.min(KNOWN);
        documents > 0
    }
}

/// How many documents a page has that the service is known to give: the SDKs ask for so many by default.
const KNOWN: u32 = 100;
