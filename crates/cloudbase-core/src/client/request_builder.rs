//! One shape of call: what every request builder of the SDK has.

/// Gives a request builder the options of its call and the ways to send it.
///
/// The builder is `#[must_use]`, and has a field `options: CallOptions` and a method that sends:
/// `async fn respond(self) -> Result<Response<Output>>`, with the status, headers and request id of the
/// request that the output came of. It gets `send()`, `send_with_meta()`, `.await` ([`IntoFuture`]) and
/// the options of the groups that are named:
///
/// | group | options | for |
/// |---|---|---|
/// | `call` | `timeout`, `attempt_timeout`, `max_attempts`, `header`, `request_id` | every call |
/// | `code` | the same with `any_status` | calls of the user's own code, in place of `call` |
/// | `auth` | those of `call` | methods of auth, which may be several requests, in place of `call` |
/// | `stream` | those of `code` | such calls whose response is read piece by piece, in place of `call` |
/// | `transfer` | those of `call` | uploads and downloads, in place of `call` |
/// | `limits` | `timeout`, `attempt_timeout`, `max_attempts` | transfers to another host, in place of `call` |
/// | `product` | `token`, `require_user` | calls that carry the user's token; not sign-in |
/// | `write` | `idempotent` | writes; not sign-in |
/// | `operation` | `operation()`, made by the builder's own `fn build(self) -> Result<Operation>` | what has a request to show |
///
/// Attributes before `impl` are the documentation of the errors of `send`. What is in brackets are the
/// generic parameters, bounds included: outputs are `Send` and `'static`. Calls of the user's own code give
/// the response itself: `=> response Bytes` stands for `=> Bytes` with a `send()` and an `.await` that give
/// a `Response<Bytes>`.
///
/// # Examples
///
/// ```
/// use cloudbase_core::{CallOptions, Client, CredentialUse, Operation, PathBuilder, Response, Result};
/// use cloudbase_core::request_builder;
/// use cloudbase_core::http::Method;
/// use serde::de::DeserializeOwned;
///
/// /// Reads a list: the class of products' reads.
/// #[must_use = "a call does nothing until it is awaited or sent"]
/// pub struct List<T> {
///     client: Client,
///     options: CallOptions,
///     items: std::marker::PhantomData<fn() -> T>,
/// }
///
/// request_builder! {
///     /// Whatever the service or the way to it reports.
///     impl[T: DeserializeOwned + Send + 'static] List<T> => Vec<T>; call, product
/// }
///
/// impl<T: DeserializeOwned> List<T> {
///     async fn respond(self) -> Result<Response<Vec<T>>> {
///         let target = PathBuilder::new("/v1/things").build()?;
///         let operation = Operation::new("things.list", "/v1/things", Method::GET, target);
///         self.client.fetch_json(operation.options(self.options)).await
///     }
/// }
///
/// /// Signs in: neither a token nor `idempotent`.
/// #[must_use = "a call does nothing until it is awaited or sent"]
/// pub struct SignIn {
///     client: Client,
///     options: CallOptions,
/// }
///
/// request_builder! {
///     /// [`Argument`](cloudbase_core::ErrorKind::Argument) before anything is sent.
///     impl[] SignIn => serde_json::Value; call
/// }
///
/// impl SignIn {
///     async fn respond(self) -> Result<Response<serde_json::Value>> {
///         let target = PathBuilder::new("/auth/v1/signin").build()?;
///         let operation = Operation::new("auth.sign_in", "/auth/v1/signin", Method::POST, target)
///             .credential(CredentialUse::AccessKey);
///         self.client.fetch_json(operation.options(self.options)).await
///     }
/// }
///
/// // A write is `call, product, write`; an upload `transfer, product, write`; a function's call
/// // `code, product, write`.
/// # async fn run(list: List<u8>, sign_in: SignIn) -> Result<()> {
/// let numbers = list.timeout(std::time::Duration::from_secs(5)).require_user().await?;
/// let response = sign_in.request_id("sign-in-7").send_with_meta().await?;
/// println!("{} after {} attempts", response.request_id(), response.attempts());
/// # Ok(())
/// # }
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! request_builder {
    (
        $(#[$errors:meta])*
        impl $generics:tt $type:ty => response $output:ty; $($group:ident),+ $(,)?
    ) => {
        $crate::request_builder!(@send [$(#[$errors])*] $generics $type,
            $crate::Response<$output>, $output, self => self.respond().await;
            "Dropping the future cancels the call; whether it took effect is then unknown.";
            $($group),+);
    };
    (
        $(#[$errors:meta])*
        impl $generics:tt $type:ty => $output:ty; auth $(, $group:ident)* $(,)?
    ) => {
        $crate::request_builder!(@send [$(#[$errors])*] $generics $type,
            $output, $output, self => ::std::result::Result::Ok(self.respond().await?.into_value());
            "Dropping the future cancels the request in flight, and those that would follow it; whether it \
             took effect is then unknown. What must not be lost goes on: storing the session of a sign-in \
             whose response is there, trading a refresh token, deleting an account.";
            auth $(, $group)*);
    };
    (
        $(#[$errors:meta])*
        impl $generics:tt $type:ty => $output:ty; $($group:ident),+ $(,)?
    ) => {
        $crate::request_builder!(@send [$(#[$errors])*] $generics $type,
            $output, $output, self => ::std::result::Result::Ok(self.respond().await?.into_value());
            "Dropping the future cancels the call; whether it took effect is then unknown.";
            $($group),+);
    };
    (
        @send [$(#[$errors:meta])*] [$($generics:tt)*] $type:ty,
        $sent:ty, $output:ty, $self:ident => $send:expr; $cancel:literal; $($group:ident),+
    ) => {
        $crate::request_options!(impl [$($generics)*] $type; $($group),+);

        impl<$($generics)*> $type {
            /// Sends the call.
            ///
            /// # Errors
            ///
            $(#[$errors])*
            ///
            /// # Cancel safety
            ///
            #[doc = $cancel]
            pub async fn send($self) -> $crate::Result<$sent> {
                $send
            }

            /// As [`send`](Self::send), with status, headers, request id and attempts.
            ///
            /// # Errors
            ///
            /// As [`send`](Self::send).
            pub async fn send_with_meta(self) -> $crate::Result<$crate::Response<$output>> {
                self.respond().await
            }
        }

        impl<$($generics)*> ::std::future::IntoFuture for $type {
            type Output = $crate::Result<$sent>;
            type IntoFuture = $crate::BoxFuture<'static, Self::Output>;

            fn into_future(self) -> Self::IntoFuture {
                ::std::boxed::Box::pin(self.send())
            }
        }
    };
}

/// Gives a builder with a field `options: CallOptions` the options of some groups; see
/// [`request_builder!`].
#[doc(hidden)]
#[macro_export]
macro_rules! request_options {
    (impl $generics:tt $type:ty; $($group:ident),+) => {
        $($crate::request_options!(@$group $generics $type);)+
    };
    (@call $generics:tt $type:ty) => {
        $crate::request_options!(@times $generics $type,
            "Limits the whole call, with all its attempts. Default: the client's (60 s).",
            "Default: the client's (15 s).");
        $crate::request_options!(@head $generics $type, "");
    };
    (@auth $generics:tt $type:ty) => {
        $crate::request_options!(@times $generics $type,
            "Limits each request of the method, with all its attempts, and not the method as a whole: a \
             refresh of the session that it waits for has a limit of its own, and so has the program's own \
             code, such as a captcha handler. Default: the client's (60 s).",
            "Default: the client's (15 s).");
        $crate::request_options!(@head $generics $type,
            "Nor must it be `authorization`, which would make the call another user's: see `for_user`.");
    };
    (@code $generics:tt $type:ty) => {
        $crate::request_options!(@times $generics $type,
            "Limits the whole call, with all its attempts. Default: the client's (60 s). What is called may \
             take its time: a limit above 15 s is that of each attempt too, unless the call or the client has an `attempt_timeout` of \
             its own.",
            "Default: the client's (15 s), or a longer `timeout` of the call.");
        $crate::request_options!(@head $generics $type, "");
        $crate::request_options!(@status $generics $type);
    };
    (@stream $generics:tt $type:ty) => {
        $crate::request_options!(@times $generics $type,
            "Limits the call, with all its attempts, up to the head of the response: the body, however \
             long it takes, has `stall_timeout`. Default: no limit but that of each attempt.",
            "It ends with the head of the response, and while the body of the request moves there is \
             `stall_timeout` in its place. Default: from the last byte of that body on, the call's \
             `timeout` or the client's (60 s); until its first byte, or for a call without a body, the \
             client's (15 s) or a longer `timeout` of the call.");
        $crate::request_options!(@head $generics $type, "");
        $crate::request_options!(@status $generics $type);
    };
    (@status [$($generics:tt)*] $type:ty) => {
        impl<$($generics)*> $type {
            /// Takes a response of any status, instead of an error outside 2xx.
            ///
            /// Retries and the refresh of a token come first, as ever: this is the last response. So is
            /// a rejection by the platform, such as `FUNCTION_NOT_FOUND` with status 404. What brings no
            /// response, such as a lost connection, is still an error.
            ///
            /// Outside 2xx the body of a stream is read before it is returned, up to
            /// `max_response_size`. Default: an error, which has the response as
            /// `error.response()`.
            #[doc(alias = "isSuccess")]
            #[doc(alias = "statusCode")]
            pub fn any_status(mut self) -> Self {
                self.options = self.options.with_any_status(true);
                self
            }
        }
    };
    (@transfer $generics:tt $type:ty) => {
        $crate::request_options!(@limits $generics $type);
        $crate::request_options!(@head $generics $type,
            "A transfer of the built-in bucket sends it to the gateway alone, not to the object store: \
             what an object is put with is an `object_header`, and the conditions of a download are \
             `if_match` and `if_none_match`.");
    };
    (@limits $generics:tt $type:ty) => {
        $crate::request_options!(@times $generics $type,
            "Limits the whole call, with all its attempts. Default: no limit unless given; an upload or \
             download that stalls ends by its `stall_timeout`, and after the last byte of an upload its response has the client's \
             `timeout` (60 s).",
            "Default: the client's (15 s) up to the first byte of the transfer; while it moves \
             there is no limit.");
    };
    (@times [$($generics:tt)*] $type:ty, $timeout:literal, $attempt:literal) => {
        impl<$($generics)*> $type {
            #[doc = $timeout]
            pub fn timeout(mut self, limit: ::std::time::Duration) -> Self {
                self.options = self.options.with_timeout(limit);
                self
            }

            /// Limits each attempt.
            #[doc = $attempt]
            pub fn attempt_timeout(mut self, limit: ::std::time::Duration) -> Self {
                self.options = self.options.with_attempt_timeout(limit);
                self
            }

            /// Limits the attempts. Default: the client's (3); 1 switches retries off.
            pub fn max_attempts(mut self, attempts: u32) -> Self {
                self.options = self.options.with_max_attempts(attempts);
                self
            }
        }
    };
    (@head [$($generics:tt)*] $type:ty, $header:literal) => {
        impl<$($generics)*> $type {
            /// Adds a header to the call. One that HTTP does not allow, and one that belongs to the
            /// connection (`content-length`, `transfer-encoding`, `host`, `connection`,
            /// `keep-alive`, `te`, `trailer`, `upgrade`, `expect`, `proxy-…`), is reported by
            /// `send`.
            ///
            #[doc = $header]
            pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
                self.options = self.options.with_header(name, value);
                self
            }

            /// Sends this id as `x-request-id`, under which the service logs the call: 1 to 64 visible
            /// ASCII characters; anything else is reported by `send`. All attempts send the same, and
            /// so do all requests to the gateway of a call that makes several. Default: a random UUID.
            #[doc(alias = "x-request-id")]
            pub fn request_id(mut self, id: impl AsRef<str>) -> Self {
                self.options = self.options.with_request_id(id);
                self
            }
        }
    };
    (@product [$($generics:tt)*] $type:ty) => {
        impl<$($generics)*> $type {
            /// Sends this token instead of the session's or the access key.
            pub fn token(mut self, token: impl Into<$crate::SecretString>) -> Self {
                self.options = self.options.with_token(token);
                self
            }

            /// Fails if no user is signed in, instead of falling back to the access key. Default: the
            /// client's choice (`false`).
            pub fn require_user(mut self) -> Self {
                self.options = self.options.with_require_user(true);
                self
            }
        }
    };
    (@operation [$($generics:tt)*] $type:ty) => {
        impl<$($generics)*> $type {
            /// Returns the request of the call without sending it: name, method, path, query, headers of
            /// its own (the builder's come when it is sent) and body. Of a call that makes several
            /// requests it is the first, of an upload without the bytes of the object.
            ///
            /// # Errors
            ///
            /// [`ErrorKind::Argument`](cloudbase_core::ErrorKind::Argument) if an argument or an option is
            /// invalid, or if there is nothing to send.
            pub fn operation(self) -> $crate::Result<$crate::Operation> {
                let checked = self.options.check();
                let operation = self.build()?;
                match checked {
                    ::std::result::Result::Ok(()) => ::std::result::Result::Ok(operation),
                    ::std::result::Result::Err(error) => {
                        ::std::result::Result::Err(error.with_operation(operation.name()))
                    }
                }
            }
        }
    };
    (@write [$($generics:tt)*] $type:ty) => {
        impl<$($generics)*> $type {
            /// Sets whether the call may be repeated after it was sent. Default: what the operation is
            /// by nature.
            pub fn idempotent(mut self, idempotent: bool) -> Self {
                self.options = self.options.with_idempotent(idempotent);
                self
            }
        }
    };
}

#[cfg(test)]
mod tests;
