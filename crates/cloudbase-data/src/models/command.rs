//! SQL by way of the data-model service, with typed parameters.

use std::marker::PhantomData;
use std::time::Duration;

use cloudbase_core::http::{Method, Uri};
use cloudbase_core::{CallOptions, Client, Error, Idempotency, Operation, Response, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::detail::detail;
use super::request::{coded, fetch};
use super::sql_value::{Parameter, Parameters, SqlValue};
use crate::Row;
use crate::lenient::Lenient;

/// The longest that the service lets a statement run.
const MAX_SECONDS: u64 = 30;
/// How long the response may take on top of the statement.
const MARGIN: Duration = Duration::from_secs(5);

/// What a statement gave.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SqlResult<T = Row> {
    /// The rows of a query.
    #[doc(alias = "executeResultList")]
    pub rows: Vec<T>,
    /// What the service gave in place of rows. What it gives for statements that write is not
    /// documented; if it is a list of objects, it is in `rows`.
    pub other: Option<Value>,
    /// How many there are.
    pub total: Option<u64>,
    /// How long the service was busy with it, in its own words; see
    /// [`backend_time`](Self::backend_time).
    #[doc(alias = "backendExecute")]
    pub backend_execute: Option<String>,
}

impl<T> SqlResult<T> {
    /// How long the service was busy with the statement; `None` if it did not give it in
    /// milliseconds.
    pub fn backend_time(&self) -> Option<Duration> {
        let text = self.backend_execute.as_deref()?.trim();
        let millis = text.strip_suffix("ms").unwrap_or(text).trim_end();
        let seconds = millis.parse::<f64>().ok()? / 1000.0;
        Duration::try_from_secs_f64(seconds).ok()
    }
}

/// Runs a statement; awaited, it gives a [`SqlResult`]. See
/// [`Models::mysql_command`](super::Models::mysql_command).
///
/// Not retried once it was sent, since it may write; for a query say
/// [`idempotent(true)`](Self::idempotent).
#[derive(Debug)]
#[must_use = "does nothing until it is sent or awaited"]
pub struct MysqlCommand<T = Row> {
    client: Client,
    sql: String,
    parameters: Parameters,
    sql_timeout: Option<Duration>,
    prepared: Option<bool>,
    db_link: Option<String>,
    options: CallOptions,
    rows: PhantomData<fn() -> T>,
}

impl MysqlCommand<Row> {
    pub(crate) fn new(client: Client, sql: String) -> Self {
        Self {
            client,
            sql,
            parameters: Parameters::default(),
            sql_timeout: None,
            prepared: None,
            db_link: None,
            options: CallOptions::default(),
            rows: PhantomData,
        }
    }

    /// Says what a row is read into. Default: [`Row`].
    pub fn rows<T: DeserializeOwned>(self) -> MysqlCommand<T> {
        MysqlCommand {
            client: self.client,
            sql: self.sql,
            parameters: self.parameters,
            sql_timeout: self.sql_timeout,
            prepared: self.prepared,
            db_link: self.db_link,
            options: self.options,
            rows: PhantomData,
        }
    }
}

impl<T> MysqlCommand<T> {
    /// Gives the parameter `{{ key }}` its value.
    pub fn parameter(mut self, key: impl Into<String>, value: impl Into<SqlValue>) -> Self {
        self.parameters.add(key.into(), value.into());
        self
    }

    /// How long the statement may run: whole seconds, 30 at most. Default: the service's, 5 s.
    pub fn sql_timeout(mut self, limit: Duration) -> Self {
        self.sql_timeout = Some(limit);
        self
    }

    /// Whether the parameters are bound (as by `$runSQL`) or put into the text (as by `$runSQLRaw`).
    /// Default: bound.
    #[doc(alias = "preparedStatements")]
    pub fn prepared(mut self, prepared: bool) -> Self {
        self.prepared = Some(prepared);
        self
    }

    /// The connector of an external database. Default: the built-in MySQL.
    #[doc(alias = "dbLinkName")]
    pub fn db_link(mut self, name: impl Into<String>) -> Self {
        self.db_link = Some(name.into());
        self
    }

    fn build(self) -> Result<Operation> {
        const NAME: &str = "models.mysql_command";
        self.request(NAME)
            .map_err(|error| error.with_operation(NAME))
    }

    fn request(mut self, name: &'static str) -> Result<Operation> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Body {
            sql_template: String,
            #[serde(skip_serializing_if = "Vec::is_empty")]
            parameter: Vec<Parameter>,
            config: Config,
        }
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Config {
            #[serde(skip_serializing_if = "Option::is_none")]
            timeout: Option<u64>,
            prepared_statements: bool,
            #[serde(skip_serializing_if = "Option::is_none")]
            db_link_name: Option<String>,
        }
        if self.sql.trim().is_empty() {
            return Err(Error::argument("sql", "must not be empty"));
        }
        let timeout = self.sql_timeout.map(seconds).transpose()?;
        // The call must not give up before the statement does.
        if let (Some(limit), None) = (self.sql_timeout, self.options.attempt_timeout()) {
            let usual = self.client.config().timeouts().attempt;
            let limit = usual.max(limit + MARGIN);
            self.options = self.options.with_attempt_timeout(limit);
        }
        let body = Body {
            sql_template: self.sql,
            parameter: self.parameters.finish()?,
            config: Config {
                timeout,
                prepared_statements: self.prepared.unwrap_or(true),
                db_link_name: self.db_link,
            },
        };
        let path = "/v1/model/plugin/prod/mysqlCommand";
        let operation = Operation::new(name, path, Method::POST, Uri::from_static(path));
        Ok(coded(operation.json(&body)?)
            .idempotency(Idempotency::Unsafe)
            .options(self.options))
    }
}

fn seconds(limit: Duration) -> Result<u64> {
    let seconds = limit.as_secs();
    if limit.subsec_nanos() == 0 && (1..=MAX_SECONDS).contains(&seconds) {
        return Ok(seconds);
    }
    Err(Error::argument(
        "sql_timeout",
        format_args!("must be 1 to {MAX_SECONDS} whole seconds"),
    ))
}

impl<T: DeserializeOwned> MysqlCommand<T> {
    async fn respond(self) -> Result<Response<SqlResult<T>>> {
        let client = self.client.clone();
        let response = fetch::<Option<Box<RawValue>>>(&client, self.build()?).await?;
        response.try_map(|data| Data::read(data)?.into_result())
    }
}

/// The `data` of a statement. Only its rows can fail the call: it may have written something.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Data {
    execute_result_list: Option<Box<RawValue>>,
    #[serde(deserialize_with = "detail")]
    total: Option<u64>,
    #[serde(deserialize_with = "detail")]
    backend_execute: Option<String>,
}

impl Data {
    /// Reads the documented object; anything else counts as the list in it.
    fn read(data: Option<Box<RawValue>>) -> Result<Self> {
        match data {
            Some(object) if object.get().starts_with('{') => {
                cloudbase_core::from_json(object.get().as_bytes())
            }
            list => Ok(Self {
                execute_result_list: list,
                ..Self::default()
            }),
        }
    }

    fn into_result<T: DeserializeOwned>(self) -> Result<SqlResult<T>> {
        let (rows, other) = match &self.execute_result_list {
            None => (Vec::new(), None),
            Some(list) => rows_of(list.get())?,
        };
        Ok(SqlResult {
            rows,
            other,
            total: self.total,
            backend_execute: self.backend_execute,
        })
    }
}

/// Rows, or what is there in place of a list of objects.
fn rows_of<T: DeserializeOwned>(list: &str) -> Result<(Vec<T>, Option<Value>)> {
    let rows = match cloudbase_core::from_json::<Option<Lenient<Vec<T>>>>(list.as_bytes()) {
        Ok(rows) => rows.map_or_else(Vec::new, |Lenient(rows)| rows),
        Err(error) => {
            let other: Value = cloudbase_core::from_json(list.as_bytes())?;
            let is_row_list = |list: &Vec<Value>| list.iter().all(Value::is_object);
            return match other.as_array().is_some_and(is_row_list) {
                true => Err(error),
                false => Ok((Vec::new(), Some(other))),
            };
        }
    };
    Ok((rows, None))
}

cloudbase_core::request_builder! {
    /// [`ErrorKind::Argument`](cloudbase_core::ErrorKind::Argument) before anything is sent; whatever
    /// the service or the way to it reports; [`ErrorKind::Decode`](cloudbase_core::ErrorKind::Decode)
    /// if a row does not fit `T`.
    impl[T: DeserializeOwned + Send + 'static] MysqlCommand<T> => SqlResult<T>; call, product, write, operation
}
