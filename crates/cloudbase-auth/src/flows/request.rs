//! What the methods that send something return: one builder each, which owns what it needs.

/// Declares the builder of a method of a handle: a struct with the handle, the options of the call and what
/// the method was given.
///
/// Its `async fn run(self) -> Result<Response<Output>>` sends; there, `self.auth` carries the options. An
/// error of it names the method. With `; operation` at the end, `fn call(&self) -> Result<Call>` makes the
/// first request, and the builder has `operation()`.
macro_rules! request {
    (
        $(#[$doc:meta])*
        pub struct $builder:ident { $($field:ident: $type:ty),* $(,)? }
        $method:literal => $output:ty; $($group:ident),+ $(; $operation:ident)?
    ) => {
        $(#[$doc])*
        #[must_use = "nothing is sent until `send` is called or it is awaited"]
        pub struct $builder {
            auth: $crate::flows::Auth,
            options: cloudbase_core::CallOptions,
            $($field: $type,)*
        }

        cloudbase_core::request_builder! {
            /// Those of the method that has made this.
            impl[] $builder => $output; $($group),+ $(, $operation)?
        }

        impl $builder {
            pub(crate) fn new(auth: &$crate::flows::Auth, $($field: $type),*) -> Self {
                Self {
                    auth: auth.clone(),
                    options: auth.caller().options.clone(),
                    $($field,)*
                }
            }

            pub(crate) async fn respond(
                mut self,
            ) -> cloudbase_core::Result<cloudbase_core::Response<$output>> {
                self.auth = self.auth.with_request_options(std::mem::take(&mut self.options));
                let steps = async move {
                    self.auth.caller().check_options()?;
                    self.run().await
                };
                $crate::value::named::named($method, steps).await
            }
        }

        /// Without what the method was given, which may be secret.
        impl std::fmt::Debug for $builder {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($builder))
                    .field("options", &self.options)
                    .finish_non_exhaustive()
            }
        }

        $($crate::flows::request::request!(@$operation $builder, $method);)?
    };
    (@operation $builder:ident, $method:literal) => {
        impl $builder {
            /// The first request, without the ids of the device and of a solved captcha, which are known
            /// only when it is sent.
            fn build(self) -> cloudbase_core::Result<cloudbase_core::Operation> {
                let auth = self.auth.with_request_options(self.options.clone());
                let operation = self.call().and_then(|call| auth.caller().operation(&call));
                operation.map_err(|error| error.within($method))
            }
        }
    };
}

pub(crate) use request;
