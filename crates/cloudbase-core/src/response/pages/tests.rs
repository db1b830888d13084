//! Pages and items come in order, once, whatever the caller drops; endless empty pages end nothing else.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::{FutureExt as _, StreamExt as _};

use super::*;

struct Pages(VecDeque<Result<Vec<u8>>>);

impl PageSource for Pages {
    type Page = Vec<u8>;

    fn next_page(&mut self) -> Option<BoxFuture<'static, Result<Vec<u8>>>> {
        let page = self.0.pop_front()?;
        Some(Box::pin(async {
            tokio::task::yield_now().await;
            page
        }))
    }

    fn learn(&mut self, page: &Vec<u8>) -> bool {
        !page.is_empty()
    }
}

fn pages(ahead: bool) -> PageStream<Vec<u8>> {
    let failed = Error::new(ErrorKind::Reset, "cut");
    let pages = [
        Ok(vec![1, 2]),
        Ok(vec![]),
        Ok(vec![3]),
        Err(failed),
        Ok(vec![4]),
    ];
    PageStream::new(Pages(pages.into()), ahead)
}

#[tokio::test]
async fn empty_pages_are_passed_over_and_an_error_ends_the_stream() {
    for ahead in [false, true] {
        let mut stream = pages(ahead);
        assert_eq!(stream.next_page().await.unwrap(), Some(vec![1, 2]));
        assert_eq!(stream.next_page().await.unwrap(), Some(vec![3]));
        let error = stream.next_page().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Reset);
        assert_eq!(stream.next_page().await.unwrap(), None);
    }
}

#[tokio::test]
async fn items_are_those_of_the_pages() {
    let mut items = pages(false).items();
    for expected in 1..=3 {
        assert_eq!(items.next_item().await.unwrap(), Some(expected));
    }
    assert!(items.next_item().await.is_err());
    assert_eq!(items.next_item().await.unwrap(), None);
}

#[tokio::test]
async fn a_dropped_wait_loses_no_page() {
    for ahead in [false, true] {
        let mut stream = pages(ahead);
        assert!(stream.next_page().now_or_never().is_none());
        assert_eq!(stream.next_page().await.unwrap(), Some(vec![1, 2]));
        let mut items = pages(ahead).items();
        assert!(items.next_item().now_or_never().is_none());
        assert_eq!(items.next_item().await.unwrap(), Some(1));
    }
}

/// Empty pages for ever, each at hand.
struct Empty(bool);

impl PageSource for Empty {
    type Page = Vec<u8>;

    fn next_page(&mut self) -> Option<BoxFuture<'static, Result<Vec<u8>>>> {
        Some(Box::pin(std::future::ready(Ok(vec![]))))
    }

    fn learn(&mut self, _: &Vec<u8>) -> bool {
        self.0
    }
}

#[tokio::test]
async fn endless_empty_pages_leave_time_for_others() {
    let limit = Duration::from_millis(50);
    let mut hidden = PageStream::new(Empty(false), false);
    assert!(tokio::time::timeout(limit, hidden.next()).await.is_err());
    let mut shown = PageStream::new(Empty(true), false).items();
    assert!(tokio::time::timeout(limit, shown.next()).await.is_err());
}
