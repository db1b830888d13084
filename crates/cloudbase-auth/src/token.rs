//! What is known of the session in force, without network, store or events.

pub(crate) mod active_session;
pub(crate) mod ancestor;
pub(crate) mod interruption;
pub(crate) mod state;
pub(crate) mod ticket_callback;
