//! A call that has nothing to choose but what every call has.

use std::fmt;

use cloudbase_core::{BoxFuture, CallOptions, Response, Result};

type Run<T> = Box<dyn FnOnce(CallOptions) -> BoxFuture<'static, Result<Response<T>>> + Send>;

/// A call of storage that gives a `T`; the method that made it says what it does and which errors
/// it has.
#[must_use = "a call does nothing until it is awaited or sent"]
pub struct Call<T> {
    run: Run<T>,
    options: CallOptions,
}

cloudbase_core::request_builder! {
    /// Those of the method that made the call.
    impl[T: Send + 'static] Call<T> => T; call, product, write
}

impl<T: Send + 'static> Call<T> {
    pub(crate) fn new<F>(run: impl FnOnce(CallOptions) -> F + Send + 'static) -> Self
    where
        F: Future<Output = Result<Response<T>>> + Send + 'static,
    {
        Self {
            run: Box::new(|options| Box::pin(run(options))),
            options: CallOptions::default(),
        }
    }

    async fn respond(self) -> Result<Response<T>> {
        (self.run)(self.options).await
    }
}

impl<T> fmt::Debug for Call<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}
