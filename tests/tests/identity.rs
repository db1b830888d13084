//! On whose behalf calls are made while users come and go: schedules at random, and the cases that
//! they grew from.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod identity {
    mod calls;
    mod overtaken;
    mod schedules;
    mod service;
    mod sessions;
    mod steps;
    mod store;
}
