//! Adding and changing records.

use cloudbase_core::http::Method;
use cloudbase_core::{CallOptions, Client, Error, Idempotency, Operation, Response, Result};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::detail::detail;
use super::filter::Filter;
use super::request::{Target, ends, filter_method, object_of, once};

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

#[derive(Serialize)]
struct ChangeBody {
    filter: Box<RawValue>,
    data: Box<RawValue>,
}

#[derive(Deserialize)]
pub(crate) struct IdData {
    id: Id,
}

/// An id: a text, or the text of a number.
#[derive(Deserialize)]
struct Id(#[serde(deserialize_with = "crate::lossless::scalar_text")] String);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IdListData {
    #[serde(default)]
    id_list: Option<Vec<Id>>,
}

#[derive(Deserialize)]
pub(crate) struct CountData {
    #[serde(default, with = "crate::lossless::integer::option")]
    pub(crate) count: Option<u64>,
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

    /// The call, without sending it.
    ///
    /// # Errors
    ///
    /// If an argument was refused.
    pub fn operation(self) -> Result<Operation> {
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

    /// The call, without sending it.
    ///
    /// # Errors
    ///
    /// If an argument is invalid, or the list is empty: such a call sends nothing.
    pub fn operation(self) -> Result<Operation> {
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

    /// The call, without sending it.
    ///
    /// # Errors
    ///
    /// If an argument is invalid, or there is neither filter nor [`any_record`](Self::any_record).
    pub fn operation(self) -> Result<Operation> {
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

/// What a call on many records did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[non_exhaustive]
pub struct BatchResult {
    /// How many records were changed or removed.
    #[serde(deserialize_with = "null_as_default")]
    pub count: u64,
    /// The ids of the records that were changed or removed.
    #[doc(alias = "legalIdList")]
    #[serde(rename = "legalIdList", deserialize_with = "detail")]
    pub legal_ids: Vec<String>,
    /// The ids of the records that were refused.
    #[doc(alias = "illegalIdList")]
    #[serde(rename = "illegalIdList", deserialize_with = "detail")]
    pub illegal_ids: Vec<String>,
}

pub(crate) fn null_as_default<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Deserialize<'de> + Default,
    D: serde::Deserializer<'de>,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
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

    /// Yes, every record of the model; without this or a filter the call is refused.
    pub fn all_records(mut self) -> Self {
        self.everything = true;
        self
    }

    /// The call, without sending it.
    ///
    /// # Errors
    ///
    /// If an argument was refused, or there is neither filter nor [`all_records`](Self::all_records).
    pub fn operation(self) -> Result<Operation> {
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

/// Changes the record that matches, or creates it; awaited, it gives an [`Upserted`].
///
/// ```no_run
/// use cloudbase_data::models::field;
/// use serde_json::json;
///
/// # async fn run(models: cloudbase_data::Models) -> cloudbase_core::Result<()> {
/// let done = models
///     .model("todo")
///     .upsert()
///     .filter(field("_id").eq("k1"))
///     .create(&json!({ "_id": "k1", "title": "milk" }))
///     .update(&json!({ "title": "milk" }))
///     .await?;
/// assert!(done.id.is_some() || done.count > 0);
/// # Ok(())
/// # }
/// ```
///
/// Twice is the same as once if the record that it creates matches the filter, as it should; the
/// call is retried after transient failures. Say [`idempotent(false)`](Self::idempotent) otherwise.
#[derive(Debug)]
#[must_use = "does nothing until it is sent or awaited"]
pub struct Upsert {
    target: Target,
    filter: Filter,
    everything: bool,
    create: Option<Result<Box<RawValue>>>,
    update: Option<Result<Box<RawValue>>>,
    options: CallOptions,
}

/// What an upsert did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Upserted {
    /// How many records were changed; 0 if one was created.
    pub count: u64,
    /// The id of the record, if it was created.
    pub id: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct UpsertData {
    #[serde(default, with = "crate::lossless::integer::option")]
    count: Option<u64>,
    #[serde(default)]
    id: Option<Id>,
}

filter_method!(Upsert);

impl Upsert {
    pub(crate) fn new(target: Target) -> Self {
        Self {
            target,
            filter: Filter::everything(),
            everything: false,
            create: None,
            update: None,
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

    /// The record to create if none matches.
    pub fn create<T: Serialize + ?Sized>(mut self, record: &T) -> Self {
        self.create = Some(object_of("create", record));
        self
    }

    /// The fields to change if a record matches.
    pub fn update<T: Serialize + ?Sized>(mut self, changes: &T) -> Self {
        self.update = Some(object_of("update", changes));
        self
    }

    /// The call, without sending it.
    ///
    /// # Errors
    ///
    /// If an argument is invalid, there is neither filter nor [`any_record`](Self::any_record), or nothing
    /// to create or change.
    pub fn operation(self) -> Result<Operation> {
        #[derive(Serialize)]
        struct Body {
            filter: Box<RawValue>,
            #[serde(skip_serializing_if = "Option::is_none")]
            create: Option<Box<RawValue>>,
            #[serde(skip_serializing_if = "Option::is_none")]
            update: Option<Box<RawValue>>,
        }
        const NAME: &str = "models.upsert";
        let (filter, create, update) = (self.filter, self.create, self.update);
        let everything = self.everything;
        let build = || {
            if create.is_none() && update.is_none() {
                return Err(Error::argument(
                    "upsert",
                    "needs a record to create or fields to update",
                ));
            }
            Ok(Body {
                filter: filter.encode_write(everything)?,
                create: create.transpose()?,
                update: update.transpose()?,
            })
        };
        let body = build().map_err(|error: Error| error.with_operation(NAME))?;
        let template = "/v1/model/{env_type}/{model}/upsert";
        let operation = self
            .target
            .operation(NAME, template, Method::POST, "upsert", &body)?;
        Ok(operation
            .idempotency(Idempotency::Idempotent)
            .options(self.options))
    }
}

ends!(Upsert => Upserted, |data: UpsertData| Ok(Upserted {
    count: data.count.unwrap_or(0),
    id: data.id.map(|id| id.0).filter(|id| !id.is_empty()),
}));
