//! Data-source queries: what models there are, `/v1/model/datasource/…`.
//!
//! Models here are all over MySQL, and none has a view, an application, a channel or a connector: a
//! query for only those with one finds nothing.

mod basic;
mod query;

use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use serde_json::{Value, json};

use self::basic::{basic, basic_list};
use self::query::Query;
use super::error::ModelError;
use super::schema::{Model, Models};
use super::{is_preview, respond};
use crate::identity::Caller;
use crate::request_id::RequestId;
use crate::state::AppState;

pub(super) use self::query::pairs;

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
        let query = Query::read(raw.as_deref());
        let models = &state.data.models;
        match name.as_str() {
            "aggregateDataSourceList" => aggregate_list(models, &query, state.keys.env_id()),
            "dataSourceAggregateDetail" => {
                let model = one(models, &query)?;
                let relations = query.flag("queryModelRelation")?.unwrap_or(true);
                Ok(aggregate(model, state.keys.env_id(), relations, json!({})))
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
    match (name.as_str(), outcome()) {
        // Alone of all, its documented response has no `data` around it.
        ("tableName", Ok(names)) => Json(names).into_response(),
        (_, outcome) => respond(&id, outcome),
    }
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
        .required("pageSize")?
        .parse::<usize>()
        .ok()
        .filter(|size| *size >= 1)
        .ok_or_else(|| ModelError::value("pageSize takes a whole number from 1"))?;
    let asked = query.required("envId")?;
    if asked != env {
        return Err(ModelError::value(format!(
            "envId {asked:?} is not the environment of this emulator, {env:?}"
        )));
    }
    if query.first("appLinkStatus").is_some() {
        return Err(ModelError::unsupported(
            "appLinkStatus: what its numbers mean is not documented",
        ));
    }
    // The documents count pages from 0 in one place and from 1 in another; both mean the first.
    let index = match query.first("pageIndex") {
        None => 1,
        Some(text) => text
            .parse::<usize>()
            .map_err(|_| ModelError::value("pageIndex takes a whole number"))?
            .max(1),
    };
    let all = query.flag("queryAll")?.unwrap_or(false);
    let relations = query.flag("queryDataSourceRelationList")?.unwrap_or(true);
    // There are neither connectors nor models of the system to be added.
    for more in ["queryConnector", "querySystemModel"] {
        query.flag(more)?;
    }
    let linked = query.flag("queryBindToApp")?.unwrap_or(false)
        || ["viewIds", "appIds", "channelList"]
            .iter()
            .any(|list| !query.all(list).is_empty());
    let any = |list: &[&str], value: &str| list.is_empty() || list.contains(&value);
    let (ids, names) = (query.all("dataSourceIds"), query.all("dataSourceNames"));
    let tables = query.all("databaseTableNames");
    let found: Vec<Value> = models
        .iter()
        .filter(|_| !linked)
        .filter(|model| any(&ids, &model.id) && any(&names, &model.name))
        .filter(|model| {
            any(&tables, &model.table_name(false)) || any(&tables, &model.table_name(true))
        })
        .filter(|_| {
            query
                .first("dataSourceType")
                .is_none_or(|kind| kind == "database")
        })
        .filter(|_| is_mysql(query))
        .map(|model| aggregate(model, env, relations, json!("{}")))
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

/// Whether the kind of database that was asked for is the one that all models have.
fn is_mysql(query: &Query) -> bool {
    query
        .first("dbInstanceType")
        .is_none_or(|kind| kind == "MYSQL")
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

/// The tables of a data source; without a name, those of all.
fn table_name(models: &Models, query: &Query) -> Result<Value, ModelError> {
    let name = query.first("dataSourceName");
    let tables: Vec<String> = models
        .iter()
        .filter(|model| name.is_none_or(|name| model.name == name))
        .flat_map(|model| [model.table_name(false), model.table_name(true)])
        .collect();
    match name {
        Some(name) if tables.is_empty() => Err(ModelError::no_source(name)),
        _ => Ok(json!({ "TableName": tables, "DbType": "MYSQL" })),
    }
}

/// The data source of a detail; each condition beside its id or name must hold for it.
fn one<'m>(models: &'m Models, query: &Query) -> Result<&'m Model, ModelError> {
    let (id, name) = (query.first("datasourceId"), query.first("dataSourceName"));
    let Some(key) = name.or(id) else {
        return Err(ModelError::missing("datasourceId or dataSourceName"));
    };
    // Both the trial and the published version are there, and the same.
    query.flag("queryPublish")?;
    let table = query.first("databaseTableName");
    models
        .iter()
        .filter(|_| query.first("viewId").is_none() && is_mysql(query))
        .find(|model| {
            id.is_none_or(|id| model.id == id)
                && name.is_none_or(|name| model.name == name)
                && table.is_none_or(|table| {
                    [false, true]
                        .map(|preview| model.table_name(preview))
                        .contains(&table.to_owned())
                })
        })
        .ok_or_else(|| ModelError::no_source(key))
}

/// The record that lists and details show. Its configuration is a text in lists.
fn aggregate(model: &Model, env: &str, relations: bool, configuration: Value) -> Value {
    let relations: Vec<Value> = model
        .relations()
        .filter(|_| relations)
        .map(|(field, relation)| {
            json!({"Field": field, "Format": relation.format, "RelateDataSourceName": relation.target})
        })
        .collect();
    let mut record = basic(model);
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
