//! Turns a source of pages into a stream that may fetch one page ahead.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use cloudbase_core::{Error, ErrorKind, Result};
use futures_core::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

/// Knows how to ask for one page after the other.
pub(crate) trait PageSource {
    /// A page as it arrives.
    type Page: Send + 'static;

    /// Starts to fetch the next page; `None` after the last.
    fn next_page(&mut self) -> Option<BoxFuture<'static, Result<Self::Page>>>;

    /// Learns from a page that arrived. Returns whether it has anything to show.
    fn learn(&mut self, page: &Self::Page) -> bool;
}

/// The pages of a source.
pub(crate) struct PageStream<S, P> {
    source: S,
    /// Whether the next page is fetched while this one is worked on.
    ahead: bool,
    under_way: Option<Fetch<P>>,
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

impl<S: PageSource> PageStream<S, S::Page> {
    pub(crate) fn new(source: S, ahead: bool) -> Self {
        Self {
            source,
            ahead,
            under_way: None,
            done: false,
        }
    }

    fn start(&mut self, on_its_own: bool) {
        self.under_way = self
            .source
            .next_page()
            .map(|future| match Handle::try_current() {
                Ok(runtime) if on_its_own => Fetch::Task(AbortOnDrop(runtime.spawn(future))),
                _ => Fetch::Future(future),
            });
        self.done = self.under_way.is_none();
    }

    pub(crate) fn poll_page(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<S::Page>>> {
        loop {
            if self.done {
                return Poll::Ready(None);
            }
            let Some(fetch) = &mut self.under_way else {
                self.start(false);
                continue;
            };
            let page = match fetch {
                Fetch::Future(future) => ready!(future.as_mut().poll(cx)),
                Fetch::Task(task) => match ready!(Pin::new(&mut task.0).poll(cx)) {
                    Ok(page) => page,
                    Err(stopped) => Err(Error::new(
                        ErrorKind::Interrupted,
                        "the task that fetches pages was stopped",
                    )
                    .with_source(stopped)),
                },
            };
            self.under_way = None;
            match page {
                Ok(page) => {
                    let shown = self.source.learn(&page);
                    if self.ahead {
                        self.start(true);
                    }
                    if shown {
                        return Poll::Ready(Some(Ok(page)));
                    }
                }
                Err(error) => {
                    self.done = true;
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
    }
}
