//! Why a Redis server failed, in words of ours: what the library says may hold a secret.

use std::borrow::Cow;
use std::error::Error as _;
use std::io;
use std::sync::Arc;

use ::redis::{ErrorKind as Kind, RedisError};
use cloudbase_core::{Error, ErrorKind};

/// A failure that can be given to everybody who waited for it.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    what: Cow<'static, str>,
    io: Option<io::ErrorKind>,
    /// It may be gone at the next try.
    is_transient: bool,
    /// The connection is of no more use.
    pub(super) is_over: bool,
    /// The same command may succeed on a fresh connection, and has not cost a time limit yet.
    pub(super) may_repeat: bool,
    /// The key is there, but holds something else than text.
    pub(super) is_wrong_type: bool,
}

/// What is meant by a code of the server, and whether it passes.
const CODES: &[(&str, &str, bool)] = &[
    ("READONLY", "it is a replica now", true),
    ("MOVED", "the key is on another node of the cluster", true),
    (
        "ASK",
        "the key is moving to another node of the cluster",
        true,
    ),
    ("CLUSTERDOWN", "the cluster is down", true),
    ("MASTERDOWN", "it has lost its master", true),
    ("NOREPLICAS", "it has too few replicas to write", true),
    (
        "TRYAGAIN",
        "the key is moving to another node of the cluster",
        true,
    ),
    ("LOADING", "it is still loading its data", true),
    ("BUSY", "it is busy with a script", true),
    ("OOM", "its memory is full", true),
    ("MISCONF", "it cannot write to its disk", true),
    ("NOAUTH", "it needs a password", false),
    ("WRONGPASS", "wrong user name or password", false),
    (
        "NOPERM",
        "the user may not run a command, or use a key, that the store needs",
        false,
    ),
    (
        "WRONGTYPE",
        "a key of the store holds something else than text",
        false,
    ),
];

/// What is meant by a text in an error of the system or of TLS.
const CAUSES: &[(&str, &str, bool)] = &[
    (
        "failed to lookup address",
        "the host name cannot be resolved",
        true,
    ),
    ("No address found", "the host name cannot be resolved", true),
    ("No such host", "the host name cannot be resolved", true),
    (
        "UnknownIssuer",
        "the certificate is from an unknown issuer",
        false,
    ),
    (
        "self-signed",
        "the certificate is from an unknown issuer",
        false,
    ),
    (
        "self signed",
        "the certificate is from an unknown issuer",
        false,
    ),
    (
        "local issuer",
        "the certificate is from an unknown issuer",
        false,
    ),
    (
        "NotValidForName",
        "the certificate is for another host name",
        false,
    ),
    (
        "not valid for name",
        "the certificate is for another host name",
        false,
    ),
    ("Expired", "the certificate has expired", false),
    ("expired", "the certificate has expired", false),
    (
        "invalid peer certificate",
        "the certificate is not valid",
        false,
    ),
    (
        "certificate verify failed",
        "the certificate is not valid",
        false,
    ),
    ("InvalidContentType", "it does not speak TLS", false),
];

/// A server on TLS sends an alert to a client that speaks plain text.
const NOT_REDIS: &str = "it speaks TLS, or something else than Redis: is `rediss://` meant?";

impl Fault {
    pub(super) fn of(error: &RedisError) -> Self {
        match Self::code(error) {
            Some(code) => Self::of_code(code, error),
            None => Self::of_connection(error),
        }
    }

    /// The runtime on which the connection was being made has gone.
    pub(super) fn interrupted() -> Self {
        Self::new(
            "the connection was not finished: the runtime shut down",
            true,
        )
    }

    fn new(what: impl Into<Cow<'static, str>>, is_transient: bool) -> Self {
        Self {
            what: what.into(),
            io: None,
            is_transient,
            is_over: false,
            may_repeat: false,
            is_wrong_type: false,
        }
    }

    /// The code of the server. Within a script, older ones say only `ERR` and put the code into the
    /// text.
    fn code(error: &RedisError) -> Option<&str> {
        if error.kind() == Kind::AuthenticationFailed {
            return Some("WRONGPASS");
        }
        let code = error.code()?;
        let inner = error.detail().filter(|_| code == "ERR").and_then(|detail| {
            let known = CODES.iter().map(|(code, ..)| *code);
            let mut words = detail.split(|c: char| !c.is_ascii_alphanumeric());
            words.find_map(|word| known.clone().find(|code| *code == word))
        });
        Some(inner.unwrap_or(code))
    }

    fn of_code(code: &str, error: &RedisError) -> Self {
        let mut fault = match CODES.iter().find(|(known, ..)| *known == code) {
            Some((code, meaning, passes)) => Self::new(format!("{code} ({meaning})"), *passes),
            None => {
                let detail = error.to_string();
                let meaning = if detail.contains("DB index") || detail.contains("switch database") {
                    " (it has no such database)"
                } else if detail.contains("unknown command") {
                    " (it lacks a command that the store needs)"
                } else {
                    ""
                };
                // A code is one short word; any other text may be anything.
                let is_code = code.len() <= 20 && code.bytes().all(|b| b.is_ascii_uppercase());
                let code = if is_code { code } else { "request rejected" };
                Self::new(format!("{code}{meaning}"), false)
            }
        };
        // Behind the same name there may be another server by now.
        fault.is_over = matches!(
            code,
            "READONLY" | "MOVED" | "ASK" | "CLUSTERDOWN" | "MASTERDOWN" | "NOAUTH"
        );
        fault.may_repeat = fault.is_over;
        fault.is_wrong_type = code == "WRONGTYPE";
        fault
    }

    fn of_connection(error: &RedisError) -> Self {
        let text = error.to_string();
        let io = io_kind(error);
        let known = CAUSES.iter().find(|(part, ..)| text.contains(part));
        let mut fault = match (known, io) {
            (Some((_, meaning, passes)), _) => Self::new(*meaning, *passes),
            (None, Some(io::ErrorKind::TimedOut)) => Self::new("no response in time", true),
            (None, Some(io::ErrorKind::Other | io::ErrorKind::InvalidData)) => {
                Self::new("the connection failed", true)
            }
            (None, Some(kind)) => Self::new(kind.to_string(), true),
            (None, None) if error.is_io_error() => Self::new("the connection failed", true),
            (None, None) if error.kind() == Kind::Parse => Self::new(NOT_REDIS, false),
            (None, None) => Self::new(error.category().to_owned(), false),
        };
        fault.io = io;
        fault.is_over = true;
        fault.may_repeat = io != Some(io::ErrorKind::TimedOut);
        fault
    }

    /// The error for one of those who waited.
    pub(super) fn into_error(self, place: &str) -> Error {
        let error = Error::new(
            ErrorKind::Local,
            format!("the session store at {place} failed: {}", self.what),
        )
        .with_transient(self.is_transient)
        .settle(true);
        match self.io {
            Some(kind) => error.with_source(io::Error::from(kind)),
            None => error,
        }
    }
}

fn io_kind(error: &RedisError) -> Option<io::ErrorKind> {
    type Shared = Arc<dyn std::error::Error + Send + Sync>;
    let source = error.source()?;
    let io = source
        .downcast_ref::<Shared>()
        .and_then(|shared| shared.downcast_ref::<io::Error>())
        .or_else(|| source.downcast_ref::<io::Error>())?;
    Some(io.kind())
}
