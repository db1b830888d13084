//! Which records a write is for.

use cloudbase_core::Result;
use serde_json::value::RawValue;

use super::filter::Filter;

/// Those that match a filter, or all if the caller says so.
#[derive(Debug)]
pub(super) struct Selection {
    pub(super) filter: Filter,
    pub(super) everything: bool,
}

impl Selection {
    /// No record yet: a write without a condition is rejected.
    pub(super) fn new() -> Self {
        Self {
            filter: Filter::everything(),
            everything: false,
        }
    }

    /// The JSON of the filter.
    pub(super) fn encode(self) -> Result<Box<RawValue>> {
        self.filter.encode_write(self.everything)
    }
}

/// Gives a builder with a field `selection: Selection` its filter, and the method that says that there is
/// to be none. It writes to `one` record or to `all` that match.
macro_rules! selects {
    (one: $type:ident) => {
        $crate::models::request::filter_method!($type: selection.filter);

        impl $type {
            /// Yes, any record of the model, as for a model that has only one; without this or a filter
            /// the call is rejected.
            pub fn any_record(mut self) -> Self {
                self.selection.everything = true;
                self
            }
        }
    };
    (all: $type:ident) => {
        $crate::models::request::filter_method!($type: selection.filter);

        impl $type {
            /// Yes, every record of the model; without this or a filter the call is rejected.
            pub fn all_records(mut self) -> Self {
                self.selection.everything = true;
                self
            }
        }
    };
}

pub(super) use selects;
