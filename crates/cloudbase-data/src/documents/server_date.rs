//! The time of the service.

use std::time::Duration;

use serde::ser::{Serialize, SerializeMap as _, Serializer};

/// The time at which the service stores the document or runs the command; made by [`server_date`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use = "a value does nothing by itself"]
pub struct ServerDate {
    /// In milliseconds.
    offset: i64,
}

/// The time of the service, as the value of a field.
///
/// ```
/// use std::time::Duration;
/// use cloudbase_data::documents::{server_date, set};
///
/// let update = set("edited", server_date());
/// let in_an_hour = set("due", server_date().later(Duration::from_secs(3600)));
/// ```
#[doc(alias = "serverDate")]
pub fn server_date() -> ServerDate {
    ServerDate::default()
}

impl ServerDate {
    /// So much later, in whole milliseconds.
    #[doc(alias = "offset")]
    pub fn later(mut self, span: Duration) -> Self {
        self.offset = self.offset.saturating_add(milliseconds(span));
        self
    }

    /// So much earlier, in whole milliseconds.
    pub fn earlier(mut self, span: Duration) -> Self {
        self.offset = self.offset.saturating_sub(milliseconds(span));
        self
    }
}

fn milliseconds(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

/// The form of the JavaScript SDK. The server-side package writes `{"$tcb_server_date": …}`, and neither is in
/// the documents of the HTTP API: this is the one place to change.
impl Serialize for ServerDate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Offset(i64);

        impl Serialize for Offset {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("offset", &super::value::integer(self.0))?;
                map.end()
            }
        }

        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry("$date", &Offset(self.offset))?;
        map.end()
    }
}
