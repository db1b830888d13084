//! Stored SQL templates.

use std::marker::PhantomData;

use cloudbase_core::http::{Method, StatusCode};
use cloudbase_core::{
    CallOptions, Client, Error, Idempotency, Operation, PathBuilder, Response, Result,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::EnvType;
use super::detail::detail;
use super::request::coded;
use super::sql_value::{Parameter, Parameters, SqlValue};
use crate::lenient::Lenient;

/// Runs a stored SQL template; awaited, it gives what the template gives. See
/// [`Models::sql_template`](super::Models::sql_template).
///
/// `T` is read from the `Data` of the response, or from the `executeResultList` in it: a list of rows
/// is read from both. Which of the two the service sends is not confirmed; the emulator sends the
/// object, as for [`mysql_command`](super::Models::mysql_command).
///
/// Not retried once it was sent, since it may write; for a query say
/// [`idempotent(true)`](Self::idempotent).
///
/// ```no_run
/// # use cloudbase_data::{Models, Row};
/// # async fn run(models: Models) -> cloudbase_core::Result<()> {
/// let top: Vec<Row> = models.sql_template("top_posts").parameter("n", 3).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "does nothing until it is sent or awaited"]
pub struct SqlTemplate<T> {
    client: Client,
    env_type: EnvType,
    name: String,
    parameters: Parameters,
    options: CallOptions,
    data: PhantomData<fn() -> T>,
}

impl<T> SqlTemplate<T> {
    pub(crate) fn new(client: Client, env_type: EnvType, name: String) -> Self {
        Self {
            client,
            env_type,
            name,
            parameters: Parameters::default(),
            options: CallOptions::default(),
            data: PhantomData,
        }
    }

    /// Gives the template's parameter `key` its value.
    pub fn parameter(mut self, key: impl Into<String>, value: impl Into<SqlValue>) -> Self {
        self.parameters.add(key.into(), value.into());
        self
    }

    fn build(self) -> Result<Operation> {
        #[derive(Serialize)]
        struct Body {
            parameter: Vec<Parameter>,
        }
        const NAME: &str = "models.sql_template";
        let build = || {
            let uri = PathBuilder::new("/v1/sql")
                .segment("env_type", self.env_type.as_str())?
                .segment("template", &self.name)?
                .segment("action", "run")?
                .build()?;
            let parameter = self.parameters.finish()?;
            let template = "/v1/sql/{env_type}/{template}/run";
            let operation = Operation::new(NAME, template, Method::POST, uri);
            Ok(coded(operation.json(&Body { parameter })?)
                .idempotency(Idempotency::Unsafe)
                .options(self.options))
        };
        build().map_err(|error: Error| error.with_operation(NAME))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Envelope {
    response: Inner,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Inner {
    #[serde(deserialize_with = "detail")]
    request_id: Option<String>,
    error: Option<Failure>,
    data: Option<Box<RawValue>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Failure {
    #[serde(deserialize_with = "detail")]
    code: Option<String>,
    #[serde(deserialize_with = "detail")]
    message: Option<String>,
}

impl<T: DeserializeOwned> SqlTemplate<T> {
    async fn respond(self) -> Result<Response<T>> {
        let client = self.client.clone();
        let response = client.fetch_json::<Envelope>(self.build()?).await?;
        let id = response.value().response.request_id.clone();
        response.with_request_id(id).try_map(|envelope| {
            let inner = envelope.response;
            if let Some(failure) = inner.error {
                let code = failure.code.map(Into::into);
                let message = failure.message.unwrap_or_default();
                return Err(Error::api(StatusCode::OK, code, message));
            }
            data_of(inner.data.as_deref().map_or("null", RawValue::get))
        })
    }
}

/// The data itself, or its `executeResultList` where that is what fits: both forms are in use, and
/// the documents name neither.
fn data_of<T: DeserializeOwned>(data: &str) -> Result<T> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Listed<'a> {
        #[serde(borrow)]
        execute_result_list: &'a RawValue,
    }
    let read = |json: &str| cloudbase_core::from_json(json.as_bytes()).map(|Lenient(data)| data);
    match serde_json::from_str::<Listed<'_>>(data) {
        Ok(listed) => read(data).or_else(|_| read(listed.execute_result_list.get())),
        Err(_) => read(data),
    }
}

cloudbase_core::request_builder! {
    /// [`ErrorKind::Argument`](cloudbase_core::ErrorKind::Argument) before anything is sent; whatever
    /// the service or the way to it reports; [`ErrorKind::Decode`](cloudbase_core::ErrorKind::Decode)
    /// if the data does not fit `T`.
    impl[T: DeserializeOwned + Send + 'static] SqlTemplate<T> => T; call, product, write, operation
}
