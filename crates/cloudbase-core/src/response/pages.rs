//! Lists that the service returns in pages, as a stream of pages or of their items.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use futures_core::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::body::Rounds;
use crate::error::{Error, ErrorKind, Result};

/// Knows how to fetch one page after the other.
pub trait PageSource: Send + 'static {
    /// A page as it arrives.
    type Page: Send + 'static;

    /// Starts to fetch the next page; `None` after the last.
    fn next_page(&mut self) -> Option<BoxFuture<'static, Result<Self::Page>>>;

    /// Notes where `page` leads. Returns whether it has anything to show.
    fn learn(&mut self, page: &Self::Page) -> bool;
}

/// The pages of a list, as a stream.
///
/// Nothing is sent before it is polled. It ends after the last page, and after an error.
#[must_use = "streams do nothing unless polled"]
pub struct PageStream<P> {
    source: Box<dyn PageSource<Page = P>>,
    ahead: bool,
    fetch: Option<Fetch<P>>,
    done: bool,
}

enum Fetch<P> {
    /// Runs on its own, so that it moves on while nobody polls.
    Task(AbortOnDrop<P>),
    Future(BoxFuture<'static, Result<P>>),
}

struct AbortOnDrop<P>(JoinHandle<Result<P>>);

impl<P> Drop for AbortOnDrop<P> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl<P: Send + 'static> PageStream<P> {
    /// The pages of `source`. With `ahead`, a task fetches the next one while one is worked on;
    /// dropping the stream ends it.
    #[doc(hidden)]
    pub fn new(source: impl PageSource<Page = P>, ahead: bool) -> Self {
        Self {
            source: Box::new(source),
            ahead,
            fetch: None,
            done: false,
        }
    }

    /// The next page; `None` at the end.
    ///
    /// # Errors
    ///
    /// What the call for that page ended with.
    ///
    /// # Cancel safety
    ///
    /// Safe: a page that was asked for is not lost if the future is dropped.
    pub async fn next_page(&mut self) -> Result<Option<P>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx))
            .await
            .transpose()
    }

    /// The items of the pages, one by one. Never holds more than one page.
    pub fn items(self) -> ItemStream<P>
    where
        P: IntoIterator,
    {
        ItemStream {
            pages: self,
            page: None,
        }
    }

    fn start(&mut self, in_task: bool) {
        let next = self.source.next_page();
        self.done = next.is_none();
        self.fetch = next.map(|future| match Handle::try_current() {
            Ok(runtime) if in_task => Fetch::Task(AbortOnDrop(runtime.spawn(future))),
            _ => Fetch::Future(future),
        });
    }
}

impl<P: Send + 'static> Stream for PageStream<P> {
    type Item = Result<P>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        // Pages with nothing to show may be many, and at hand.
        let mut rounds = Rounds::new();
        loop {
            if this.fetch.is_none() && !this.done {
                this.start(false);
            }
            let page = match &mut this.fetch {
                None => return Poll::Ready(None),
                Some(Fetch::Future(future)) => ready!(future.as_mut().poll(cx)),
                Some(Fetch::Task(task)) => {
                    ready!(Pin::new(&mut task.0).poll(cx)).unwrap_or_else(|stopped| {
                        let message = "the task that fetches pages was stopped";
                        Err(Error::new(ErrorKind::Interrupted, message).with_source(stopped))
                    })
                }
            };
            this.fetch = None;
            let Ok(page) = page else {
                this.done = true;
                return Poll::Ready(Some(page));
            };
            let shown = this.source.learn(&page);
            if this.ahead {
                this.start(true);
            }
            if shown {
                return Poll::Ready(Some(Ok(page)));
            }
            if rounds.is_enough(cx) {
                return Poll::Pending;
            }
        }
    }
}

/// The items of a list that comes in pages, as a stream; see [`PageStream::items`].
///
/// Nothing is sent before it is polled. It ends after the last item, and after an error.
#[must_use = "streams do nothing unless polled"]
pub struct ItemStream<P: IntoIterator> {
    pages: PageStream<P>,
    page: Option<P::IntoIter>,
}

impl<P: IntoIterator + Send + 'static> ItemStream<P> {
    /// The next item; `None` at the end.
    ///
    /// # Errors
    ///
    /// What the call for the page of that item ended with.
    ///
    /// # Cancel safety
    ///
    /// Safe: a page that was asked for is not lost if the future is dropped.
    pub async fn next_item(&mut self) -> Result<Option<P::Item>> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx))
            .await
            .transpose()
    }
}

/// Items are taken out of a buffer; nothing points into it.
impl<P: IntoIterator> Unpin for ItemStream<P> {}

impl<P: IntoIterator + Send + 'static> Stream for ItemStream<P> {
    type Item = Result<P::Item>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut rounds = Rounds::new();
        loop {
            if let Some(item) = self.page.as_mut().and_then(Iterator::next) {
                return Poll::Ready(Some(Ok(item)));
            }
            // Freed before the next page arrives.
            self.page = None;
            match ready!(Pin::new(&mut self.pages).poll_next(cx)) {
                None => return Poll::Ready(None),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(page)) => self.page = Some(page.into_iter()),
            }
            if rounds.is_enough(cx) {
                return Poll::Pending;
            }
        }
    }
}

impl<P> fmt::Debug for PageStream<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PageStream").finish_non_exhaustive()
    }
}

impl<P: IntoIterator> fmt::Debug for ItemStream<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ItemStream").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
