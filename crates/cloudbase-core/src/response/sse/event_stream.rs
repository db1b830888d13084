//! A response body that is a stream of server-sent events.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use super::{Event, Parser};
use crate::body::{Body, DataStream, Rounds};
use crate::error::{Error, Result};

/// The events of a response, as they arrive.
///
/// Ends with the response; an event that the end cuts off is dropped, as the standard asks. If the
/// connection breaks instead, the last item is an error. Comments, such as the heartbeats of the
/// functions framework, keep the stream alive and are not shown.
///
/// ```
/// use cloudbase_core::{Body, sse::EventStream};
///
/// # async fn run() -> cloudbase_core::Result<()> {
/// let mut events = EventStream::new(Body::from("data: one\n\ndata: two\n\n"));
/// while let Some(event) = events.next_event().await? {
///     print!("{}", event.data);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct EventStream {
    body: DataStream,
    parser: Parser,
    done: bool,
    failure: Option<Error>,
}

impl EventStream {
    /// Reads the events in `body`, each of up to 10 MiB.
    pub fn new(body: Body) -> Self {
        Self {
            body: body.into_data_stream(),
            parser: Parser::default(),
            done: false,
            failure: None,
        }
    }

    /// The next event; `None` at the end.
    ///
    /// # Errors
    ///
    /// Whatever broke the stream.
    ///
    /// # Cancel safety
    ///
    /// Safe: no event is lost if the future is dropped.
    pub async fn next_event(&mut self) -> Result<Option<Event>> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx))
            .await
            .transpose()
    }
}

impl Stream for EventStream {
    type Item = Result<Event>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        // Comments are no events: a stream of nothing else must leave its task time for others.
        let mut rounds = Rounds::new();
        loop {
            if let Some(event) = self.parser.next_event() {
                return Poll::Ready(Some(Ok(event)));
            }
            if let Some(failure) = self.failure.take() {
                return Poll::Ready(Some(Err(failure)));
            }
            if self.done {
                return Poll::Ready(None);
            }
            if rounds.is_enough(cx) {
                return Poll::Pending;
            }
            let outcome = match ready!(Pin::new(&mut self.body).poll_next(cx)) {
                Some(Ok(bytes)) => self.parser.push(&bytes),
                Some(Err(error)) => Err(error),
                None => {
                    self.done = true;
                    Ok(())
                }
            };
            if let Err(error) = outcome {
                // Reported after the events that came whole in the same piece.
                self.done = true;
                self.failure = Some(error);
            }
        }
    }
}
