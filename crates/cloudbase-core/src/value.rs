//! Values that know nothing of errors and calls: text, enums, points in time.

pub(crate) mod date_time_parts;
pub(crate) mod json;
mod open_enum;
pub(crate) mod percent_encoding;
pub mod telemetry;
pub(crate) mod timestamp;
