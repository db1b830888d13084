//! An answer that is a stream of server-sent events.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use cloudbase_core::http::header::CONTENT_TYPE;
use cloudbase_core::{Body, Client, DataStream, Error, ErrorKind, Operation, Response, Result};
use futures_core::Stream;

use crate::sse::{Event, Parser};

/// How long a server may have no event to tell, and no heartbeat either.
pub(crate) const EVENTS_STALL: Duration = Duration::from_secs(60);

/// The events of an answer, as they come.
///
/// Ends with the answer; an event that the answer's end cuts off is dropped, as the standard asks.
/// If the connection breaks instead, the last item is an error. Comments, such as the heartbeats of
/// the functions framework, keep the stream alive and are not shown.
///
/// ```no_run
/// # async fn run(cloud_run: cloudbase_functions::CloudRun) -> cloudbase_core::Result<()> {
/// let question = serde_json::json!({ "prompt": "Why is the sky blue?" });
/// let answer = cloud_run.service("chat").post("/").json(&question).events().await?;
/// let mut events = answer.into_value();
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
    pub(crate) async fn open(client: &Client, operation: Operation) -> Result<Response<Self>> {
        let operation = operation.accept("text/event-stream").transfer();
        let answer = client.execute(operation).await?;
        let header = answer.headers().get(CONTENT_TYPE);
        let media_type = header
            .and_then(|value| value.to_str().ok()?.split(';').next())
            .unwrap_or_default()
            .trim();
        if media_type.eq_ignore_ascii_case("text/event-stream") {
            return Ok(answer.map(Self::new));
        }
        let what = match media_type {
            "" => "has no content type".to_owned(),
            other => format!("is `{other}`"),
        };
        let error = Error::new(
            ErrorKind::Decode,
            format!("the answer {what}, not `text/event-stream`"),
        );
        Err(answer.into_error(error).await)
    }

    /// Reads the events in `body`.
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
        let mut rounds = 0;
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
            rounds += 1;
            if rounds > 32 {
                cx.waker().wake_by_ref();
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
                // Told after the events that came whole in the same piece.
                self.done = true;
                self.failure = Some(error);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use futures_util::{StreamExt as _, stream};

    use super::*;

    #[tokio::test]
    async fn endless_comments_leave_time_for_others() {
        let comments =
            stream::repeat_with(|| Ok::<_, Error>(Bytes::from_static(b": no event\n\n")));
        let mut events = EventStream::new(Body::stream(comments));
        let limit = std::time::Duration::from_millis(50);
        assert!(tokio::time::timeout(limit, events.next()).await.is_err());
    }

    #[tokio::test]
    async fn whole_events_come_before_the_error_that_cuts_the_next() {
        let pieces = [
            Ok(Bytes::from_static(b"data: 1\n\ndata: 2\n\nda")),
            Err(Error::new(ErrorKind::Reset, "cut")),
        ];
        let mut events = EventStream::new(Body::stream(stream::iter(pieces)));
        assert_eq!(events.next_event().await.unwrap().unwrap().data, "1");
        assert_eq!(events.next_event().await.unwrap().unwrap().data, "2");
        let error = events.next_event().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Reset);
        assert!(events.next().await.is_none());
    }
}
