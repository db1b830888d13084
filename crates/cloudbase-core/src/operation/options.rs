//! What a caller may choose for one call.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::LazyLock;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use secrecy::SecretString;

use super::{CallIdentity, Identity};
use crate::credential::{Credentials, Lineage};
use crate::error::{Error, Result};

/// Choices for one call; every builder of the SDK has them as methods.
///
/// A pointer to [`Choices`], which are made when the first one is: most calls have none, and every
/// step from a builder to the wire carries the options along.
#[derive(Clone, Default)]
pub struct CallOptions {
    choices: Option<Box<Choices>>,
}

/// What [`CallOptions`] hold.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct Choices {
    /// Total deadline of the call; the client's if absent (60 s by default).
    pub timeout: Option<Duration>,
    /// Limit of one attempt; the client's if absent (15 s by default).
    pub attempt_timeout: Option<Duration>,
    /// How long a body may stand still; the client's if absent (5 s by default).
    pub stall_timeout: Option<Duration>,
    /// How many attempts at most; the client's if absent (3 by default).
    pub max_attempts: Option<u32>,
    /// Whether the call may be repeated after it was sent; the operation's own nature if absent.
    pub idempotent: Option<bool>,
    /// The token for this call, instead of the session's or the access key.
    pub token: Option<SecretString>,
    /// Whether a signed-in user's token must go out: without one the call fails here instead of
    /// falling back to the access key. The client's setting if absent (`false` by default).
    pub require_user: Option<bool>,
    /// Further headers. They beat those that the SDK would send. What frames the message or belongs
    /// to the connection is not allowed: see [`CallOptions::check`].
    pub headers: HeaderMap,
    /// How many bytes of an answer are read at most; the client's if absent (10 MiB by default).
    pub max_response_size: Option<u64>,
    /// Whether a response is one whatever its status, instead of an error outside 2xx. Retries and the
    /// refresh of a token come first: this is the last response. Its body is read like any other's, up to
    /// [`max_response_size`](Self::max_response_size), and of a streamed response as well.
    pub any_status: bool,
    pub(super) identity: Option<CallIdentity>,
    deferred: Option<Refused>,
}

/// The choices of a call that has none.
static NONE: LazyLock<Choices> = LazyLock::new(Choices::default);

impl Deref for CallOptions {
    type Target = Choices;

    fn deref(&self) -> &Choices {
        self.choices.as_deref().unwrap_or_else(|| &NONE)
    }
}

impl DerefMut for CallOptions {
    fn deref_mut(&mut self) -> &mut Choices {
        self.choices.get_or_insert_default()
    }
}

/// A header that was refused; kept until the call is sent, so that chains need no `?`.
#[derive(Clone, Debug)]
struct Refused {
    argument: &'static str,
    rule: &'static str,
}

impl CallOptions {
    /// Adds a header, replacing one of the same name. A name or value with characters that HTTP
    /// does not allow, or a header that belongs to the connection (see [`check`](Self::check)), is
    /// reported when the call is sent.
    pub fn set_header(&mut self, name: &str, value: &str) {
        let name = HeaderName::try_from(name);
        let value = HeaderValue::from_str(value);
        match (name, value) {
            (Ok(name), Ok(value)) => {
                self.headers.insert(name, value);
            }
            (Err(_), _) => self.refuse("header name", "must be an HTTP token"),
            (_, Err(_)) => self.refuse(
                "header value",
                "must not contain control characters such as CR, LF or NUL",
            ),
        }
    }

    /// The options, or the argument that was refused while they were put together.
    ///
    /// Headers must not be `content-length`, `transfer-encoding`, `host`, `connection`,
    /// `keep-alive`, `te`, `trailer`, `upgrade`, `expect` or `proxy-…`: they say where a message
    /// ends and how the connection goes on, which the transport alone knows.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Argument`](crate::ErrorKind::Argument) naming the argument.
    pub fn check(&self) -> Result<()> {
        let Some(choices) = &self.choices else {
            return Ok(());
        };
        if let Some(refused) = &choices.deferred {
            return Err(Error::argument(refused.argument, refused.rule));
        }
        if let Some(name) = choices.headers.keys().find_map(connection_header) {
            return Err(Error::argument(
                "header name",
                format_args!("must not be `{name}`: the transport sets it as the message needs"),
            ));
        }
        let limits = [
            ("timeout", choices.timeout),
            ("attempt_timeout", choices.attempt_timeout),
            ("stall_timeout", choices.stall_timeout),
        ];
        for (name, limit) in limits {
            if limit == Some(Duration::ZERO) {
                return Err(Error::argument(name, "must be longer than zero"));
            }
        }
        if choices.max_attempts == Some(0) {
            return Err(Error::argument("max_attempts", "must be at least 1"));
        }
        Ok(())
    }

    /// Makes all calls with these options, or clones of them, one call as far as its user goes: the
    /// first attempt settles on whose behalf they are made, and a call that could only go on as
    /// another user fails.
    #[doc(hidden)]
    #[must_use]
    pub fn as_one_call(mut self) -> Self {
        if self.identity.is_none() {
            self.identity = Some(CallIdentity::default());
        }
        self
    }

    /// As [`as_one_call`](Self::as_one_call), for the user who is signed in now, if that is known.
    #[doc(hidden)]
    #[must_use]
    pub fn as_one_call_of(mut self, credentials: &Credentials) -> Self {
        if self.identity.is_none() {
            let session = credentials.session();
            let token = session.and_then(|session| session.current());
            self.identity = Some(CallIdentity::of(token));
        }
        self
    }

    /// The session by whose token the call was made, once that is settled; see
    /// [`as_one_call`](Self::as_one_call).
    #[doc(hidden)]
    pub fn lineage(&self) -> Option<Lineage> {
        match self.identity.as_ref()?.cell().get()? {
            Identity::Session(lineage) => lineage.clone(),
            Identity::Nobody | Identity::AccessKey => None,
        }
    }

    /// The further headers, taken out.
    pub(crate) fn take_headers(&mut self) -> Option<HeaderMap> {
        let choices = self.choices.as_mut()?;
        (!choices.headers.is_empty()).then(|| std::mem::take(&mut choices.headers))
    }

    fn refuse(&mut self, argument: &'static str, rule: &'static str) {
        self.deferred.get_or_insert(Refused { argument, rule });
    }
}

/// The name of a header that frames a message or belongs to one connection (RFC 9110, 7.6.1;
/// RFC 9112, 6). In a request of the user's it would cut the body, keep the connection waiting, or
/// send the token to a host of that name behind the same gateway.
#[doc(hidden)]
pub fn connection_header(name: &HeaderName) -> Option<&'static str> {
    const NAMES: [&str; 10] = [
        "connection",
        "content-length",
        "expect",
        "host",
        "http2-settings",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ];
    let known = NAMES.into_iter().find(|known| name == known);
    known.or_else(|| name.as_str().starts_with("proxy-").then_some("proxy-…"))
}

impl fmt::Debug for CallOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl fmt::Debug for Choices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallOptions")
            .field("timeout", &self.timeout)
            .field("attempt_timeout", &self.attempt_timeout)
            .field("stall_timeout", &self.stall_timeout)
            .field("max_attempts", &self.max_attempts)
            .field("idempotent", &self.idempotent)
            .field("token", &self.token.as_ref().map(|_| "[redacted]"))
            .field("require_user", &self.require_user)
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// Gives a builder with a field `options: CallOptions` the per-call choices as methods. Uploads and
/// downloads (`transfer`) have no time limits of their own but the stall timeout.
#[doc(hidden)]
#[macro_export]
macro_rules! call_options {
    (called $type:ident) => {
        $crate::call_options!(@methods $type,
            "",
            "Default: the client's (60 s). What is called may take its time: a limit above 15 s is \
             that of each attempt too, unless the call or the client has an `attempt_timeout` of \
             its own.",
            "Default: the client's (15 s), or a longer `timeout` of the call.");
    };
    (transfer $type:ident) => {
        $crate::call_options!(@methods $type,
            "A transfer of the built-in bucket sends it to the gateway alone, not to the object store: \
             what an object is put with is an `object_header`, and the conditions of a download are \
             `if_match` and `if_none_match`.",
            "Default: no limit unless given; an upload or download that stalls ends by its \
             `stall_timeout`, and after the last byte of an upload its response has the client's \
             `timeout` (60 s).",
            "Default: the client's (15 s) up to the first byte of the transfer; while it moves \
             there is no limit.");
    };
    ($type:ident $(<$($generic:ident),+>)?) => {
        $crate::call_options!(@methods $type $(<$($generic),+>)?,
            "",
            "Default: the client's (60 s).",
            "Default: the client's (15 s).");
    };
    (@methods $type:ident $(<$($generic:ident),+>)?, $header:literal, $timeout:literal, $attempt:literal) => {
        impl $(<$($generic),+>)? $type $(<$($generic),+>)? {
            /// Limits the whole call, with all its attempts.
            #[doc = $timeout]
            #[must_use]
            pub fn timeout(mut self, limit: ::std::time::Duration) -> Self {
                self.options.timeout = Some(limit);
                self
            }

            /// Limits each attempt.
            #[doc = $attempt]
            #[must_use]
            pub fn attempt_timeout(mut self, limit: ::std::time::Duration) -> Self {
                self.options.attempt_timeout = Some(limit);
                self
            }

            /// Limits the attempts. Default: the client's (3); 1 switches retries off.
            #[must_use]
            pub fn max_attempts(mut self, attempts: u32) -> Self {
                self.options.max_attempts = Some(attempts);
                self
            }

            /// Says whether the call may be repeated after it was sent. Default: what the
            /// operation is by nature.
            #[must_use]
            pub fn idempotent(mut self, idempotent: bool) -> Self {
                self.options.idempotent = Some(idempotent);
                self
            }

            /// Sends this token instead of the session's or the access key.
            #[must_use]
            pub fn token(mut self, token: impl Into<$crate::SecretString>) -> Self {
                self.options.token = Some(token.into());
                self
            }

            /// Fails if no user is signed in, instead of falling back to the access key. Default: the
            /// client's choice (`false`).
            #[must_use]
            pub fn require_user(mut self) -> Self {
                self.options.require_user = Some(true);
                self
            }

            /// Adds a header to the call. One that HTTP does not allow, and one that belongs to the
            /// connection (`content-length`, `transfer-encoding`, `host`, `connection`,
            /// `keep-alive`, `te`, `trailer`, `upgrade`, `expect`, `proxy-…`), is reported by
            /// `send`.
            ///
            #[doc = $header]
            #[must_use]
            pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
                self.options.set_header(name.as_ref(), value.as_ref());
                self
            }
        }
    };
}
