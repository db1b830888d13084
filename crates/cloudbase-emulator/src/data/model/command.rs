//! Raw SQL with typed parameters: `mysqlCommand` and stored templates.

use std::time::{Duration, Instant};

use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use axum::{Extension, Json};
use bytes::Bytes;
use serde_json::{Value, json};

use super::error::ModelError;
use super::{is_preview, object, respond};
use crate::data::engine::{Dialect, Rows, Statement};
use crate::data::permission::Actor;
use crate::data::raw_sql::{self, Placeholder};
use crate::data::value::{Cell, write_json, write_string};
use crate::identity::Caller;
use crate::request_id::RequestId;
use crate::state::AppState;

const DEFAULT_TIMEOUT: u64 = 5;
const LONGEST_TIMEOUT: u64 = 30;

/// `POST /v1/model/plugin/prod/mysqlCommand`
pub(super) async fn mysql_command(
    State(state): State<AppState>,
    caller: Caller,
    Extension(id): Extension<RequestId>,
    Path(env): Path<String>,
    body: Bytes,
) -> Response {
    let outcome = async {
        is_preview(&env)?;
        if !caller.is_admin() {
            return Err(ModelError::unauthorized(
                "mysqlCommand is for the administrator: call it with an API key",
            ));
        }
        let body = object(&body)?;
        let template = body
            .get("sqlTemplate")
            .and_then(Value::as_str)
            .ok_or_else(|| ModelError::missing("sqlTemplate"))?;
        let config = body.get("config");
        if let Some(name) = config.and_then(|config| config.get("dbLinkName")?.as_str())
            && !name.is_empty()
        {
            return Err(ModelError::not_found(format!(
                "database connector {name:?} not found"
            )));
        }
        let timeout = match config.and_then(|config| config.get("timeout")) {
            None | Some(Value::Null) => DEFAULT_TIMEOUT,
            Some(value) => value
                .as_u64()
                .filter(|seconds| (1..=LONGEST_TIMEOUT).contains(seconds))
                .ok_or_else(|| {
                    ModelError::value(format!("config.timeout is 1 to {LONGEST_TIMEOUT} seconds"))
                })?,
        };
        let parameters = body.get("parameter");
        check_prepared(config, parameters)?;
        run(&state, template, parameters, timeout).await
    };
    respond(&id, outcome.await)
}

/// Parameters are always bound here. How the service writes them into the text when they are not is not documented, and a
/// statement that is safe here must not be one that is unsafe there.
fn check_prepared(config: Option<&Value>, parameters: Option<&Value>) -> Result<(), ModelError> {
    let has_parameters = parameters
        .and_then(Value::as_array)
        .is_some_and(|list| !list.is_empty());
    match config.and_then(|config| config.get("preparedStatements")) {
        None | Some(Value::Null | Value::Bool(true)) => Ok(()),
        Some(Value::Bool(false)) if !has_parameters => Ok(()),
        Some(Value::Bool(false)) => Err(ModelError::unsupported(
            "config.preparedStatements: false with parameters; leave it out, or write the values into sqlTemplate",
        )),
        Some(_) => Err(ModelError::value(
            "config.preparedStatements takes true or false",
        )),
    }
}

/// `POST /v1/sql/{env}/{template}/run`
pub(super) async fn run_template(
    State(state): State<AppState>,
    caller: Caller,
    Extension(id): Extension<RequestId>,
    Path((env, name)): Path<(String, String)>,
    body: Bytes,
) -> Response {
    let outcome = async {
        is_preview(&env)?;
        let template = state
            .data
            .templates
            .get(&name)
            .ok_or_else(|| ModelError::not_found(format!("SQL template {name:?} not found")))?;
        if !template.permits(&Actor::from(&caller)) {
            return Err(ModelError::unauthorized(format!(
                "the permission of SQL template {name:?} does not let this caller run it"
            )));
        }
        let body = object(&body)?;
        run(
            &state,
            &template.sql,
            body.get("parameter"),
            DEFAULT_TIMEOUT,
        )
        .await
    };
    let response = match outcome.await {
        Ok(data) => json!({"RequestId": id.0, "Data": data}),
        Err(error) => {
            json!({"Error": {"Code": error.code, "Message": error.message}, "RequestId": id.0})
        }
    };
    Json(json!({ "Response": response })).into_response()
}

async fn run(
    state: &AppState,
    template: &str,
    parameters: Option<&Value>,
    timeout: u64,
) -> Result<Value, ModelError> {
    let parameters = read_parameters(parameters)?;
    let engine = &state.data.engine;
    let mut values = Vec::new();
    let sql = raw_sql::prepare(template, engine.dialect(), |name, placeholder| {
        let (_, parameter) = parameters
            .iter()
            .find(|(key, _)| key == name)
            .ok_or_else(|| format!("parameter {name:?} is missing"))?;
        Ok(parameter.bind(placeholder, &mut values))
    })
    .map_err(ModelError::from)?;
    let started = Instant::now();
    let text = sql.text.clone();
    let statement = Statement {
        sql: sql.text,
        values,
    };
    let before = if sql.changes_schema && engine.dialect() == Dialect::MySql {
        engine.refresh().await?;
        Some(engine.catalog())
    } else {
        None
    };
    let mut session = engine.raw_session().await?;
    let work = async {
        if sql.gives_rows {
            let rows = session.query(statement).await?;
            Ok((result_list(&rows), rows.rows.len() as u64))
        } else {
            let done = session.execute(statement).await?;
            Ok::<_, ModelError>((json!([]), done.affected))
        }
    };
    let outcome = tokio::time::timeout(Duration::from_secs(timeout), work)
        .await
        .map_err(|_| ModelError::timeout(timeout))?;
    session.close().await;
    let (list, total) = outcome?;
    if let Some(before) = before {
        engine.changed(&before, &text).await?;
    }
    Ok(json!({
        "executeResultList": list,
        "total": total,
        "backendExecute": started.elapsed().as_millis().to_string(),
    }))
}

fn result_list(rows: &Rows) -> Value {
    let mut out = vec![b'['];
    for (number, row) in rows.rows.iter().enumerate() {
        if number > 0 {
            out.push(b',');
        }
        out.push(b'{');
        for (place, (column, cell)) in rows.columns.iter().zip(row).enumerate() {
            if place > 0 {
                out.push(b',');
            }
            write_string(&mut out, &column.name);
            out.push(b':');
            write_json(&mut out, column.kind.as_ref(), cell);
        }
        out.push(b'}');
    }
    out.push(b']');
    serde_json::from_slice(&out).unwrap_or_else(|_| json!([]))
}

/// A parameter, read from its text.
#[derive(Debug, PartialEq)]
enum Parameter {
    One(Cell),
    Many(Vec<Cell>),
}

impl Parameter {
    /// Adds the values to be bound; the text that stands for them in the statement.
    fn bind(&self, placeholder: Placeholder, values: &mut Vec<Cell>) -> String {
        match self {
            Self::One(cell) => {
                values.push(cell.clone());
                "?".to_owned()
            }
            Self::Many(cells) => {
                values.extend(cells.iter().cloned());
                let marks = if cells.is_empty() {
                    "NULL".to_owned()
                } else {
                    vec!["?"; cells.len()].join(", ")
                };
                match placeholder {
                    Placeholder::InParentheses => marks,
                    Placeholder::Bare => format!("({marks})"),
                }
            }
        }
    }
}

fn read_parameters(list: Option<&Value>) -> Result<Vec<(String, Parameter)>, ModelError> {
    let list = match list {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(list)) => list,
        Some(_) => return Err(ModelError::parameter("parameter takes an array")),
    };
    list.iter()
        .map(|one| {
            let text = |name: &str| one.get(name).and_then(Value::as_str);
            let key = text("key").ok_or_else(|| ModelError::missing("parameter.key"))?;
            let kind = text("type").unwrap_or("STRING");
            let value = text("value").ok_or_else(|| {
                ModelError::value(format!("the value of parameter {key:?} must be a text"))
            })?;
            Ok((key.to_owned(), read_parameter(key, kind, value)?))
        })
        .collect()
}

fn read_parameter(key: &str, kind: &str, text: &str) -> Result<Parameter, ModelError> {
    let wrong = || ModelError::value(format!("parameter {key:?} is no {kind}"));
    Ok(match kind {
        "STRING" => Parameter::One(Cell::Text(text.to_owned())),
        "NUMBER" => Parameter::One(number(text.trim()).ok_or_else(wrong)?),
        "BOOLEAN" => Parameter::One(match text.trim() {
            "true" => Cell::Int(1),
            "false" => Cell::Int(0),
            _ => return Err(wrong()),
        }),
        // The JS SDK calls null an object.
        "OBJECT" => match serde_json::from_str(text).map_err(|_| wrong())? {
            Value::Null => Parameter::One(Cell::Null),
            _ => Parameter::One(Cell::Text(text.to_owned())),
        },
        "ARRAY" => {
            let list: Vec<Value> = serde_json::from_str(text).map_err(|_| wrong())?;
            Parameter::Many(list.iter().map(element).collect())
        }
        other => {
            return Err(ModelError::value(format!(
                "the type of parameter {key:?} is {other:?}, expected one of STRING, NUMBER, BOOLEAN, ARRAY, OBJECT"
            )));
        }
    })
}

fn number(text: &str) -> Option<Cell> {
    if let Ok(value) = text.parse() {
        return Some(Cell::Int(value));
    }
    if let Ok(value) = text.parse() {
        return Some(Cell::UInt(value));
    }
    text.parse()
        .ok()
        .filter(|value: &f64| value.is_finite())
        .map(Cell::Real)
}

fn element(value: &Value) -> Cell {
    match value {
        Value::Null => Cell::Null,
        Value::Bool(value) => Cell::Int((*value).into()),
        Value::Number(value) => number(&value.to_string()).unwrap_or(Cell::Null),
        Value::String(text) => Cell::Text(text.clone()),
        other => Cell::Text(other.to_string()),
    }
}
