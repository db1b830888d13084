//! The document database through the SDK, against the emulator.

#![allow(clippy::unwrap_used, reason = "a failure is a failed test")]

#[path = "documents_sdk/derive.rs"]
mod derive;
#[path = "documents_sdk/differences.rs"]
mod differences;
#[path = "documents_sdk/fixtures.rs"]
mod fixtures;
#[path = "documents_sdk/reads_and_writes.rs"]
mod reads_and_writes;
#[path = "documents_sdk/support.rs"]
mod support;
#[path = "documents_sdk/transactions.rs"]
mod transactions;
