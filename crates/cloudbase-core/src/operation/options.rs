//! The options of one call.

use std::fmt;
use std::sync::LazyLock;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use secrecy::SecretString;

use super::{CallIdentity, Identity, Lineage, RequestId};
use crate::error::{Error, Result};

/// Options of one call; every builder of the SDK has those that it takes as methods.
///
/// Setters return the options, so that they chain; what is not set is as the client says.
///
/// ```
/// use std::time::Duration;
/// use cloudbase_core::CallOptions;
///
/// let options = CallOptions::new().with_timeout(Duration::from_secs(5)).with_max_attempts(1);
/// assert_eq!(options.max_attempts(), Some(1));
/// ```
// A pointer, made when the first option is set: most calls have none, and every step from a builder to
// the wire carries the options along.
#[derive(Clone, Default)]
#[must_use = "setters return the options"]
pub struct CallOptions {
    chosen: Option<Box<Chosen>>,
}

#[derive(Clone, Default)]
struct Chosen {
    timeout: Option<Duration>,
    attempt_timeout: Option<Duration>,
    stall_timeout: Option<Duration>,
    max_attempts: Option<u32>,
    idempotent: Option<bool>,
    token: Option<SecretString>,
    require_user: Option<bool>,
    request_id: Option<RequestId>,
    headers: HeaderMap,
    max_response_size: Option<u64>,
    any_status: bool,
    identity: Option<CallIdentity>,
    /// The first invalid argument; kept until the call is sent, so that chains need no `?`.
    invalid: Option<Error>,
}

impl CallOptions {
    /// Options of which none is set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Limits the whole call, with all its attempts. Default: the client's (60 s).
    pub fn with_timeout(self, limit: Duration) -> Self {
        self.with(|chosen| chosen.timeout = Some(limit))
    }

    /// Limits each attempt. Default: the client's (15 s).
    pub fn with_attempt_timeout(self, limit: Duration) -> Self {
        self.with(|chosen| chosen.attempt_timeout = Some(limit))
    }

    /// Limits how long a body may stall. Default: the client's (5 s).
    pub fn with_stall_timeout(self, limit: Duration) -> Self {
        self.with(|chosen| chosen.stall_timeout = Some(limit))
    }

    /// Limits the attempts; 1 switches retries off. Default: the client's (3).
    pub fn with_max_attempts(self, attempts: u32) -> Self {
        self.with(|chosen| chosen.max_attempts = Some(attempts))
    }

    /// Sets whether the call may be repeated after it was sent. Default: what the operation is by
    /// nature.
    pub fn with_idempotent(self, idempotent: bool) -> Self {
        self.with(|chosen| chosen.idempotent = Some(idempotent))
    }

    /// Sends this token instead of the session's or the access key.
    pub fn with_token(self, token: impl Into<SecretString>) -> Self {
        self.with(|chosen| chosen.token = Some(token.into()))
    }

    /// Sets whether the call fails if no user is signed in, instead of falling back to the access key.
    /// Default: the client's (`false`).
    pub fn with_require_user(self, require: bool) -> Self {
        self.with(|chosen| chosen.require_user = Some(require))
    }

    /// Sends this id as `x-request-id`, under which the service logs the call: 1 to 64 visible ASCII
    /// characters, which is checked when the call is sent. All attempts, and all requests of a call
    /// that makes several, send the same. Default: a random UUID for each request.
    pub fn with_request_id(self, id: impl AsRef<str>) -> Self {
        match RequestId::new(id.as_ref()) {
            Some(id) => self.with(|chosen| chosen.request_id = Some(id)),
            None => self.invalid("request_id", RequestId::RULE),
        }
    }

    /// Adds a header, replacing one of the same name; it beats what the SDK would send. A name or value
    /// with characters that HTTP does not allow, or a header that belongs to the connection (see
    /// [`check`](Self::check)), is reported when the call is sent. `x-request-id` is the
    /// [request id](Self::with_request_id).
    pub fn with_header(self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        let value = value.as_ref();
        let Ok(name) = HeaderName::try_from(name.as_ref()) else {
            return self.invalid("header name", "must be an HTTP token");
        };
        if name == "x-request-id" {
            return self.with_request_id(value);
        }
        match HeaderValue::from_str(value) {
            Ok(value) => self.with(|chosen| {
                chosen.headers.insert(name, value);
            }),
            Err(_) => self.invalid(
                "header value",
                "must not contain control characters such as CR, LF or NUL",
            ),
        }
    }

    /// Limits how many bytes of a response are read. Default: the client's (10 MiB).
    pub fn with_max_response_size(self, bytes: u64) -> Self {
        self.with(|chosen| chosen.max_response_size = Some(bytes))
    }

    /// Sets whether a response is one whatever its status, instead of an error outside 2xx. Retries and
    /// the refresh of a token come first: this is the last response. Its body is read like any other's,
    /// up to [`max_response_size`](Self::with_max_response_size), and of a streamed response as well.
    /// Default: `false`.
    pub fn with_any_status(self, any: bool) -> Self {
        self.with(|chosen| chosen.any_status = any)
    }

    /// The limit of the whole call.
    pub fn timeout(&self) -> Option<Duration> {
        self.chosen()?.timeout
    }

    /// The limit of each attempt.
    pub fn attempt_timeout(&self) -> Option<Duration> {
        self.chosen()?.attempt_timeout
    }

    /// How long a body may stall.
    pub fn stall_timeout(&self) -> Option<Duration> {
        self.chosen()?.stall_timeout
    }

    /// How many attempts there are at most.
    pub fn max_attempts(&self) -> Option<u32> {
        self.chosen()?.max_attempts
    }

    /// Whether the call may be repeated after it was sent.
    pub fn idempotent(&self) -> Option<bool> {
        self.chosen()?.idempotent
    }

    /// The token of this call.
    pub fn token(&self) -> Option<&SecretString> {
        self.chosen()?.token.as_ref()
    }

    /// Whether the call fails if no user is signed in.
    pub fn require_user(&self) -> Option<bool> {
        self.chosen()?.require_user
    }

    /// The request id of this call.
    pub fn request_id(&self) -> Option<&str> {
        self.chosen()?.request_id.as_ref().map(RequestId::as_str)
    }

    /// The further headers.
    pub fn headers(&self) -> &HeaderMap {
        static NONE: LazyLock<HeaderMap> = LazyLock::new(HeaderMap::new);
        self.chosen().map_or(&NONE, |chosen| &chosen.headers)
    }

    /// How many bytes of a response are read at most.
    pub fn max_response_size(&self) -> Option<u64> {
        self.chosen()?.max_response_size
    }

    /// Whether a response is one whatever its status.
    pub fn any_status(&self) -> bool {
        self.chosen().is_some_and(|chosen| chosen.any_status)
    }

    /// Checks the options.
    ///
    /// Headers must not be `content-length`, `transfer-encoding`, `host`, `connection`,
    /// `keep-alive`, `te`, `trailer`, `upgrade`, `expect` or `proxy-…`: they say where a message
    /// ends and how the connection goes on, which the transport alone knows.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Argument`](crate::ErrorKind::Argument) naming the first invalid option.
    pub fn check(&self) -> Result<()> {
        let Some(chosen) = self.chosen() else {
            return Ok(());
        };
        if let Some(invalid) = &chosen.invalid {
            return Err(invalid.clone());
        }
        if let Some(name) = chosen.headers.keys().find_map(connection_header) {
            return Err(Error::argument(
                "header name",
                format_args!("must not be `{name}`: the transport sets it as the message needs"),
            ));
        }
        let limits = [
            ("timeout", chosen.timeout),
            ("attempt_timeout", chosen.attempt_timeout),
            ("stall_timeout", chosen.stall_timeout),
        ];
        for (name, limit) in limits {
            if limit == Some(Duration::ZERO) {
                return Err(Error::argument(name, "must be longer than zero"));
            }
        }
        if chosen.max_attempts == Some(0) {
            return Err(Error::argument("max_attempts", "must be at least 1"));
        }
        Ok(())
    }

    fn chosen(&self) -> Option<&Chosen> {
        self.chosen.as_deref()
    }

    fn with(mut self, set: impl FnOnce(&mut Chosen)) -> Self {
        set(self.chosen.get_or_insert_default());
        self
    }

    fn invalid(self, argument: &'static str, rule: &'static str) -> Self {
        self.with(|chosen| {
            let invalid = &mut chosen.invalid;
            invalid.get_or_insert_with(|| Error::argument(argument, rule));
        })
    }
}

/// What the SDK itself adds and reads.
impl CallOptions {
    /// The time limits, attempts and idempotency alone: for a further request of the same call to
    /// another host, which the headers and the token are not for.
    #[doc(hidden)]
    pub fn limits(&self) -> Self {
        let Some(chosen) = self.chosen() else {
            return Self::default();
        };
        Self::default().with(|limits| {
            limits.timeout = chosen.timeout;
            limits.attempt_timeout = chosen.attempt_timeout;
            limits.stall_timeout = chosen.stall_timeout;
            limits.max_attempts = chosen.max_attempts;
            limits.idempotent = chosen.idempotent;
        })
    }

    /// Without a token.
    #[doc(hidden)]
    pub fn without_token(mut self) -> Self {
        if let Some(chosen) = &mut self.chosen {
            chosen.token = None;
        }
        self
    }

    /// Makes all calls with these options, or clones of them, one call as far as its user goes: the
    /// first attempt settles on whose behalf they are made, and a call that could only go on as
    /// another user fails.
    #[doc(hidden)]
    pub fn as_one_call(self) -> Self {
        self.with_identity(None)
    }

    /// As [`as_one_call`](Self::as_one_call), on behalf of whom is known already.
    pub(crate) fn with_identity(self, known: Option<Identity>) -> Self {
        self.with(|chosen| {
            chosen
                .identity
                .get_or_insert_with(|| CallIdentity::of(known));
        })
    }

    /// As one call with those made with `other`, if that is part of one: on behalf of the same user.
    #[doc(hidden)]
    pub fn with_identity_of(self, other: &Self) -> Self {
        match other.identity().cloned() {
            Some(identity) => self.with(|chosen| chosen.identity = Some(identity)),
            None => self,
        }
    }

    /// The session by whose token the call was made, once that is settled; see
    /// [`as_one_call`](Self::as_one_call).
    #[doc(hidden)]
    pub fn lineage(&self) -> Option<Lineage> {
        match self.identity()?.cell().get()? {
            Identity::Session(lineage) => lineage.clone(),
            Identity::Nobody | Identity::AccessKey => None,
        }
    }

    /// The identity that several requests of one call share.
    pub(crate) fn identity(&self) -> Option<&CallIdentity> {
        self.chosen()?.identity.as_ref()
    }

    /// The id that the call sends.
    pub(crate) fn sent_request_id(&self) -> RequestId {
        let chosen = self.chosen().and_then(|chosen| chosen.request_id);
        chosen.unwrap_or_else(RequestId::random)
    }

    pub(crate) fn set_token(&mut self, token: SecretString) {
        self.chosen.get_or_insert_default().token = Some(token);
    }

    /// The further headers, taken out.
    pub(crate) fn take_headers(&mut self) -> Option<HeaderMap> {
        let chosen = self.chosen.as_mut()?;
        (!chosen.headers.is_empty()).then(|| std::mem::take(&mut chosen.headers))
    }
}

/// The name of a header that frames a message or belongs to one connection (RFC 9110, 7.6.1;
/// RFC 9112, 6). In a request of the user's it would cut the body, keep the connection waiting, or
/// send the token to a host of that name behind the same gateway.
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
        f.debug_struct("CallOptions")
            .field("timeout", &self.timeout())
            .field("attempt_timeout", &self.attempt_timeout())
            .field("stall_timeout", &self.stall_timeout())
            .field("max_attempts", &self.max_attempts())
            .field("idempotent", &self.idempotent())
            .field("token", &self.token().map(|_| "[redacted]"))
            .field("require_user", &self.require_user())
            .field("request_id", &self.request_id())
            .field("headers", &self.headers().keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
