//! Auth from end to end: against recordings of the official SDK, and against the emulator.

mod auth {
    mod fixtures;
}
