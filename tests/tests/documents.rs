//! The document database of the emulator, over real sockets and without an SDK.

#![allow(clippy::unwrap_used, reason = "a failure is a failed test")]

#[path = "documents/commands.rs"]
mod commands;
#[path = "documents/endpoints.rs"]
mod endpoints;
#[path = "documents/kept.rs"]
mod kept;
#[path = "documents/permissions.rs"]
mod permissions;
#[path = "documents/recorded.rs"]
mod recorded;
#[path = "documents/support.rs"]
mod support;
#[path = "documents/transactions.rs"]
mod transactions;
#[path = "documents/vectors.rs"]
mod vectors;
#[path = "documents/writes.rs"]
mod writes;
