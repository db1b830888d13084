//! Data-source queries: what models there are, `/v1/model/datasource/…`.

use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use axum::routing::{get, post};
use axum::{Extension, Router};
use bytes::Bytes;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::error::ModelError;
use super::schema::{Model, Models};
use super::{answer, is_preview, object};
use crate::identity::Caller;
use crate::request_id::RequestId;
use crate::state::AppState;

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route(
            "/v1/model/datasource/{env}/basicDataSourceList",
            post(basic_list),
        )
        .route("/v1/model/datasource/{env}/{query}", get(query))
}

async fn query(
    State(state): State<AppState>,
    caller: Caller,
    Extension(id): Extension<RequestId>,
    Path((env, name)): Path<(String, String)>,
    RawQuery(raw): RawQuery,
) -> Response {
    let outcome = || {
        is_preview(&env)?;
        allowed(&caller)?;
        let query = Query(pairs(raw.as_deref().unwrap_or_default()).collect());
        let models = &state.data.models;
        match name.as_str() {
            "aggregateDataSourceList" => aggregate_list(models, &query, state.keys.env_id()),
            "dataSourceAggregateDetail" => {
                one(models, &query).map(|model| aggregate(model, state.keys.env_id(), true))
            }
            "dataSourceByTableName" => by_table_name(models, &query),
            "basicDataSource" => one(models, &query).map(basic),
            "schemaList" => Ok(schema_list(models, &query)),
            "tableName" => table_name(models, &query),
            other => Err(ModelError::not_found(format!(
                "there is no data-source query {other:?}"
            ))),
        }
    };
    answer(&id, outcome())
}

async fn basic_list(
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
        let mut found = Vec::new();
        for model in state.data.models.iter() {
            if (names.is_empty() || names.contains(&model.name))
                && (ids.is_empty() || ids.contains(&model.id))
                && matches_filters(model, body.get("QueryFilterList"))?
            {
                found.push(basic(model));
            }
        }
        let total = found.len();
        let all = body
            .get("QueryAll")
            .and_then(Value::as_bool)
            .unwrap_or(false);
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
    answer(&id, outcome())
}

/// Metadata is for signed-in users and the administrator.
fn allowed(caller: &Caller) -> Result<(), ModelError> {
    if caller.is_admin() || caller.user_id.is_some() {
        return Ok(());
    }
    Err(ModelError::unauthorized(
        "data-source queries need a signed-in user or an API key",
    ))
}

fn aggregate_list(models: &Models, query: &Query, env: &str) -> Result<Value, ModelError> {
    let size = query
        .first("pageSize")
        .ok_or_else(|| ModelError::missing("pageSize"))?
        .parse::<usize>()
        .ok()
        .filter(|size| *size >= 1)
        .ok_or_else(|| ModelError::value("pageSize takes a whole number from 1"))?;
    // The documents count pages from 0 in one place and from 1 in another; both mean the first.
    let index = match query.first("pageIndex") {
        None => 1,
        Some(text) => text
            .parse::<usize>()
            .map_err(|_| ModelError::value("pageIndex takes a whole number"))?
            .max(1),
    };
    let all = matches!(query.first("queryAll"), Some("1" | "true"));
    let any = |list: &[&str], value: &str| list.is_empty() || list.contains(&value);
    let (ids, names) = (query.all("dataSourceIds"), query.all("dataSourceNames"));
    let tables = query.all("databaseTableNames");
    let found: Vec<Value> = models
        .iter()
        .filter(|model| any(&ids, &model.id) && any(&names, &model.name))
        .filter(|model| {
            any(&tables, &model.table_name(false)) || any(&tables, &model.table_name(true))
        })
        .filter(|_| {
            query
                .first("dataSourceType")
                .is_none_or(|kind| kind == "database")
        })
        .filter(|_| {
            query
                .first("dbInstanceType")
                .is_none_or(|kind| kind == "MYSQL")
        })
        .map(|model| aggregate(model, env, false))
        .collect();
    let count = found.len();
    let rows: Vec<Value> = if all {
        found
    } else {
        found
            .into_iter()
            .skip((index - 1).saturating_mul(size))
            .take(size)
            .collect()
    };
    Ok(json!({"Count": count, "Rows": rows}))
}

fn by_table_name(models: &Models, query: &Query) -> Result<Value, ModelError> {
    let names = query.all("tableNames");
    if names.is_empty() {
        return Err(ModelError::missing("tableNames"));
    }
    let infos: Vec<Value> = names
        .into_iter()
        .map(|name| {
            let found = models.iter().find_map(|model| {
                [false, true]
                    .into_iter()
                    .find(|preview| model.table_name(*preview) == name)
                    .map(|preview| (model, preview))
            });
            match found {
                Some((model, preview)) => json!({
                    "IsDataSource": true,
                    "IsPreview": preview,
                    "Name": model.name,
                    "Schema": model.schema.to_string(),
                    "TableName": name,
                    "Title": model.title,
                }),
                None => json!({
                    "IsDataSource": false, "IsPreview": false, "Name": null, "Schema": null,
                    "TableName": name, "Title": null,
                }),
            }
        })
        .collect();
    Ok(json!({ "DataSourceTableInfos": infos }))
}

fn schema_list(models: &Models, query: &Query) -> Value {
    let names = query.all("dataSourceNameList");
    let infos: Vec<Value> = models
        .iter()
        .filter(|model| names.is_empty() || names.contains(&model.name.as_str()))
        .map(|model| {
            let mut info = json!({
                "Id": model.id,
                "Name": model.name,
                "Title": model.title,
                "Schema": model.schema.to_string(),
                "RelationViewList": [],
            });
            if let Some((field, relation)) = model.relations().next() {
                info["RelatedFieldKey"] = field.into();
                info["RelatedType"] = relation.format.clone().into();
            }
            info
        })
        .collect();
    json!({ "DataSourceRelationInfoList": infos })
}

fn table_name(models: &Models, query: &Query) -> Result<Value, ModelError> {
    let name = query
        .first("dataSourceName")
        .ok_or_else(|| ModelError::missing("dataSourceName"))?;
    let model = models
        .get(name)
        .ok_or_else(|| ModelError::no_source(name))?;
    Ok(json!({
        "TableName": [model.table_name(false), model.table_name(true)],
        "DbType": "MYSQL",
    }))
}

fn one<'m>(models: &'m Models, query: &Query) -> Result<&'m Model, ModelError> {
    let (id, name) = (query.first("datasourceId"), query.first("dataSourceName"));
    let Some(wanted) = name.or(id) else {
        return Err(ModelError::missing("datasourceId or dataSourceName"));
    };
    models
        .iter()
        .find(|model| {
            id.is_none_or(|id| model.id == id) && name.is_none_or(|name| model.name == name)
        })
        .ok_or_else(|| ModelError::no_source(wanted))
}

/// The record that lists and details show.
fn aggregate(model: &Model, env: &str, detail: bool) -> Value {
    let relations: Vec<Value> = model
        .relations()
        .map(|(field, relation)| {
            json!({"Field": field, "Format": relation.format, "RelateDataSourceName": relation.target})
        })
        .collect();
    let mut record = basic(model);
    let configuration = if detail { json!({}) } else { json!("{}") };
    let more = json!({
        "Description": model.description,
        "EnvId": env,
        "CmsProject": null,
        "PkgId": null,
        "SchemaVersion": "1",
        "CreatorId": null,
        "CreatedAt": null,
        "UpdatedAt": null,
        "PublishedAt": null,
        "DataSourceVersion": "1",
        "DbLinkName": null,
        "Configuration": configuration,
        "AuthStatus": "1",
        "AuthInfo": null,
        "ChildDataSourceIds": [],
        "IsNewDataSource": 1,
        "PublishVersion": null,
        "PublishViewId": null,
        "ViewId": null,
        "ScfStatus": 0,
        "Source": 0,
        "TemplateCode": null,
        "UpdateVersion": 0,
        "RelationFieldList": relations,
        "AppUsageList": [],
    });
    if let (Value::Object(record), Value::Object(more)) = (&mut record, more) {
        for only_basic in [
            "DbLinkType",
            "PublishCacheStatus",
            "TableNameRule",
            "UpdateTime",
        ] {
            record.remove(only_basic);
        }
        record.extend(more);
    }
    record
}

/// The short record.
fn basic(model: &Model) -> Value {
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

/// A query string, read.
struct Query(Vec<(String, String)>);

impl Query {
    fn first(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// An array: the key repeated, perhaps with brackets, or values between commas.
    fn all(&self, name: &str) -> Vec<&str> {
        self.0
            .iter()
            .filter(|(key, _)| {
                key.strip_prefix(name)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('['))
            })
            .flat_map(|(_, value)| value.split(','))
            .filter(|value| !value.is_empty())
            .collect()
    }
}

/// The decoded pairs of a query string.
pub(super) fn pairs(query: &str) -> impl Iterator<Item = (String, String)> {
    let decode = |text: &str| {
        let text = text.replace('+', " ");
        percent_decode_str(&text).decode_utf8_lossy().into_owned()
    };
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(move |pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(key), decode(value))
        })
}
