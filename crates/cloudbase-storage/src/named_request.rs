//! The operation that an error of a request names, given in one place.

/// Gives a builder what [`request_builder!`](cloudbase_core::request_builder) does, made of its
/// `fn make(self) -> Result<Operation>` and `async fn run(self) -> Result<Response<Output>>`, whose errors
/// name `$name` unless they name the step that failed.
macro_rules! named_request {
    (
        $(#[$errors:meta])*
        impl $type:ident => $output:ty, $name:expr; $($group:ident),+ $(,)?
    ) => {
        cloudbase_core::request_builder! {
            $(#[$errors])*
            impl[] $type => $output; $($group),+
        }

        impl $type {
            fn build(self) -> cloudbase_core::Result<cloudbase_core::Operation> {
                self.make().map_err(|error| error.with_operation($name))
            }

            async fn respond(self) -> cloudbase_core::Result<cloudbase_core::Response<$output>> {
                let run = self.run();
                run.await.map_err(|error| error.with_operation($name))
            }
        }
    };
}
pub(crate) use named_request;
