//! Failures to write are reported at once.

use std::future::poll_fn;

use tokio::time::Instant;

use super::*;

/// A connection that was reset, with a response that nobody has read yet.
struct Closed {
    response: &'static [u8],
    kind: io::ErrorKind,
}

impl Read for Closed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let response = std::mem::take(&mut self.response);
        buffer.put_slice(response);
        Poll::Ready(Ok(()))
    }
}

impl Write for Closed {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(self.kind.into()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn closed(kind: io::ErrorKind) -> Link<Closed> {
    let response = b"response";
    Link::new(Closed { response, kind }, false)
}

async fn write(link: &mut Link<Closed>) -> io::Result<usize> {
    poll_fn(|cx| Pin::new(&mut *link).poll_write(cx, b"request")).await
}

async fn read(link: &mut Link<Closed>) -> io::Result<Vec<u8>> {
    let mut space = [0; 16];
    let mut buffer = ReadBuf::new(&mut space);
    poll_fn(|cx| Pin::new(&mut *link).poll_read(cx, buffer.unfilled())).await?;
    Ok(buffer.filled().to_vec())
}

#[tokio::test(start_paused = true)]
async fn what_came_before_a_reset_is_read_before_the_reset_is_reported() {
    let mut link = closed(io::ErrorKind::ConnectionReset);
    assert!(futures_util::poll!(Box::pin(write(&mut link))).is_pending());
    assert_eq!(read(&mut link).await.unwrap(), b"response");
    let error = read(&mut link).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    // What was closed properly ends properly.
    let mut link = closed(io::ErrorKind::BrokenPipe);
    assert!(futures_util::poll!(Box::pin(write(&mut link))).is_pending());
    assert_eq!(read(&mut link).await.unwrap(), b"response");
    assert_eq!(read(&mut link).await.unwrap(), b"");
}

#[tokio::test(start_paused = true)]
async fn a_writer_learns_of_a_reset_though_nobody_reads() {
    let mut link = closed(io::ErrorKind::ConnectionReset);
    let begin = Instant::now();
    let error = write(&mut link).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    assert_eq!(begin.elapsed(), MAX_WAIT);
}

#[tokio::test(start_paused = true)]
#[cfg(all(feature = "_tls", feature = "http2"))]
async fn http2_learns_of_a_reset_at_once() {
    let mut link = closed(io::ErrorKind::ConnectionReset);
    link.report_at_once();
    let begin = Instant::now();
    let error = write(&mut link).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    assert_eq!(begin.elapsed(), Duration::ZERO);
    assert_eq!(read(&mut link).await.unwrap(), b"response");
}

#[tokio::test]
async fn other_failures_are_reported_at_once() {
    let mut link = closed(io::ErrorKind::OutOfMemory);
    let error = write(&mut link).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::OutOfMemory);
}
