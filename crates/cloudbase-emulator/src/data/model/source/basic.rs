//! The basic list of data sources, and its short record.

use axum::Extension;
use axum::extract::{Path, State};
use axum::response::Response;
use bytes::Bytes;
use serde_json::{Value, json};

use super::allowed;
use crate::data::model::error::ModelError;
use crate::data::model::schema::Model;
use crate::data::model::{is_preview, object, respond};
use crate::identity::Caller;
use crate::request_id::RequestId;
use crate::state::AppState;

pub(super) async fn basic_list(
    State(state): State<AppState>,
    caller: Caller,
    Extension(id): Extension<RequestId>,
    Path(env): Path<String>,
    body: Bytes,
) -> Response {
    let outcome = || {
        is_preview(&env)?;
        allowed(&caller)?;
        let body = object(&body)?;
        let names = strings(&body, "NameList")?;
        let ids = strings(&body, "IdList")?;
        let (size, number) = (whole(&body, "PageSize", 10)?, whole(&body, "PageNum", 1)?);
        let (all, flex_db) = (flag(&body, "QueryAll")?, flag(&body, "OnlyFlexDb")?);
        let mut found = Vec::new();
        for model in state.data.models.iter() {
            if !flex_db
                && (names.is_empty() || names.contains(&model.name))
                && (ids.is_empty() || ids.contains(&model.id))
                && matches_filters(model, body.get("QueryFilterList"))?
            {
                found.push(basic(model));
            }
        }
        let total = found.len();
        let page: Vec<Value> = if all {
            found
        } else {
            found
                .into_iter()
                .skip((number - 1).saturating_mul(size))
                .take(size)
                .collect()
        };
        Ok(json!({"DataSourceList": page, "Total": total}))
    };
    respond(&id, outcome())
}

/// The short record.
pub(super) fn basic(model: &Model) -> Value {
    let methods = match &model.methods {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    json!({
        "Id": model.id,
        "Name": model.name,
        "Title": model.title,
        "Type": "database",
        "SubType": "database",
        "DbInstanceType": "MYSQL",
        "DbLinkType": "",
        "DbSourceType": "built-in",
        "ChildDataSourceNames": [],
        "Fun": "[]",
        "Methods": methods,
        "Schema": model.schema.to_string(),
        "PreviewTableName": model.table_name(true),
        "PublishedTableName": model.table_name(false),
        "PublishStatus": 1,
        "PublishCacheStatus": 1,
        "TableNameRule": "only_name",
        "UpdateTime": null,
    })
}

/// `{Name, Values, Match, Like}`: the field is one of the values, or contains one.
fn matches_filters(model: &Model, filters: Option<&Value>) -> Result<bool, ModelError> {
    let filters = match filters {
        None | Some(Value::Null) => return Ok(true),
        Some(Value::Array(filters)) => filters,
        Some(_) => return Err(ModelError::parameter("QueryFilterList takes an array")),
    };
    let record = basic(model);
    for filter in filters {
        let name = filter
            .get("Name")
            .and_then(Value::as_str)
            .ok_or_else(|| ModelError::missing("QueryFilterList.Name"))?;
        let values = strings(filter, "Values")?;
        if values.is_empty() {
            return Err(ModelError::missing("QueryFilterList.Values"));
        }
        let like = filter.get("Like").and_then(Value::as_bool).unwrap_or(false)
            || filter.get("Match").and_then(Value::as_bool) == Some(false);
        let field = record.get(name).and_then(Value::as_str).ok_or_else(|| {
            ModelError::value(format!(
                "QueryFilterList: {name:?} is no field to filter by"
            ))
        })?;
        let found = values.iter().any(|value| {
            if like {
                field.contains(value.as_str())
            } else {
                field == value
            }
        });
        if !found {
            return Ok(false);
        }
    }
    Ok(true)
}

fn strings(body: &Value, name: &str) -> Result<Vec<String>, ModelError> {
    let wrong = || ModelError::parameter(format!("{name} takes an array of texts"));
    match body.get(name) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(list)) => list
            .iter()
            .map(|one| one.as_str().map(str::to_owned).ok_or_else(wrong))
            .collect(),
        Some(_) => Err(wrong()),
    }
}

fn whole(body: &Value, name: &str, absent: usize) -> Result<usize, ModelError> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(absent),
        Some(value) => value
            .as_u64()
            .and_then(|number| usize::try_from(number).ok())
            .filter(|number| *number >= 1)
            .ok_or_else(|| ModelError::value(format!("{name} takes a whole number from 1"))),
    }
}

fn flag(body: &Value, name: &str) -> Result<bool, ModelError> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(false),
        Some(value) => value
            .as_bool()
            .ok_or_else(|| ModelError::parameter(format!("{name} takes true or false"))),
    }
}
