//! Removing records.

use cloudbase_core::http::Method;
use cloudbase_core::{CallOptions, Client, Idempotency, Operation, Result};

use super::filter::Filter;
use super::outcome::{BatchResult, CountData};
use super::request::{BodyMap, Target, coded, ends, filter_method, once};

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
    filter: Filter,
    everything: bool,
    options: CallOptions,
}

filter_method!(Delete);

impl Delete {
    pub(crate) fn new(target: Target) -> Self {
        Self {
            target,
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
        const NAME: &str = "models.delete";
        let mut body = BodyMap::default();
        let filter = self.filter.encode_write(self.everything);
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
    filter: Filter,
    everything: bool,
    options: CallOptions,
}

filter_method!(DeleteMany);

impl DeleteMany {
    pub(crate) fn new(target: Target) -> Self {
        Self {
            target,
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
        const NAME: &str = "models.delete_many";
        let filter = self.filter.encode_write(self.everything);
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
