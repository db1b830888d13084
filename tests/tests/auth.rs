//! Auth from end to end: against recordings of the official SDK, and against the emulator.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod auth {
    mod account;
    mod arguments;
    mod captcha;
    mod clocks;
    mod differences;
    mod documentation;
    mod elsewhere;
    mod errors;
    mod faults;
    mod fixtures;
    mod flows;
    mod gateway;
    mod identity_sources;
    mod lookup;
    mod oauth;
    mod official;
    mod proofs;
    mod sessions;
    mod support;
    mod tickets;
}
