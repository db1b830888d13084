//! A way through an HTTP proxy: `CONNECT`, and what the proxy has to say about it.

use std::io;
use std::time::SystemTime;

use http::header::{LOCATION, PROXY_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::connection::First;
use super::error::{self, Peer};
use crate::config::proxy::{Proxy, default_port};
use crate::error::{Error, ErrorKind, Result, retry_after};

/// How long the head of a proxy's response may be, those before it included.
const MAX_HEAD: usize = 64 * 1024;

/// Asks `proxy`, which `io` leads to, for a way to `target`.
pub(super) async fn open(io: First, target: &Uri, proxy: &Proxy) -> Result<First> {
    let lost = |error: io::Error| {
        let message = format!(
            "{} was lost before it opened a way to {}",
            Peer::Proxy(&proxy.address),
            Peer::Host(target)
        );
        Error::new(ErrorKind::Connect, message).with_source(error)
    };
    let mut io = TokioIo::new(io);
    let request = request(target, proxy);
    io.write_all(&request).await.map_err(lost)?;
    io.flush().await.map_err(lost)?;
    let mut came = Vec::new();
    loop {
        let Some(length) = end_of_head(&came) else {
            if came.len() >= MAX_HEAD {
                return Err(error::no_way(
                    target,
                    &proxy.address,
                    "its response has no end",
                ));
            }
            if io.read_buf(&mut came).await.map_err(lost)? == 0 {
                return Err(lost(io::ErrorKind::UnexpectedEof.into()));
            }
            continue;
        };
        let Some((status, headers)) = parse(&came[..length]) else {
            return Err(
                error::no_way(target, &proxy.address, "its response is not HTTP")
                    .with_transient(false),
            );
        };
        // `100 Continue` and the like say nothing yet.
        if status.is_informational() && status != StatusCode::SWITCHING_PROTOCOLS {
            came.drain(..length);
            continue;
        }
        // Any success opens the way (RFC 9110, section 9.3.6), and what follows is the target's, which
        // waits for us to begin.
        if status.is_success() {
            return Ok(io.into_inner());
        }
        return Err(rejected(status, &headers, target, proxy));
    }
}

fn request(target: &Uri, proxy: &Proxy) -> Vec<u8> {
    let host = target.host().unwrap_or_default();
    let port = target.port_u16().unwrap_or_else(|| default_port(target));
    let mut request =
        format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n").into_bytes();
    if let Some(authorization) = proxy.authorization() {
        request.extend_from_slice(b"Proxy-Authorization: ");
        request.extend_from_slice(authorization.as_bytes());
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"\r\n");
    request
}

/// Why there is no way. What the proxy will say again is not asked again: a wrong password, sent
/// three times, may lock an account.
pub(super) fn rejected(
    status: StatusCode,
    headers: &HeaderMap,
    target: &Uri,
    proxy: &Proxy,
) -> Error {
    let transient = matches!(status.as_u16(), 502..=504);
    let phrase = status.canonical_reason().unwrap_or_default();
    let why = match status {
        StatusCode::PROXY_AUTHENTICATION_REQUIRED => wrong_password(headers, proxy),
        _ => match portal(headers) {
            Some(portal) => format!(
                "it leads to {portal} instead ({} {phrase})",
                status.as_u16()
            ),
            None => format!("it says {} {phrase}", status.as_u16()),
        },
    };
    error::no_way(target, &proxy.address, why.trim_end())
        .with_transient(transient)
        .with_retry_after(retry_after(headers, SystemTime::now()))
}

/// What a proxy wants that responded with 407.
fn wrong_password(headers: &HeaderMap, proxy: &Proxy) -> String {
    let schemes = headers.get_all(PROXY_AUTHENTICATE).iter();
    let schemes: Vec<&str> = schemes
        .filter_map(|value| value.to_str().ok()?.split([' ', ',']).next())
        .filter(|scheme| !scheme.is_empty())
        .collect();
    let setting = &proxy.setting;
    let known = proxy.authorization().is_some();
    let asks = match &schemes[..] {
        [] => String::new(),
        some => format!(" and asks for {}", some.join(", ")),
    };
    if !schemes.is_empty() && !schemes.iter().any(|it| it.eq_ignore_ascii_case("basic")) {
        return format!("it says 407{asks}: only Basic is supported");
    }
    match known {
        true => {
            format!("it says 407{asks}: it did not accept the user and password in `{setting}`")
        }
        false => format!("it says 407{asks}: `{setting}` has no user and password"),
    }
}

/// Where a proxy sends to, as far as errors name it.
fn portal(headers: &HeaderMap) -> Option<String> {
    let location: Uri = headers.get(LOCATION)?.to_str().ok()?.parse().ok()?;
    location.host()?;
    Some(Peer::Host(&location).to_string())
}

/// Where the first head in `came` ends, if it does.
fn end_of_head(came: &[u8]) -> Option<usize> {
    let long = came.windows(4).position(|it| it == b"\r\n\r\n");
    let short = came.windows(2).position(|it| it == b"\n\n");
    match (long.map(|at| at + 4), short.map(|at| at + 2)) {
        (Some(long), Some(short)) => Some(long.min(short)),
        (one, other) => one.or(other),
    }
}

/// Status and headers of a head; headers that are none are passed over.
fn parse(head: &[u8]) -> Option<(StatusCode, HeaderMap)> {
    let mut lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
    let first = lines.next()?;
    if !first.starts_with(b"HTTP/1.") {
        return None;
    }
    let status = first.split(|byte| *byte == b' ').nth(1)?;
    let status = StatusCode::from_bytes(status).ok()?;
    let headers = lines.filter_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        let name = HeaderName::from_bytes(&line[..colon]).ok()?;
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?;
        Some((name, value))
    });
    let mut all = HeaderMap::new();
    for (name, value) in headers {
        all.try_append(name, value).ok()?;
    }
    Some((status, all))
}
