//! As much HTTP as a redirect needs.

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// How long one connection has to send its request, and to take the response.
const TIME_LIMIT: Duration = Duration::from_secs(10);
/// No redirect is longer.
const MAX_HEAD: usize = 32 * 1024;

/// The target of a GET request, with the connection to respond on. Anything else is turned away.
pub(super) async fn read_target(mut connection: TcpStream) -> Option<(TcpStream, String)> {
    let head = tokio::time::timeout(TIME_LIMIT, read_head(&mut connection)).await;
    let status = match head.ok()?? {
        Head::Get(target) => return Some((connection, target)),
        Head::OtherMethod => "405 Method Not Allowed",
        Head::Malformed => "400 Bad Request",
    };
    respond(&mut connection, status, "").await;
    None
}

/// What a request asks for.
#[derive(Debug, PartialEq)]
enum Head {
    Get(String),
    OtherMethod,
    Malformed,
}

/// Reads to the end of the head; `None` if the connection ends before.
async fn read_head(connection: &mut TcpStream) -> Option<Head> {
    let mut head = Vec::with_capacity(2048);
    loop {
        if connection.read_buf(&mut head).await.ok()? == 0 {
            return None;
        }
        if head.windows(4).any(|bytes| bytes == b"\r\n\r\n") {
            return Some(parse(&head));
        }
        if head.len() > MAX_HEAD {
            return Some(Head::Malformed);
        }
    }
}

fn parse(head: &[u8]) -> Head {
    let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let Ok(line) = std::str::from_utf8(line) else {
        return Head::Malformed;
    };
    let mut words = line.split(' ');
    match (words.next(), words.next(), words.next(), words.next()) {
        (Some("GET"), Some(target), Some("HTTP/1.1" | "HTTP/1.0"), None)
            if target.starts_with('/') && target.bytes().all(|b| (b'!'..=b'~').contains(&b)) =>
        {
            Head::Get(target.to_owned())
        }
        (
            Some("HEAD" | "POST" | "PUT" | "DELETE" | "OPTIONS" | "PATCH"),
            Some(_),
            Some(_),
            None,
        ) => Head::OtherMethod,
        _ => Head::Malformed,
    }
}

/// Sends a response and ends the connection. A browser that does not take it misses only a page.
pub(super) async fn respond(connection: &mut TcpStream, status: &str, page: &str) {
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/html; charset=utf-8\r\ncontent-length: {}\r\n\
         cache-control: no-store\r\nreferrer-policy: no-referrer\r\n\
         content-security-policy: default-src 'none'; style-src 'unsafe-inline'\r\nconnection: close\r\n\r\n",
        page.len()
    );
    let sent = async {
        connection.write_all(head.as_bytes()).await?;
        connection.write_all(page.as_bytes()).await?;
        connection.shutdown().await
    };
    if let Ok(Err(error)) = tokio::time::timeout(TIME_LIMIT, sent).await {
        tracing::debug!(%error, "the browser did not take its page");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_get_of_a_path_is_one() {
        let get = |target: &str| Head::Get(target.to_owned());
        assert_eq!(
            parse(b"GET /callback?a=b HTTP/1.1\r\nhost: x\r\n\r\n"),
            get("/callback?a=b")
        );
        assert_eq!(parse(b"GET / HTTP/1.0\r\n\r\n"), get("/"));
        assert_eq!(parse(b"POST /callback HTTP/1.1\r\n\r\n"), Head::OtherMethod);
        for bad in [
            &b"\r\n\r\n"[..],
            b"GET  HTTP/1.1\r\n\r\n",
            b"GET / HTTP/2\r\n\r\n",
            b"GET http://evil/ HTTP/1.1\r\n\r\n",
            b"GET / x HTTP/1.1\r\n\r\n",
            b"\x16\x03\x01\x02\x00\x01\r\n\r\n",
            b"\xff\xff \xff \xff\r\n\r\n",
            "GET /ü HTTP/1.1\r\n\r\n".as_bytes(),
        ] {
            assert_eq!(parse(bad), Head::Malformed, "{bad:?}");
        }
    }
}
