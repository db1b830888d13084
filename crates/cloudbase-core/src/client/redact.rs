//! Takes the tokens of a call out of what a server says about it.

use secrecy::ExposeSecret as _;

use super::{Client, Role};
use crate::error::Error;
use crate::operation::CallInfo;

impl Client {
    /// The error without the tokens that the call may have carried. Those of the gateway are known by
    /// their form; these are whatever the user or a provider of the user's gave.
    pub(super) fn redact(&self, error: Error, call: &CallInfo) -> Error {
        let user = match &self.role {
            Role::User(user) => Some(&user.secret),
            Role::App | Role::Direct => None,
        };
        let given = [
            call.options().token(),
            user,
            self.inner.config.access_key.as_ref(),
        ];
        let error = given.into_iter().flatten().fold(error, |error, token| {
            error.without_secret(token.expose_secret())
        });
        // The session may have been refreshed since.
        match call.sent() {
            Some(sent) => {
                let header = sent.to_str().unwrap_or_default();
                error.without_secret(header.trim_start_matches("Bearer "))
            }
            None => error,
        }
    }
}
