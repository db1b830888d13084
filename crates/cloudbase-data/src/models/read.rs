//! Reading one record.

use std::marker::PhantomData;

use cloudbase_core::http::Method;
use cloudbase_core::{CallOptions, Idempotency, Operation, Response, Result};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::fields::Fields;
use super::filter::Filter;
use super::request::{BodyMap, Target, coded, fetch, filter_method, record_of};
use crate::Row;

/// Reads one record, by id or by filter; awaited, it gives an `Option<T>`.
///
/// ```no_run
/// # #[derive(serde::Deserialize)] struct Todo { title: String }
/// # async fn run(models: cloudbase_data::Models) -> cloudbase_core::Result<()> {
/// let todo = models.model("todo").get_by_id("A1B2C3").record::<Todo>().await?;
/// # Ok(())
/// # }
/// ```
#[doc(alias = "ModelFindResponse")]
#[derive(Debug)]
#[must_use = "does nothing until it is sent or awaited"]
pub struct Get<T = Row> {
    target: Target,
    id: Option<String>,
    filter: Filter,
    fields: Option<Fields>,
    options: CallOptions,
    record: PhantomData<fn() -> T>,
}

filter_method!(Get<T>: filter);
impl Get<Row> {
    pub(crate) fn by_id(target: Target, id: String) -> Self {
        Self {
            id: Some(id),
            ..Self::by_filter(target)
        }
    }

    pub(crate) fn by_filter(target: Target) -> Self {
        Self {
            target,
            id: None,
            filter: Filter::everything(),
            fields: None,
            options: CallOptions::default(),
            record: PhantomData,
        }
    }

    /// Says what a record is read into. Default: [`Row`].
    pub fn record<T: DeserializeOwned>(self) -> Get<T> {
        Get {
            target: self.target,
            id: self.id,
            filter: self.filter,
            fields: self.fields,
            options: self.options,
            record: PhantomData,
        }
    }
}

impl<T> Get<T> {
    /// What to show of the record. Default: every field, no relations.
    ///
    /// With this or a [`filter`](Self::filter), a record is looked up by filter even if an id is
    /// given: only that call takes them.
    pub fn select(mut self, fields: impl Into<Fields>) -> Self {
        self.fields = Some(fields.into());
        self
    }

    fn build(self) -> Result<Operation> {
        const NAME: &str = "models.get";
        let Self {
            target,
            id,
            mut filter,
            fields,
            options,
            ..
        } = self;
        if let Some(id) = id {
            if filter.is_everything() && fields.is_none() {
                let uri = target
                    .path()
                    .and_then(|path| path.segment("id", &id)?.segment("action", "get")?.build())
                    .map_err(|error| error.with_operation(NAME))?;
                let template = "/v1/model/{env_type}/{model}/{id}/get";
                let operation = Operation::new(NAME, template, Method::GET, uri);
                return Ok(coded(operation).options(options));
            }
            filter = super::field("_id").eq(id).and(filter);
        }
        let select = fields.unwrap_or_default().into_json();
        let arguments = filter.encode().and_then(|filter| Ok((filter, select?)));
        let (filter, select) = arguments.map_err(|error| error.with_operation(NAME))?;
        let mut body = BodyMap::default();
        body.put_json("filter", filter);
        body.put("select", select);
        let template = "/v1/model/{env_type}/{model}/get";
        let operation = target.operation(NAME, template, Method::POST, "get", &body)?;
        Ok(operation.idempotency(Idempotency::Safe).options(options))
    }
}

impl<T: DeserializeOwned> Get<T> {
    async fn respond(self) -> Result<Response<Option<T>>> {
        #[derive(Deserialize)]
        struct Data {
            #[serde(default)]
            record: Option<Box<RawValue>>,
        }
        let client = self.target.client.clone();
        let response = fetch::<Option<Data>>(&client, self.build()?).await?;
        response.try_map(|data| record_of(data.and_then(|data| data.record)))
    }
}

cloudbase_core::request_builder! {
    /// [`ErrorKind::Argument`](cloudbase_core::ErrorKind::Argument) before anything is sent; whatever
    /// the service or the way to it reports; [`ErrorKind::Decode`](cloudbase_core::ErrorKind::Decode)
    /// if the record does not fit `T`.
    impl[T: DeserializeOwned + Send + 'static] Get<T> => Option<T>; call, product, operation
}
