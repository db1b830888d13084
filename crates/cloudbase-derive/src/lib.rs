//! Derive macros of the CloudBase SDK.
