//! Adding records.

use cloudbase_core::http::Method;
use cloudbase_core::{CallOptions, Client, Error, Operation, Response, Result};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::request::{Target, ends, once};

/// Adds one record; awaited, it gives the id of the new record.
///
/// A to-one relation is set by `{"_id": "…"}`, a to-many relation by a list of these.
#[derive(Debug)]
#[must_use = "does nothing until it is sent or awaited"]
pub struct Create {
    target: Target,
    record: Result<Box<RawValue>>,
    options: CallOptions,
}

/// Adds many records; awaited, it gives the ids of the new records. An empty list adds nothing and
/// sends nothing.
#[derive(Debug)]
#[must_use = "does nothing until it is sent or awaited"]
pub struct CreateMany {
    target: Target,
    records: Result<Box<RawValue>>,
    options: CallOptions,
}

#[derive(Serialize)]
struct DataBody {
    data: Box<RawValue>,
}

#[derive(Deserialize)]
pub(super) struct IdData {
    id: Id,
}

/// An id: a text, or the text of a number.
#[derive(Deserialize)]
pub(super) struct Id(#[serde(deserialize_with = "crate::lossless::scalar_text")] pub(super) String);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct IdListData {
    #[serde(default)]
    id_list: Option<Vec<Id>>,
}

impl Create {
    pub(crate) fn new(target: Target, record: Result<Box<RawValue>>) -> Self {
        Self {
            target,
            record,
            options: CallOptions::default(),
        }
    }

    fn client(&self) -> &Client {
        &self.target.client
    }

    fn build(self) -> Result<Operation> {
        const NAME: &str = "models.create";
        let data = self.record.map_err(|error| error.with_operation(NAME))?;
        let template = "/v1/model/{env_type}/{model}/create";
        let body = DataBody { data };
        let operation = self
            .target
            .operation(NAME, template, Method::POST, "create", &body)?;
        Ok(once(operation).options(self.options))
    }
}

ends!(Create => String, |data: IdData| Ok(data.id.0));

impl CreateMany {
    const NAME: &'static str = "models.create_many";

    pub(crate) fn new(target: Target, records: Result<Box<RawValue>>) -> Self {
        Self {
            target,
            records,
            options: CallOptions::default(),
        }
    }

    fn client(&self) -> &Client {
        &self.target.client
    }

    fn build(self) -> Result<Operation> {
        let data = self.records.and_then(|records| match records.get() {
            "[]" => Err(Error::argument("records", "must have at least one record")),
            _ => Ok(records),
        });
        let data = data.map_err(|error| error.with_operation(Self::NAME))?;
        let template = "/v1/model/{env_type}/{model}/createMany";
        let body = DataBody { data };
        let operation =
            self.target
                .operation(Self::NAME, template, Method::POST, "createMany", &body)?;
        Ok(once(operation).options(self.options))
    }
}

ends!(CreateMany => Vec<String>, |data: IdListData| {
    let ids = data.id_list.unwrap_or_default();
    Ok(ids.into_iter().map(|id| id.0).collect())
}, |call: &CreateMany| match &call.records {
    Ok(records) if records.get() == "[]" => Some(Response::without_call(CreateMany::NAME, Vec::new())),
    _ => None,
});
