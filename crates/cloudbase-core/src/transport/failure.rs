//! What went wrong on a connection: from the pool's errors to ours.

use std::error::Error as StdError;
use std::io;

use hyper_util::client::legacy;

use super::outgoing::Carried;
use crate::error::{Error, ErrorKind, find};
use crate::service::BoxError;

/// What the pool reports, as an error that says whether anything was sent.
pub(super) fn from_pool(error: legacy::Error) -> Error {
    if let Some(ours) = find::<Carried<Error>>(&error).and_then(Carried::take) {
        return ours;
    }
    if let Some(body) = find::<Carried<BoxError>>(&error).and_then(Carried::take) {
        return match body.downcast::<Error>() {
            Ok(ours) => ours.with_sent(true),
            Err(other) => Error::new(ErrorKind::Body, "the body of the request failed")
                .with_sent(true)
                .with_source(other),
        };
    }
    if let Some(refused) = tls_refusal(&error) {
        return Error::new(ErrorKind::Tls, refused).with_source(error);
    }
    #[cfg(feature = "http2")]
    if let Some(h2) = find::<h2::Error>(&error)
        && let Some(made) = from_http2(h2)
    {
        return made.with_source(error);
    }
    let made = match find::<hyper::Error>(&error) {
        Some(hyper) if hyper.is_canceled() => Error::new(
            ErrorKind::Reset,
            "the connection was closed before the request was sent",
        ),
        Some(_) if error.is_connect() => lost("the connection was lost while it was opened"),
        Some(hyper) if hyper.is_parse() || hyper.is_parse_status() => {
            Error::new(ErrorKind::Decode, "the answer is not HTTP").with_sent(true)
        }
        // Its own body's failures are carried, so this is a connection whose task is gone.
        Some(hyper) if hyper.is_user() => {
            Error::new(ErrorKind::Interrupted, "the runtime was shut down").with_sent(true)
        }
        Some(_) => lost("the connection was lost before the answer").with_sent(true),
        None if error.is_connect() => lost("no connection could be had"),
        None => Error::new(ErrorKind::Encode, "the request cannot be sent over HTTP"),
    };
    made.with_source(error)
}

fn lost(message: &'static str) -> Error {
    Error::new(ErrorKind::Reset, message)
}

/// What keeps TCP (or name resolution) from connecting.
pub(super) fn from_tcp(error: impl StdError + Send + Sync + 'static) -> Error {
    let made = if find::<NameNotResolved>(&error).is_some() {
        Error::new(ErrorKind::Dns, "the host name could not be resolved")
    } else {
        let what = match find::<io::Error>(&error).map(io::Error::kind) {
            Some(io::ErrorKind::ConnectionRefused) => "the connection was refused",
            Some(io::ErrorKind::TimedOut) => "the host does not answer",
            _ => "no connection could be made",
        };
        Error::new(ErrorKind::Connect, what)
    };
    made.with_source(error)
}

/// What keeps TLS from coming about on a connection that stands.
#[cfg(feature = "_tls")]
pub(super) fn from_tls(error: BoxError) -> Error {
    let error = match error.downcast::<Error>() {
        Ok(ours) => return *ours,
        Err(other) => other,
    };
    let made = match rustls_error(&*error) {
        Some(rustls::Error::InvalidCertificate(_)) => {
            Error::new(ErrorKind::Tls, "the server's certificate is not valid")
        }
        None if find::<io::Error>(&*error).is_some() => Error::new(
            ErrorKind::Connect,
            "the connection was lost during the TLS handshake",
        ),
        _ => Error::new(ErrorKind::Tls, "the TLS handshake failed"),
    };
    made.with_source(error)
}

/// The resolver's failure, told from TCP's by its type.
#[derive(Debug)]
pub(super) struct NameNotResolved(pub(super) io::Error);

impl std::fmt::Display for NameNotResolved {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for NameNotResolved {}

/// A server may refuse the client's certificate after the client has begun to send: it has read
/// none of it then.
#[cfg(feature = "_tls")]
fn tls_refusal(error: &(dyn StdError + 'static)) -> Option<&'static str> {
    use rustls::AlertDescription as Alert;
    let rustls::Error::AlertReceived(alert) = rustls_error(error)? else {
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
    .then_some("the server did not accept this client's certificate")
}

#[cfg(not(feature = "_tls"))]
fn tls_refusal(_: &(dyn StdError + 'static)) -> Option<&'static str> {
    None
}

/// The TLS library's error, wherever it is wrapped: an `io::Error` shows its content as `get_ref`,
/// not as its source.
#[cfg(feature = "_tls")]
fn rustls_error<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a rustls::Error> {
    let mut current = Some(error);
    while let Some(error) = current {
        if let Some(found) = error.downcast_ref::<rustls::Error>() {
            return Some(found);
        }
        let inner = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        current = match inner {
            Some(inner) => Some(inner as &(dyn StdError + 'static)),
            None => error.source(),
        };
    }
    None
}

#[cfg(feature = "http2")]
fn from_http2(error: &h2::Error) -> Option<Error> {
    let reason = error.reason()?;
    // Both say that the server has not looked at the stream.
    let untouched = reason == h2::Reason::REFUSED_STREAM
        || (error.is_go_away() && error.is_remote() && reason == h2::Reason::NO_ERROR);
    if untouched {
        return Some(lost("the server closed the connection before the request"));
    }
    (reason == h2::Reason::HTTP_1_1_REQUIRED)
        .then(|| Error::config("http2", "must be off: the server asks for HTTP/1.1"))
}
