//! Timestamps of the database's own.

use serde::Serialize;
use serde::ser::Serializer;

use super::Value;
use super::keys::{Plain, by_value, write_entry};

/// A timestamp of the database's own replication. Dates are [`DateTime`](super::DateTime).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub struct BsonTimestamp {
    /// Seconds since 1970.
    pub seconds: u32,
    /// Counts within the second.
    pub increment: u32,
}

impl BsonTimestamp {
    /// The timestamp of these parts.
    pub const fn new(seconds: u32, increment: u32) -> Self {
        Self { seconds, increment }
    }
}

impl Serialize for BsonTimestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Content {
            t: u32,
            i: u32,
        }

        let content = Content {
            t: self.seconds,
            i: self.increment,
        };
        write_entry(serializer, "$timestamp", &Plain(content))
    }
}

by_value!(BsonTimestamp, "a timestamp", Value::Timestamp(value) => Some(value));
