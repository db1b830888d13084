//! Rejects options that a request to a signed URL has no use for.

use cloudbase_core::{CallOptions, Error, Result};

/// Checks the options of a request that a signed URL permits, in place of a token.
pub(crate) fn check_without_token(options: &CallOptions) -> Result<()> {
    options.check()?;
    let unused = if options.token().is_some() {
        "token"
    } else if options.require_user().is_some() {
        "require_user"
    } else {
        return Ok(());
    };
    let rule = "must not be set: a signed URL is used without a token";
    Err(Error::argument(unused, rule))
}

/// Checks the options of a request for a signed URL of another host, which gets no headers of a call.
pub(crate) fn check_limits(options: &CallOptions) -> Result<()> {
    check_without_token(options)?;
    let unused = if options.request_id().is_some() {
        "request_id"
    } else if !options.headers().is_empty() {
        "header"
    } else {
        return Ok(());
    };
    let rule = "must not be set: it is not sent to the host of a signed URL";
    Err(Error::argument(unused, rule))
}
