//! What went wrong on a connection: from the pool's errors to ours.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::time::Duration;

use http::Uri;
use hyper_util::client::legacy;

use super::request_body::TakeOnce;
use crate::error::{BoxError, Error, ErrorKind, TimeoutPhase, find};

/// What the pool reports of HTTP/1.1, as an error that says whether anything was sent.
pub(super) fn from_pool(error: legacy::Error) -> Error {
    let error = match ours(error) {
        Ok(ours) => return ours,
        Err(other) => other,
    };
    let made = match find::<hyper::Error>(&error) {
        Some(hyper) if hyper.is_canceled() => unsent(),
        Some(_) if error.is_connect() => reset(WHILE_OPENED),
        Some(hyper) if hyper.is_parse() && hyper.to_string() == TOO_LARGE => {
            let message = "the response has too many header fields (more than 100), or they are too \
                 large (more than 400 KiB)";
            Error::new(ErrorKind::Decode, message).with_sent(true)
        }
        Some(hyper) if hyper.is_parse() || hyper.is_parse_status() => {
            Error::new(ErrorKind::Decode, "the response is not HTTP").with_sent(true)
        }
        // Its own body's failures are carried, so this is a connection whose task is gone.
        Some(hyper) if hyper.is_user() => {
            // A call on another runtime can be made again.
            Error::new(ErrorKind::Interrupted, "the runtime was shut down")
                .with_sent(true)
                .with_transient(true)
        }
        Some(_) => reset(BEFORE_RESPONSE).with_sent(true),
        // The request is in order, so the pool had no connection for it.
        None => reset("no connection could be had"),
    };
    made.with_source(error)
}

/// What an HTTP/2 connection reports of a request, likewise.
#[cfg(all(feature = "_tls", feature = "http2"))]
pub(super) fn from_http2(error: hyper::Error) -> Error {
    let error = match ours(error) {
        Ok(ours) => return ours,
        Err(other) => other,
    };
    let broken_off = |error: &io::Error| error.kind() == io::ErrorKind::QuotaExceeded;
    let made = match find::<h2::Error>(&error).and_then(from_h2) {
        Some(made) => made,
        None if find::<io::Error>(&error).is_some_and(broken_off) => {
            let message = "the server sent too many informational responses";
            Error::new(ErrorKind::Decode, message).with_sent(true)
        }
        None if error.is_canceled() => unsent(),
        None => reset(BEFORE_RESPONSE).with_sent(true),
    };
    made.with_source(error)
}

/// How the HTTP library puts it. It has a predicate for this, but for servers alone.
const TOO_LARGE: &str = "message head is too large";
const WHILE_OPENED: &str = "the connection was lost while it was opened";
const BEFORE_RESPONSE: &str = "the connection was lost before the response";

/// What was an error of ours before it got into the HTTP library, or is the server's no to our certificate.
fn ours<E: StdError + Send + Sync + 'static>(error: E) -> Result<Error, E> {
    if let Some(ours) = find::<TakeOnce<Error>>(&error).and_then(TakeOnce::take) {
        return Ok(ours);
    }
    if let Some(body) = find::<TakeOnce<BoxError>>(&error).and_then(TakeOnce::take) {
        return Ok(Error::request_body(body));
    }
    match tls_rejection(&error) {
        Some(rejected) => Ok(Error::new(ErrorKind::Tls, rejected).with_source(error)),
        None => Err(error),
    }
}

fn unsent() -> Error {
    reset("the connection was closed before the request was sent")
}

fn reset(message: &'static str) -> Error {
    Error::new(ErrorKind::Reset, message)
}

/// A connection that was lost before it could be used.
#[cfg(all(feature = "_tls", feature = "http2"))]
pub(super) fn lost_early(error: hyper::Error) -> Error {
    reset(WHILE_OPENED).with_source(error)
}

/// Where a connection leads, as errors name it: hosts and ports, nothing else of a URL.
#[derive(Clone, Copy)]
pub(super) enum Peer<'a> {
    Host(&'a Uri),
    Proxy(&'a Uri),
    /// A host, then the proxy on the way to it.
    Behind(&'a Uri, &'a Uri),
}

impl fmt::Display for Peer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(host) => write_address(host, f),
            Self::Proxy(proxy) => {
                f.write_str("the proxy ")?;
                write_address(proxy, f)
            }
            Self::Behind(host, proxy) => {
                write_address(host, f)?;
                f.write_str(" through the proxy ")?;
                write_address(proxy, f)
            }
        }
    }
}

fn write_address(uri: &Uri, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str(uri.host().unwrap_or("a URL without a host"))?;
    match uri.port_u16() {
        Some(port) => write!(f, ":{port}"),
        None => Ok(()),
    }
}

/// What keeps TCP (or name resolution) from connecting.
pub(super) fn from_tcp(error: impl StdError + Send + Sync + 'static, peer: Peer<'_>) -> Error {
    let why = match cause(&error) {
        Some(cause) if lacks_descriptors(cause) => {
            "this program has no file descriptors left (`ulimit -n`)"
        }
        _ if find::<NameNotResolved>(&error).is_some() => {
            return unresolved(peer).with_source(error);
        }
        cause => match cause.map(io::Error::kind) {
            Some(io::ErrorKind::ConnectionRefused) => "no server is listening",
            Some(io::ErrorKind::TimedOut) => "the host does not respond",
            Some(io::ErrorKind::HostUnreachable) => "the host is unreachable",
            Some(io::ErrorKind::NetworkUnreachable) => "the network is unreachable",
            _ => "no connection could be made",
        },
    };
    unconnected(ErrorKind::Connect, peer, why).with_source(error)
}

/// Whether a connection did not come about because the program has too many files open.
pub(super) fn is_out_of_descriptors(error: &Error) -> bool {
    if cause(error).is_some_and(lacks_descriptors) {
        return true;
    }
    // Not every resolver says why it failed.
    error.kind() == ErrorKind::Dns
        && UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).is_err_and(|error| lacks_descriptors(&error))
}

/// What the system reported, also of a name.
fn cause<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a io::Error> {
    let name = find::<NameNotResolved>(error).map(|it| &it.0);
    name.or_else(|| find(error))
}

/// `EMFILE` and `ENFILE` of Unix, `WSAEMFILE`.
fn lacks_descriptors(error: &io::Error) -> bool {
    let codes: &[i32] = if cfg!(windows) { &[10024] } else { &[24, 23] };
    error
        .raw_os_error()
        .is_some_and(|code| codes.contains(&code))
}

/// No connection within the limit, whatever it was spent on.
pub(super) fn too_slow(peer: Peer<'_>, limit: Duration) -> Error {
    Error::timeout(TimeoutPhase::Connect, limit).with_message(format!(
        "cannot connect to {peer} within {limit:?} (`connect_timeout`)"
    ))
}

/// A name that no address is known for.
pub(super) fn unresolved(peer: Peer<'_>) -> Error {
    let (uri, whose) = match peer {
        Peer::Host(host) | Peer::Behind(host, _) => (host, ""),
        Peer::Proxy(proxy) => (proxy, " of the proxy"),
    };
    let name = uri.host().unwrap_or_default();
    let message = format!("the name `{name}`{whose} cannot be resolved");
    Error::new(ErrorKind::Dns, message)
}

/// A proxy that is there, and does not let through.
pub(super) fn rejected_by_proxy(
    error: impl StdError + Send + Sync + 'static,
    host: &Uri,
    proxy: &Uri,
) -> Error {
    no_way(host, proxy, &error.to_string()).with_source(error)
}

/// The same for a reason in words.
pub(super) fn no_way(host: &Uri, proxy: &Uri, why: &str) -> Error {
    let (host, proxy) = (Peer::Host(host), Peer::Proxy(proxy));
    let message = format!("{proxy} did not open a way to {host}: {why}");
    Error::new(ErrorKind::Connect, message)
}

fn unconnected(kind: ErrorKind, peer: Peer<'_>, why: &str) -> Error {
    Error::new(kind, format!("cannot connect to {peer}: {why}"))
}

/// What keeps TLS from coming about on a connection that stands.
#[cfg(feature = "_tls")]
pub(super) fn from_tls(error: BoxError, peer: Peer<'_>) -> Error {
    let error = match error.downcast::<Error>() {
        Ok(ours) => return *ours,
        Err(other) => other,
    };
    let (kind, why) = match find::<rustls::Error>(&*error) {
        Some(rustls::Error::InvalidCertificate(fault)) => (ErrorKind::Tls, fault_of(fault)),
        Some(rustls::Error::InvalidMessage(_)) => (
            ErrorKind::Tls,
            "what is there does not speak TLS: is this a plain http port?",
        ),
        None if find::<io::Error>(&*error).is_some() => (
            ErrorKind::Connect,
            "the connection was lost during the TLS handshake",
        ),
        _ => (ErrorKind::Tls, "the TLS handshake failed"),
    };
    unconnected(kind, peer, why).with_source(error)
}

#[cfg(feature = "_tls")]
fn fault_of(fault: &rustls::CertificateError) -> &'static str {
    use rustls::CertificateError as Fault;
    match fault {
        Fault::Expired | Fault::ExpiredContext { .. } => "the server's certificate has expired",
        Fault::NotValidYet | Fault::NotValidYetContext { .. } => {
            "the server's certificate is not valid yet: is the clock right?"
        }
        Fault::UnknownIssuer => {
            "the server's certificate is not from an authority that is trusted here \
             (`ca_certificates` adds one)"
        }
        Fault::NotValidForName | Fault::NotValidForNameContext { .. } => {
            "the server's certificate is for another name"
        }
        Fault::Revoked => "the server's certificate was revoked",
        _ => "the server's certificate is not valid",
    }
}

/// The resolver's failure, distinguished from TCP's by its type.
#[derive(Debug)]
pub(super) struct NameNotResolved(pub(super) io::Error);

impl fmt::Display for NameNotResolved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for NameNotResolved {}

/// A server may reject the client's certificate after the client has begun to send: it has read
/// none of it then.
#[cfg(feature = "_tls")]
fn tls_rejection(error: &(dyn StdError + 'static)) -> Option<&'static str> {
    use rustls::AlertDescription as Alert;
    let rustls::Error::AlertReceived(alert) = find::<rustls::Error>(error)? else {
        return None;
    };
    matches!(
        alert,
        Alert::CertificateRequired
            | Alert::NoCertificate
            | Alert::BadCertificate
            | Alert::UnsupportedCertificate
            | Alert::CertificateRevoked
            | Alert::CertificateExpired
            | Alert::CertificateUnknown
            | Alert::UnknownCA
            | Alert::HandshakeFailure
    )
    .then_some("the server did not accept the `client_certificate`, or wants one that is not set")
}

#[cfg(not(feature = "_tls"))]
fn tls_rejection(_: &(dyn StdError + 'static)) -> Option<&'static str> {
    None
}

/// What the server said about a stream, if that settles what became of the request.
#[cfg(all(feature = "_tls", feature = "http2"))]
fn from_h2(error: &h2::Error) -> Option<Error> {
    let reason = error.reason()?;
    if error.is_library() {
        let message = "the response breaks the rules of HTTP/2, or its header fields are larger than \
                       64 KiB";
        return Some(reset(message).with_sent(true));
    }
    if error.is_remote() && reason == h2::Reason::HTTP_1_1_REQUIRED {
        let rule = "must be off: the server asks for HTTP/1.1";
        return Some(Error::config("http2", rule));
    }
    // A GOAWAY ends only the streams above the last one that it names, whatever its reason; the
    // others end with the connection. Like a rejected stream, this one was not looked at.
    let untouched =
        error.is_remote() && (reason == h2::Reason::REFUSED_STREAM || error.is_go_away());
    untouched.then(|| reset("the server did not take the request"))
}
