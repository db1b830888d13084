//! Changing records.

use cloudbase_core::http::Method;
use cloudbase_core::{CallOptions, Client, Operation, Result};
use serde::Serialize;
use serde_json::value::RawValue;

use super::filter::Filter;
use super::outcome::{BatchResult, CountData};
use super::request::{Target, ends, filter_method, once};

#[derive(Serialize)]
struct ChangeBody {
    filter: Box<RawValue>,
    data: Box<RawValue>,
}

/// Changes one record; awaited, it gives how many were changed: 1, or 0 if none matched.
#[derive(Debug)]
#[must_use = "does nothing until it is sent or awaited"]
pub struct Update {
    target: Target,
    changes: Result<Box<RawValue>>,
    filter: Filter,
    everything: bool,
    options: CallOptions,
}

filter_method!(Update);

impl Update {
    pub(crate) fn new(target: Target, changes: Result<Box<RawValue>>) -> Self {
        Self {
            target,
            changes,
            filter: Filter::everything(),
            everything: false,
            options: CallOptions::default(),
        }
    }

    fn client(&self) -> &Client {
        &self.target.client
    }

    /// Yes, any record of the model, as for a model that has only one; without this or a filter the call
    /// is rejected.
    pub fn any_record(mut self) -> Self {
        self.everything = true;
        self
    }

    fn build(self) -> Result<Operation> {
        const NAME: &str = "models.update";
        let body = change_body(self.filter.encode_write(self.everything), self.changes)
            .map_err(|error| error.with_operation(NAME))?;
        let template = "/v1/model/{env_type}/{model}/update";
        let operation = self
            .target
            .operation(NAME, template, Method::PUT, "update", &body)?;
        Ok(once(operation).options(self.options))
    }
}

ends!(Update => u64, |data: CountData| Ok(data.count.unwrap_or(0)));

fn change_body(
    filter: Result<Box<RawValue>>,
    changes: Result<Box<RawValue>>,
) -> Result<ChangeBody> {
    Ok(ChangeBody {
        filter: filter?,
        data: changes?,
    })
}

/// Changes all records that match; awaited, it gives a [`BatchResult`].
#[derive(Debug)]
#[must_use = "does nothing until it is sent or awaited"]
pub struct UpdateMany {
    target: Target,
    changes: Result<Box<RawValue>>,
    filter: Filter,
    everything: bool,
    options: CallOptions,
}

filter_method!(UpdateMany);

impl UpdateMany {
    pub(crate) fn new(target: Target, changes: Result<Box<RawValue>>) -> Self {
        Self {
            target,
            changes,
            filter: Filter::everything(),
            everything: false,
            options: CallOptions::default(),
        }
    }

    fn client(&self) -> &Client {
        &self.target.client
    }

    /// Yes, every record of the model; without this or a filter the call is rejected.
    pub fn all_records(mut self) -> Self {
        self.everything = true;
        self
    }

    fn build(self) -> Result<Operation> {
        const NAME: &str = "models.update_many";
        let filter = self.filter.encode_write(self.everything);
        let body = change_body(filter, self.changes).map_err(|error| error.with_operation(NAME))?;
        let template = "/v1/model/{env_type}/{model}/updateMany";
        let operation = self
            .target
            .operation(NAME, template, Method::PUT, "updateMany", &body)?;
        Ok(once(operation).options(self.options))
    }
}

ends!(UpdateMany => BatchResult, |data: BatchResult| Ok(data));
