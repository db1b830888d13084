//! The session of a handle: one owner, one change at a time, stored before anybody sees it.

mod check_store;
#[cfg(test)]
mod clock_tests;
mod expiry;
mod explicit;
pub(crate) mod manager;
mod methods;
mod provider;
mod refresh;
pub(crate) mod request;
mod saving;
#[cfg(test)]
mod schedule_tests;
mod set_session;
#[cfg(test)]
mod sharing_tests;
mod sign_out;
mod stored;

pub use self::set_session::SetSession;
pub use self::sign_out::{SignOut, SignOutOutcome};
