//! Changing records.

use cloudbase_core::http::Method;
use cloudbase_core::{CallOptions, Client, Operation, Result};
use serde::Serialize;
use serde_json::value::RawValue;

use super::outcome::{BatchResult, CountData};
use super::request::{Target, ends, once};
use super::selection::{Selection, selects};

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
    selection: Selection,
    options: CallOptions,
}

selects!(one: Update);

impl Update {
    pub(crate) fn new(target: Target, changes: Result<Box<RawValue>>) -> Self {
        Self {
            target,
            changes,
            selection: Selection::new(),
            options: CallOptions::default(),
        }
    }

    fn client(&self) -> &Client {
        &self.target.client
    }

    fn build(self) -> Result<Operation> {
        const NAME: &str = "models.update";
        let body = change_body(self.selection, self.changes)
            .map_err(|error| error.with_operation(NAME))?;
        let template = "/v1/model/{env_type}/{model}/update";
        let operation = self
            .target
            .operation(NAME, template, Method::PUT, "update", &body)?;
        Ok(once(operation).options(self.options))
    }
}

ends!(Update => u64, |data: CountData| Ok(data.count.unwrap_or(0)));

fn change_body(selection: Selection, changes: Result<Box<RawValue>>) -> Result<ChangeBody> {
    Ok(ChangeBody {
        filter: selection.encode()?,
        data: changes?,
    })
}

/// Changes all records that match; awaited, it gives a [`BatchResult`].
#[derive(Debug)]
#[must_use = "does nothing until it is sent or awaited"]
pub struct UpdateMany {
    target: Target,
    changes: Result<Box<RawValue>>,
    selection: Selection,
    options: CallOptions,
}

selects!(all: UpdateMany);

impl UpdateMany {
    pub(crate) fn new(target: Target, changes: Result<Box<RawValue>>) -> Self {
        Self {
            target,
            changes,
            selection: Selection::new(),
            options: CallOptions::default(),
        }
    }

    fn client(&self) -> &Client {
        &self.target.client
    }

    fn build(self) -> Result<Operation> {
        const NAME: &str = "models.update_many";
        let body = change_body(self.selection, self.changes)
            .map_err(|error| error.with_operation(NAME))?;
        let template = "/v1/model/{env_type}/{model}/updateMany";
        let operation = self
            .target
            .operation(NAME, template, Method::PUT, "updateMany", &body)?;
        Ok(once(operation).options(self.options))
    }
}

ends!(UpdateMany => BatchResult, |data: BatchResult| Ok(data));
