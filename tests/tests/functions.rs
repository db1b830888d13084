//! Functions, cloud hosting and APIs end to end, on the emulator.

#[path = "functions/calls.rs"]
mod calls;
#[path = "functions/services.rs"]
mod services;
#[path = "functions/streams.rs"]
mod streams;
#[path = "functions/support.rs"]
mod support;
#[path = "functions/wire.rs"]
mod wire;
