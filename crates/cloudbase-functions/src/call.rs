//! What the calls of functions and of services have in common.

/// Gives a builder with the fields `payload`, `max_request_size` and `options`, and a method
/// `operation`, its body, its limits and the ways to send it.
macro_rules! call_methods {
    ($type:ident, json: $json:literal, body: $body:literal) => {
        cloudbase_core::call_options!(called $type);

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
                self.options.stall_timeout = Some(limit);
                self
            }

            /// Reads at most so many bytes of the answer. Default: the client's (10 MiB).
            pub fn max_response_size(mut self, bytes: u64) -> Self {
                self.options.max_response_size = Some(bytes);
                self
            }

            /// Takes a response of any status, instead of an error outside 2xx.
            ///
            /// Retries and the refresh of a token come first, as ever: this is the last response. So is
            /// a rejection by the platform, such as `FUNCTION_NOT_FOUND` with status 404. What brings no
            /// response, such as a lost connection, is still an error.
            ///
            /// Outside 2xx the body of a [`stream`](Self::stream) is read before it is returned, up to
            /// [`max_response_size`](Self::max_response_size). Default: an error, which has the response
            /// as [`Error::response`](cloudbase_core::Error::response).
            ///
            /// ```no_run
            /// # async fn run(cloud_run: cloudbase_functions::CloudRun) -> cloudbase_core::Result<()> {
            /// let item = cloud_run.service("shop").get("/items/7").any_status().await?;
            /// match item.status().as_u16() {
            ///     200 => println!("{}", item.text()?),
            ///     404 => println!("sold out"),
            ///     other => println!("status {other}: {}", item.text()?),
            /// }
            /// # Ok(())
            /// # }
            /// ```
            #[doc(alias = "isSuccess")]
            #[doc(alias = "statusCode")]
            pub fn any_status(mut self) -> Self {
                self.options.any_status = true;
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

            /// Sends the call and reads the answer as [server-sent events](crate::sse).
            ///
            /// # Errors
            ///
            /// As [`stream`](Self::stream); [`Decode`](cloudbase_core::ErrorKind::Decode) with the
            /// [response](cloudbase_core::Error::response) if that is no event stream, whatever its
            /// status.
            pub async fn events(
                mut self,
            ) -> cloudbase_core::Result<cloudbase_core::Response<crate::EventStream>> {
                let stall = &mut self.options.stall_timeout;
                stall.get_or_insert(crate::events::EVENTS_STALL);
                let (client, operation) = self.operation()?;
                crate::EventStream::open(&client, operation).await
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
