//! Storage end to end: on the emulator, and on a scripted object store for what an emulator cannot do.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on must stop")]

#[path = "storage/batches.rs"]
mod batches;
#[path = "storage/bucket_calls.rs"]
mod bucket_calls;
#[path = "storage/buckets.rs"]
mod buckets;
#[path = "storage/classic.rs"]
mod classic;
#[path = "storage/differences.rs"]
mod differences;
#[path = "storage/download.rs"]
mod download;
#[path = "storage/meta.rs"]
mod meta;
#[path = "storage/operations.rs"]
mod operations;
#[path = "storage/paths.rs"]
mod paths;
#[path = "storage/pieces.rs"]
mod pieces;
#[path = "storage/properties.rs"]
mod properties;
#[path = "storage/response_fields.rs"]
mod response_fields;
#[path = "storage/scripted.rs"]
mod scripted;
#[path = "storage/support.rs"]
mod support;
#[path = "storage/upload.rs"]
mod upload;
#[path = "storage/versions.rs"]
mod versions;
#[path = "storage/wire.rs"]
mod wire;
