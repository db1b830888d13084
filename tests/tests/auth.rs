//! Auth from end to end: against recordings of the official SDK, and against the emulator.

mod auth {
    mod arguments;
    mod faults;
    mod fixtures;
    mod flows;
    mod gateway;
    mod oauth;
    mod processes;
    mod sessions;
    mod support;
}
