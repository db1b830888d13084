//! What the calls of functions and of services have in common.

/// Gives a builder with the fields `payload`, `max_request_size` and `options`, and a method
/// `operation`, its body, its limits and the ways to send it.
macro_rules! call_methods {
    ($type:ident, json: $json:literal, body: $body:literal) => {
        cloudbase_core::request_options!(impl[] $type; code, product, write);

        impl $type {
            #[doc = $json]
            #[doc(alias = "data")]
            pub fn json<T: serde::Serialize + ?Sized>(mut self, data: &T) -> Self {
                self.payload = crate::payload::Payload::json(data);
                self
            }

            #[doc = $body]
            ///
            /// A stream is sent once: such a call is not repeated, not even with a renewed token.
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

            /// Ends a streamed body, sent or received, that stands still for so long. Default: the
            /// client's (5 s), and a minute for [`events`](Self::events), which may have nothing to
            /// tell.
            pub fn stall_timeout(mut self, limit: std::time::Duration) -> Self {
                self.options = self.options.with_stall_timeout(limit);
                self
            }

            /// Reads at most so many bytes of the answer. Default: the client's (10 MiB).
            pub fn max_response_size(mut self, bytes: u64) -> Self {
                self.options = self.options.with_max_response_size(bytes);
                self
            }

            /// Sends the call and reads the answer.
            ///
            /// # Errors
            ///
            /// [`ErrorKind::Argument`](cloudbase_core::ErrorKind::Argument) and
            /// [`TooLarge`](cloudbase_core::ErrorKind::TooLarge) before anything is sent;
            /// [`Api`](cloudbase_core::ErrorKind::Api) if the platform refused or what was called
            /// failed, with a `FUNCTION_…` or `SERVICE_…` [code](cloudbase_core::ErrorCode) (such as
            /// [`FUNCTION_NOT_FOUND`](cloudbase_core::ErrorCode::FUNCTION_NOT_FOUND)) if it was the
            /// platform's word, and with
            /// the [response](cloudbase_core::Error::response) as it came; whatever broke the connection.
            ///
            /// # Cancel safety
            ///
            /// Dropping the future gives the call up; what was called may run all the same.
            pub async fn send(self) -> cloudbase_core::Result<crate::Answer> {
                let (client, operation) = self.operation()?;
                client.fetch(operation).await.map(crate::Answer::new)
            }

            /// Sends the call and hands on the answer piece by piece, without a limit for its
            /// length. Only a stalled answer ends it.
            ///
            /// # Errors
            ///
            /// As [`send`](Self::send); errors while the answer comes are items of the stream.
            pub async fn stream(
                self,
            ) -> cloudbase_core::Result<cloudbase_core::Response<cloudbase_core::DataStream>> {
                let (client, operation) = self.operation()?;
                let answer = client.execute(operation.transfer()).await?;
                Ok(answer.map(cloudbase_core::Body::into_data_stream))
            }

            /// Sends the call and reads the response as [server-sent events](crate::sse).
            ///
            /// # Errors
            ///
            /// As [`stream`](Self::stream); [`Decode`](cloudbase_core::ErrorKind::Decode) with the
            /// [response](cloudbase_core::Error::response) if that is no event stream, whatever its
            /// status.
            pub async fn events(
                mut self,
            ) -> cloudbase_core::Result<cloudbase_core::Response<crate::EventStream>> {
                if self.options.stall_timeout().is_none() {
                    self = self.stall_timeout(crate::events::EVENTS_STALL);
                }
                let (client, operation) = self.operation()?;
                crate::events::open(&client, operation).await
            }
        }

        impl IntoFuture for $type {
            type Output = cloudbase_core::Result<crate::Answer>;
            type IntoFuture = futures_core::future::BoxFuture<'static, Self::Output>;

            fn into_future(self) -> Self::IntoFuture {
                Box::pin(self.send())
            }
        }
    };
}
pub(crate) use call_methods;
