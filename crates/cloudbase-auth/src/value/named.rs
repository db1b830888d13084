//! Names a method in the errors of its steps.

use cloudbase_core::Result;

/// Runs the steps of a public method. If one of them fails, the error names the method that the user called, not the
/// step, as `error.operation()`.
pub(crate) fn named<T>(
    method: &'static str,
    steps: impl Future<Output = Result<T>>,
) -> impl Future<Output = Result<T>> {
    // Or the future would be as large as all steps twice: once given, once awaited.
    let steps = Box::pin(steps);
    async move { steps.await.map_err(|error| error.within(method)) }
}
