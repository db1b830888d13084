//! What class a failure is of, and which time limit was reached.

/// The class of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The service responded with an error; see [`Error::code`](crate::Error::code) and [`Error::status`](crate::Error::status).
    Api,
    /// An argument is invalid, found before anything was sent; the message names it and the rule.
    Argument,
    /// The body of a request could not be produced, or that of a response not read to its end.
    Body,
    /// The configuration is incomplete or contradicts itself; or the service says that the
    /// credential belongs to another environment or site (`ACCESS_TOKEN_KID_INVALID`).
    Config,
    /// No connection could be made. Nothing was sent.
    Connect,
    /// There is no usable credential, or it could not be refreshed.
    Credentials,
    /// The response is not what the protocol says.
    Decode,
    /// The host name could not be resolved. Nothing was sent.
    Dns,
    /// A value could not be encoded. Nothing was sent.
    Encode,
    /// The call was given up: cancelled, or its task went away.
    Interrupted,
    /// A layer or service of the user failed; see [`source`](std::error::Error::source).
    Middleware,
    /// The connection was lost while the call was under way.
    Reset,
    /// Something on this machine failed: a file, a store, a callback.
    Local,
    /// A time limit was reached; see [`Error::timeout_phase`](crate::Error::timeout_phase).
    Timeout,
    /// The TLS handshake failed. Nothing was sent.
    Tls,
    /// A request or a response is larger than allowed.
    TooLarge,
}

/// Which time limit was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TimeoutPhase {
    /// Waiting for a free connection.
    Queue,
    /// Opening a connection: name resolution, TCP, proxy, TLS.
    Connect,
    /// One attempt, from sending to the head of the response.
    Attempt,
    /// The whole call with all its attempts.
    Total,
    /// A body that stopped moving.
    Stall,
}
