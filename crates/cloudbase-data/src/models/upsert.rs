//! Changing a record, or creating it.

use cloudbase_core::http::Method;
use cloudbase_core::{CallOptions, Client, Error, Idempotency, Operation, Result};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::create::Id;
use super::request::{Target, ends, object_of};
use super::selection::{Selection, selects};

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
    selection: Selection,
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
pub(super) struct UpsertData {
    #[serde(default, with = "crate::lossless::integer::option")]
    count: Option<u64>,
    #[serde(default)]
    id: Option<Id>,
}

selects!(one: Upsert);

impl Upsert {
    pub(crate) fn new(target: Target) -> Self {
        Self {
            target,
            selection: Selection::new(),
            create: None,
            update: None,
            options: CallOptions::default(),
        }
    }

    fn client(&self) -> &Client {
        &self.target.client
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

    fn build(self) -> Result<Operation> {
        #[derive(Serialize)]
        struct Body {
            filter: Box<RawValue>,
            #[serde(skip_serializing_if = "Option::is_none")]
            create: Option<Box<RawValue>>,
            #[serde(skip_serializing_if = "Option::is_none")]
            update: Option<Box<RawValue>>,
        }
        const NAME: &str = "models.upsert";
        let (selection, create, update) = (self.selection, self.create, self.update);
        let build = || {
            if create.is_none() && update.is_none() {
                return Err(Error::argument(
                    "upsert",
                    "needs a record to create or fields to update",
                ));
            }
            Ok(Body {
                filter: selection.encode()?,
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
