//! Functions, cloud hosting and APIs end to end, on the emulator.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

#[path = "functions/calls.rs"]
mod calls;
#[path = "functions/differences.rs"]
mod differences;
#[path = "functions/errors.rs"]
mod errors;
#[path = "functions/response_fields.rs"]
mod response_fields;
#[path = "functions/services.rs"]
mod services;
#[path = "functions/streams.rs"]
mod streams;
#[path = "functions/support.rs"]
mod support;
#[path = "functions/wire.rs"]
mod wire;
