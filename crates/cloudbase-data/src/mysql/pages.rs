//! Many rows as a stream: page by page, or row by row.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use cloudbase_core::{CallOptions, Error, Result};
use futures_core::Stream;
use futures_core::future::BoxFuture;
use serde::de::DeserializeOwned;

use super::columns::Columns;
use super::request::Query;
use super::select::Select;
use crate::page_stream::{PageSource, PageStream};

/// A stream of pages of rows; see [`Select::pages`].
///
/// While one page is worked on, the next is fetched by a task of its own; dropping the stream ends
/// it. Nothing is sent before the stream is polled.
#[must_use = "streams do nothing unless polled"]
pub struct Pages<T> {
    pages: PageStream<Source<T>, Vec<T>>,
}

/// A stream of rows; see [`Select::stream`].
#[must_use = "streams do nothing unless polled"]
pub struct Rows<T> {
    pages: PageStream<Source<T>, Vec<T>>,
    page: std::vec::IntoIter<T>,
}

impl<T: DeserializeOwned + Send + 'static> Pages<T> {
    pub(crate) fn new(select: Select<T>, size: u32) -> Self {
        Self {
            pages: PageStream::new(Source::new(select, size), true),
        }
    }
}

impl<T: DeserializeOwned + Send + 'static> Rows<T> {
    pub(crate) fn new(select: Select<T>, size: u32) -> Self {
        Self {
            pages: PageStream::new(Source::new(select, size), false),
            page: Vec::new().into_iter(),
        }
    }
}

impl<T: DeserializeOwned + Send + 'static> Stream for Pages<T> {
    type Item = Result<Vec<T>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.pages.poll_page(cx)
    }
}

impl<T: DeserializeOwned + Send + 'static> Stream for Rows<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(row) = self.page.next() {
                return Poll::Ready(Some(Ok(row)));
            }
            // The empty page goes before the next comes.
            self.page = Vec::new().into_iter();
            match ready!(self.pages.poll_page(cx)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(page)) => self.page = page.into_iter(),
            }
        }
    }
}

/// Rows are polled out of a buffer; nothing points into it.
impl<T> Unpin for Rows<T> {}
impl<T> Unpin for Pages<T> {}

impl<T> fmt::Debug for Pages<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Rows<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows").finish_non_exhaustive()
    }
}

/// Cuts a select into pages by position.
struct Source<T> {
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
    refused: Option<Error>,
    done: bool,
    rows: std::marker::PhantomData<fn() -> T>,
}

impl<T> Source<T> {
    fn new(select: Select<T>, size: u32) -> Self {
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
            refused: (size == 0).then(|| Error::argument("size", "must be at least 1")),
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
        if let Some(error) = self.refused.take() {
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
