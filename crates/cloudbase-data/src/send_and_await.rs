//! The short ends of the builders that answer rows.

/// Gives a builder with `send_with_meta` its `send`, whose errors are told by the comment that is
/// passed, and makes it awaitable.
macro_rules! send_and_await {
    ($(#[$errors:meta])* $type:ident<T> => $output:ty) => {
        impl<T: serde::de::DeserializeOwned> $type<T> {
            /// Sends the call.
            ///
            /// # Errors
            ///
            $(#[$errors])*
            pub async fn send(self) -> cloudbase_core::Result<$output> {
                Ok(self.send_with_meta().await?.into_value())
            }
        }

        impl<T: serde::de::DeserializeOwned + Send + 'static> IntoFuture for $type<T> {
            type Output = cloudbase_core::Result<$output>;
            type IntoFuture = futures_core::future::BoxFuture<'static, Self::Output>;

            fn into_future(self) -> Self::IntoFuture {
                Box::pin(self.send())
            }
        }
    };
}

pub(crate) use send_and_await;
