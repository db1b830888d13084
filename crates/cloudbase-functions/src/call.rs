//! What the calls of functions and of services have in common.

/// Gives a builder with `options`, `build()` and `respond()` its options, those of `group`, and the ways
/// to send it; the text adds to the errors that all such calls have.
macro_rules! call_errors {
    ($more:literal, $type:ident => $output:ty; $group:ident) => {
        cloudbase_core::request_builder! {
            /// [`ErrorKind::Argument`](cloudbase_core::ErrorKind::Argument) and
            /// [`TooLarge`](cloudbase_core::ErrorKind::TooLarge) before anything is sent;
            /// [`Api`](cloudbase_core::ErrorKind::Api) if the platform rejected the call or what was
            /// called failed, with a `FUNCTION_…` or `SERVICE_…` [code](cloudbase_core::ErrorCode) (such
            /// as [`FUNCTION_NOT_FOUND`](cloudbase_core::ErrorCode::FUNCTION_NOT_FOUND)) if it was the
            /// platform, and with the [response](cloudbase_core::Error::response) as it came; whatever
            /// broke the connection.
            #[doc = $more]
            impl[] $type => response $output; $group, product, write, operation
        }
    };
}

/// Gives a builder with `options` the limit for a body that stalls.
macro_rules! stall_timeout {
    ($type:ident, $default:literal) => {
        impl $type {
            /// Ends a streamed body, sent or received, that stalls for this long.
            #[doc = $default]
            pub fn stall_timeout(mut self, limit: std::time::Duration) -> Self {
                self.options = self.options.with_stall_timeout(limit);
                self
            }
        }
    };
}

/// Gives a builder with the fields `payload`, `max_request_size` and `options`, and the methods `client`
/// and `build`, its body, its limits and the ways to send it.
macro_rules! call_methods {
    ($type:ident, $callee:ident, json: $json:literal, body: $body:literal) => {
        crate::call::call_errors! {
            "What was called may run although the future was dropped.",
            $type => bytes::Bytes; code
        }
        crate::call::stall_timeout!(
            $type,
            "Default: the client's (5 s), and a minute for [`events`](Self::events), whose server may \
             have nothing to report."
        );

        impl $type {
            #[doc = $json]
            #[doc(alias = "data")]
            pub fn json<T: serde::Serialize + ?Sized>(mut self, data: &T) -> Self {
                self.payload = crate::payload::Payload::json(data);
                self
            }

            #[doc = $body]
            ///
            /// A stream is sent once: such a call is not repeated, not even with a refreshed token.
            pub fn body(
                mut self,
                content_type: impl AsRef<str>,
                body: impl Into<cloudbase_core::Body>,
            ) -> Self {
                self.payload = crate::payload::Payload::other(content_type.as_ref(), body.into());
                self
            }

            /// Replaces the gateway's documented limit for the body, should it be another one for
            /// this environment.
            pub fn max_request_size(mut self, bytes: u64) -> Self {
                self.max_request_size = Some(bytes);
                self
            }

            /// Limits how many bytes of the response are read into memory. Default: the client's
            /// (10 MiB).
            pub fn max_response_size(mut self, bytes: u64) -> Self {
                self.options = self.options.with_max_response_size(bytes);
                self
            }

            /// Reads the response piece by piece, without a limit for its length: only a body that
            /// stalls ends it.
            pub fn stream(mut self) -> crate::StreamCall {
                let options = std::mem::take(&mut self.options);
                crate::StreamCall::new(crate::streams::Callee::$callee(self), options)
            }

            /// Reads the response as [server-sent events](crate::sse).
            pub fn events(mut self) -> crate::EventsCall {
                let options = std::mem::take(&mut self.options);
                crate::EventsCall::new(crate::streams::Callee::$callee(self), options)
            }

            // Not an `async fn`, whose future would hold the builder three times.
            fn respond(
                self,
            ) -> impl Future<Output = cloudbase_core::Result<cloudbase_core::Response<bytes::Bytes>>>
            {
                let client = self.client().clone();
                let operation = self.build();
                async move { client.fetch(operation?).await }
            }
        }
    };
}
pub(crate) use {call_errors, call_methods, stall_timeout};
