//! One page of records: which one, and what comes back.

use cloudbase_core::{Error, Result};
use serde::Deserialize;

use super::detail::detail;
use crate::Row;

/// The largest page that the service gives.
const MAX_PAGE: u32 = 200;

/// A page of records.
#[doc(alias = "ModelFindManyResponse")]
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RecordPage<T = Row> {
    /// The records.
    pub records: Vec<T>,
    /// How many records match in all; only if it was asked for by `with_total`.
    pub total: Option<u64>,
}

impl<T> IntoIterator for RecordPage<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.records.into_iter()
    }
}

/// Which page, of what size.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paging {
    pub(super) number: u32,
    pub(super) size: u32,
}

impl Paging {
    pub(super) fn check(self) -> Result<()> {
        if self.number == 0 {
            return Err(Error::argument("page number", "must be at least 1"));
        }
        if !(1..=MAX_PAGE).contains(&self.size) {
            return Err(Error::argument(
                "page size",
                format_args!("must be 1 to {MAX_PAGE}"),
            ));
        }
        Ok(())
    }
}

/// The `data` of a list, where null stands for nothing.
#[derive(Deserialize)]
pub(super) struct Data<T> {
    #[serde(default = "Option::default")]
    records: Option<Vec<T>>,
    #[serde(default, deserialize_with = "detail")]
    total: Option<u64>,
}

pub(super) fn page_of<T>(data: Option<Data<T>>) -> RecordPage<T> {
    let (records, total) = data.map_or((None, None), |data| (data.records, data.total));
    RecordPage {
        records: records.unwrap_or_default(),
        total,
    }
}
