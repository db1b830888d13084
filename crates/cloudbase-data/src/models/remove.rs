//! Removing records.

use cloudbase_core::http::Method;
use cloudbase_core::{CallOptions, Client, Idempotency, Operation, Result};

use super::outcome::{BatchResult, CountData};
use super::request::{BodyMap, Target, coded, ends, once};
use super::selection::{Selection, selects};

/// Removes a record by id; awaited, it gives how many were removed: 1 or 0.
#[derive(Debug)]
#[must_use = "does nothing until it is sent or awaited"]
pub struct DeleteById {
    target: Target,
    id: String,
    options: CallOptions,
}

impl DeleteById {
    pub(crate) fn new(target: Target, id: String) -> Self {
        Self {
            target,
            id,
            options: CallOptions::default(),
        }
    }

    fn client(&self) -> &Client {
        &self.target.client
    }

    fn build(self) -> Result<Operation> {
        const NAME: &str = "models.delete_by_id";
        let uri = self
            .target
            .path()
            .and_then(|path| {
                path.segment("id", &self.id)?
                    .segment("action", "delete")?
                    .build()
            })
            .map_err(|error| error.with_operation(NAME))?;
        let template = "/v1/model/{env_type}/{model}/{id}/delete";
        let operation = Operation::new(NAME, template, Method::DELETE, uri);
        Ok(coded(operation).options(self.options))
    }
}

ends!(DeleteById => u64, |data: CountData| Ok(data.count.unwrap_or(0)));

/// Removes one record that matches; awaited, it gives how many were removed: 1 or 0.
///
/// Not retried once it was sent: a second attempt could remove another one.
#[derive(Debug)]
#[must_use = "does nothing until it is sent or awaited"]
pub struct Delete {
    target: Target,
    selection: Selection,
    options: CallOptions,
}

selects!(one: Delete);

impl Delete {
    pub(crate) fn new(target: Target) -> Self {
        Self {
            target,
            selection: Selection::new(),
            options: CallOptions::default(),
        }
    }

    fn client(&self) -> &Client {
        &self.target.client
    }

    fn build(self) -> Result<Operation> {
        const NAME: &str = "models.delete";
        let filter = self.selection.encode();
        let mut body = BodyMap::default();
        body.put_json(
            "filter",
            filter.map_err(|error| error.with_operation(NAME))?,
        );
        let template = "/v1/model/{env_type}/{model}/delete";
        let operation = self
            .target
            .operation(NAME, template, Method::POST, "delete", &body)?;
        Ok(once(operation).options(self.options))
    }
}

ends!(Delete => u64, |data: CountData| Ok(data.count.unwrap_or(0)));

/// Removes all records that match; awaited, it gives a [`BatchResult`].
#[derive(Debug)]
#[must_use = "does nothing until it is sent or awaited"]
pub struct DeleteMany {
    target: Target,
    selection: Selection,
    options: CallOptions,
}

selects!(all: DeleteMany);

impl DeleteMany {
    pub(crate) fn new(target: Target) -> Self {
        Self {
            target,
            selection: Selection::new(),
            options: CallOptions::default(),
        }
    }

    fn client(&self) -> &Client {
        &self.target.client
    }

    fn build(self) -> Result<Operation> {
        const NAME: &str = "models.delete_many";
        let filter = self.selection.encode();
        let mut body = BodyMap::default();
        body.put_json(
            "filter",
            filter.map_err(|error| error.with_operation(NAME))?,
        );
        let template = "/v1/model/{env_type}/{model}/deleteMany";
        let operation = self
            .target
            .operation(NAME, template, Method::POST, "deleteMany", &body)?;
        Ok(operation
            .idempotency(Idempotency::Idempotent)
            .options(self.options))
    }
}

ends!(DeleteMany => BatchResult, |data: BatchResult| Ok(data));
