//! Queries about data sources: which there are, their schemas and tables.

use std::fmt;
use std::marker::PhantomData;

use cloudbase_core::http::{Method, Uri};
use cloudbase_core::{
    CallOptions, Client, Error, Idempotency, Operation, PathBuilder, Response, Result,
};
use futures_core::future::BoxFuture;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::data_source_info::{
    BasicDataSource, DataSource, DataSourceList, DataSourceRelation, DataSourceTable, TableNames,
};
use super::request::{coded, ends};
use super::write::null_as_default;

/// Read-only queries about the data sources of an environment. Users may lack the right to them.
///
/// ```no_run
/// # async fn run(models: cloudbase_data::Models) -> cloudbase_core::Result<()> {
/// use cloudbase_data::models::DataSourceKey;
///
/// let sources = models.data_sources();
/// if let Some(todo) = sources.basic(DataSourceKey::name("todo")).await? {
///     for (field, schema) in todo.json_schema()?.unwrap_or_default().properties {
///         println!("{field}: {:?}", schema.kind);
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct DataSources {
    client: Client,
}

/// Names one data source, by id or by name, and says in which version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DataSourceKey {
    id: Option<String>,
    name: Option<String>,
    view_id: Option<String>,
    published: Option<bool>,
    relations: Option<bool>,
    db_instance_type: Option<String>,
    table: Option<String>,
}

impl DataSourceKey {
    /// The data source with this id.
    #[doc(alias = "datasourceId")]
    pub fn id(id: impl Into<String>) -> Self {
        Self {
            id: Some(id.into()),
            ..Self::default()
        }
    }

    /// The data source with this name.
    #[doc(alias = "dataSourceName")]
    pub fn name(name: impl Into<String>) -> Self {
        Self {
            name: Some(name.into()),
            ..Self::default()
        }
    }

    /// A view of it.
    #[must_use]
    pub fn view_id(mut self, id: impl Into<String>) -> Self {
        self.view_id = Some(id.into());
        self
    }

    /// The published version (`true`) or the trial version.
    #[doc(alias = "queryPublish")]
    #[must_use]
    pub fn published(mut self, published: bool) -> Self {
        self.published = Some(published);
        self
    }

    /// With its relations.
    #[doc(alias = "queryModelRelation")]
    #[must_use]
    pub fn with_relations(mut self, relations: bool) -> Self {
        self.relations = Some(relations);
        self
    }

    /// Of this kind of database.
    #[must_use]
    pub fn db_instance_type(mut self, kind: impl Into<String>) -> Self {
        self.db_instance_type = Some(kind.into());
        self
    }

    /// Over this table.
    #[doc(alias = "databaseTableName")]
    #[must_use]
    pub fn table(mut self, name: impl Into<String>) -> Self {
        self.table = Some(name.into());
        self
    }

    fn query(&self, mut path: PathBuilder) -> Result<PathBuilder> {
        let empty = |text: &Option<String>| text.as_ref().is_some_and(String::is_empty);
        if empty(&self.id) || empty(&self.name) || (self.id.is_none() && self.name.is_none()) {
            return Err(Error::argument("data source", "must have an id or a name"));
        }
        path = path
            .query_opt("datasourceId", self.id.as_deref())
            .query_opt("dataSourceName", self.name.as_deref())
            .query_opt("viewId", self.view_id.as_deref())
            .query_opt(
                "queryPublish",
                self.published.map(|yes| if yes { "1" } else { "0" }),
            )
            .query_opt("queryModelRelation", self.relations.map(boolean))
            .query_opt("dbInstanceType", self.db_instance_type.as_deref())
            .query_opt("databaseTableName", self.table.as_deref());
        Ok(path)
    }
}

fn boolean(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

impl DataSources {
    pub(crate) fn new(client: Client) -> Self {
        Self { client }
    }

    /// Lists data sources with all that is known of them, `page_size` at a time.
    #[doc(alias = "getAggregateDataSourceList")]
    pub fn aggregate_list(&self, page_size: u32) -> AggregateList {
        AggregateList {
            client: self.client.clone(),
            page_size,
            pairs: Vec::new(),
            options: CallOptions::default(),
        }
    }

    /// All that is known of one data source.
    #[doc(alias = "getDataSourceAggregateDetail")]
    pub fn aggregate_detail(&self, key: DataSourceKey) -> DataSourceQuery<Option<DataSource>> {
        const PATH: &str = "/v1/model/datasource/prod/dataSourceAggregateDetail";
        self.query(
            "models.data_source_detail",
            PATH,
            key.query(PathBuilder::new(PATH)),
            present,
        )
    }

    /// What stands behind tables.
    #[doc(alias = "getDataSourceByTableName")]
    pub fn by_table_names<S: AsRef<str>>(
        &self,
        tables: impl IntoIterator<Item = S>,
    ) -> DataSourceQuery<Vec<DataSourceTable>> {
        const PATH: &str = "/v1/model/datasource/prod/dataSourceByTableName";
        let mut path = PathBuilder::new(PATH);
        let mut any = false;
        for table in tables {
            any = true;
            path = path.query("tableNames", table.as_ref());
        }
        let path = if any {
            Ok(path)
        } else {
            Err(Error::argument("tables", "must name at least one table"))
        };
        self.query("models.data_source_by_table", PATH, path, |data| {
            read::<TableInfos>(data).map(|data| data.tables)
        })
    }

    /// One data source in short.
    #[doc(alias = "getBasicDataSource")]
    pub fn basic(&self, key: DataSourceKey) -> DataSourceQuery<Option<BasicDataSource>> {
        const PATH: &str = "/v1/model/datasource/prod/basicDataSource";
        self.query(
            "models.basic_data_source",
            PATH,
            key.query(PathBuilder::new(PATH)),
            present,
        )
    }

    /// Lists data sources in short.
    #[doc(alias = "getBasicDataSourceList")]
    pub fn basic_list(&self) -> BasicList {
        BasicList {
            client: self.client.clone(),
            body: BasicListBody::default(),
            options: CallOptions::default(),
        }
    }

    /// The schemas of these data sources; of none named, of all.
    #[doc(alias = "getSchemaList")]
    pub fn schemas<S: AsRef<str>>(
        &self,
        names: impl IntoIterator<Item = S>,
    ) -> DataSourceQuery<Vec<DataSourceRelation>> {
        const PATH: &str = "/v1/model/datasource/prod/schemaList";
        let path = names
            .into_iter()
            .fold(PathBuilder::new(PATH), |path, name| {
                path.query("dataSourceNameList", name.as_ref())
            });
        self.query("models.schema_list", PATH, Ok(path), |data| {
            read::<RelationInfos>(data).map(|data| data.sources)
        })
    }

    /// The tables of a data source.
    #[doc(alias = "getTableName")]
    pub fn table_names(&self, data_source: impl AsRef<str>) -> DataSourceQuery<TableNames> {
        const PATH: &str = "/v1/model/datasource/prod/tableName";
        let name = data_source.as_ref();
        let path = if name.is_empty() {
            Err(Error::argument("data source", "must have a name"))
        } else {
            Ok(PathBuilder::new(PATH).query("dataSourceName", name))
        };
        self.query("models.table_name", PATH, path, read)
    }

    fn query<T>(
        &self,
        name: &'static str,
        template: &'static str,
        path: Result<PathBuilder>,
        decode: fn(Value) -> Result<T>,
    ) -> DataSourceQuery<T> {
        DataSourceQuery {
            client: self.client.clone(),
            name,
            template,
            uri: path.and_then(PathBuilder::build),
            decode,
            options: CallOptions::default(),
            answer: PhantomData,
        }
    }
}

#[derive(Deserialize)]
struct TableInfos {
    #[serde(
        rename = "DataSourceTableInfos",
        default,
        deserialize_with = "null_as_default"
    )]
    tables: Vec<DataSourceTable>,
}

#[derive(Deserialize)]
struct RelationInfos {
    #[serde(
        rename = "DataSourceRelationInfoList",
        default,
        deserialize_with = "null_as_default"
    )]
    sources: Vec<DataSourceRelation>,
}

/// The value of `data`; the table names stand beside it in some versions of the service.
async fn fetch_data(client: &Client, operation: Operation) -> Result<Response<Value>> {
    let answer = client.fetch_json::<Value>(operation).await?;
    Ok(answer.map(|mut answer| match answer.get_mut("data") {
        Some(data) => data.take(),
        None => answer,
    }))
}

fn read<T: DeserializeOwned>(data: Value) -> Result<T> {
    cloudbase_core::from_json(data.to_string().as_bytes())
}

/// One data source, or none: null, or an object without an id or name.
fn present<T: DeserializeOwned>(data: Value) -> Result<Option<T>> {
    let named = |name: &str| data.get(name).is_some_and(|value| !value.is_null());
    if named("Id") || named("Name") {
        read(data).map(Some)
    } else {
        Ok(None)
    }
}

/// A query about data sources; awaited, it gives a `T`.
#[must_use = "does nothing until it is sent or awaited"]
pub struct DataSourceQuery<T> {
    client: Client,
    name: &'static str,
    template: &'static str,
    uri: Result<Uri>,
    decode: fn(Value) -> Result<T>,
    options: CallOptions,
    answer: PhantomData<fn() -> T>,
}

cloudbase_core::call_options!(DataSourceQuery<T>);

impl<T> DataSourceQuery<T> {
    /// The call, without sending it.
    ///
    /// # Errors
    ///
    /// If an argument was refused.
    pub fn operation(self) -> Result<Operation> {
        let uri = self.uri.map_err(|error| error.with_operation(self.name))?;
        let operation = Operation::new(self.name, self.template, Method::GET, uri);
        Ok(coded(operation).options(self.options))
    }

    /// Sends the call.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Argument`](cloudbase_core::ErrorKind::Argument) before anything is sent; whatever
    /// the service or the way to it reports, an answer with a `code` included.
    pub async fn send(self) -> Result<T> {
        Ok(self.send_with_meta().await?.into_value())
    }

    /// Like [`send`](Self::send), with status, headers and request id.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn send_with_meta(self) -> Result<Response<T>> {
        let (client, decode) = (self.client.clone(), self.decode);
        fetch_data(&client, self.operation()?)
            .await?
            .try_map(decode)
    }
}

impl<T: 'static> IntoFuture for DataSourceQuery<T> {
    type Output = Result<T>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl<T> fmt::Debug for DataSourceQuery<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataSourceQuery")
            .field("name", &self.name)
            .field("uri", &self.uri)
            .finish_non_exhaustive()
    }
}

/// Lists data sources with all that is known of them; awaited, it gives a [`DataSourceList`].
#[derive(Debug)]
#[must_use = "does nothing until it is sent or awaited"]
pub struct AggregateList {
    client: Client,
    page_size: u32,
    pairs: Vec<(&'static str, String)>,
    options: CallOptions,
}

macro_rules! list_setters {
    ($($method:ident($argument:ident: $type:ty) => $wire:literal, $value:expr, $doc:literal;)*) => {$(
        #[doc = $doc]
        #[doc(alias = $wire)]
        pub fn $method(mut self, $argument: $type) -> Self {
            self.pairs.retain(|(name, _)| *name != $wire);
            self.pairs.push(($wire, $value));
            self
        }
    )*};
}

macro_rules! list_array_setters {
    ($($method:ident => $wire:literal, $doc:literal;)*) => {$(
        #[doc = $doc]
        #[doc(alias = $wire)]
        pub fn $method<S: Into<String>>(mut self, values: impl IntoIterator<Item = S>) -> Self {
            self.pairs.extend(values.into_iter().map(|value| ($wire, value.into())));
            self
        }
    )*};
}

fn bit(value: bool) -> String {
    i32::from(value).to_string()
}

impl AggregateList {
    list_setters! {
        page_index(index: u32) => "pageIndex", index.to_string(),
            "Which page. The pages of the service do not say whether it counts from 0 or 1.";
        env_id(id: impl Into<String>) => "envId", id.into(),
            "Another environment than the client's.";
        query_all(all: bool) => "queryAll", bit(all), "All of them, whatever the page size.";
        data_source_type(kind: impl Into<String>) => "dataSourceType", kind.into(),
            "Only data sources of this type.";
        db_instance_type(kind: impl Into<String>) => "dbInstanceType", kind.into(),
            "Only those of this kind of database.";
        app_link_status(status: i32) => "appLinkStatus", status.to_string(),
            "Only those linked to applications in this way.";
        bind_to_app(bound: bool) => "queryBindToApp", bit(bound),
            "Only those that are bound to an application.";
        connectors(connectors: bool) => "queryConnector", bit(connectors), "Connectors as well.";
        with_relations(relations: bool) => "queryDataSourceRelationList", boolean(relations).to_owned(),
            "With their relations.";
        system_models(system: bool) => "querySystemModel", boolean(system).to_owned(),
            "Models of the system as well. Default: yes.";
    }

    list_array_setters! {
        ids => "dataSourceIds", "Only those with these ids.";
        names => "dataSourceNames", "Only those with these names.";
        view_ids => "viewIds", "Only those with these views.";
        app_ids => "appIds", "Only those of these applications.";
        channels => "channelList", "Only those of these channels.";
        tables => "databaseTableNames", "Only those over these tables.";
    }

    fn client(&self) -> &Client {
        &self.client
    }

    /// The call, without sending it.
    ///
    /// # Errors
    ///
    /// If an argument was refused.
    pub fn operation(self) -> Result<Operation> {
        const NAME: &str = "models.data_source_list";
        const PATH: &str = "/v1/model/datasource/prod/aggregateDataSourceList";
        if self.page_size == 0 {
            return Err(Error::argument("page size", "must be at least 1").with_operation(NAME));
        }
        let mut path = PathBuilder::new(PATH).query("pageSize", &self.page_size.to_string());
        if !self.pairs.iter().any(|(name, _)| *name == "envId") {
            path = path.query("envId", self.client.env_id().as_str());
        }
        for (name, value) in &self.pairs {
            path = path.query(name, value);
        }
        let uri = path.build().map_err(|error| error.with_operation(NAME))?;
        Ok(coded(Operation::new(NAME, PATH, Method::GET, uri)).options(self.options))
    }
}

ends!(AggregateList => DataSourceList, |data: Option<DataSourceList>| Ok(data.unwrap_or_default()));

/// A condition of [`BasicList::filter`]: one field, one of several values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct QueryFilter {
    name: String,
    values: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#match: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    like: Option<bool>,
}

impl QueryFilter {
    /// The field `name` is one of `values`, of which there must be at least one.
    pub fn new<S: Into<String>>(
        name: impl Into<String>,
        values: impl IntoIterator<Item = S>,
    ) -> Self {
        Self {
            name: name.into(),
            values: values.into_iter().map(Into::into).collect(),
            r#match: None,
            like: None,
        }
    }

    /// Whether the value must be the same. Default: yes.
    #[doc(alias = "Match")]
    #[must_use]
    pub fn exact(mut self, exact: bool) -> Self {
        self.r#match = Some(exact);
        self
    }

    /// Whether the value may be a part.
    #[doc(alias = "Like")]
    #[must_use]
    pub fn like(mut self, like: bool) -> Self {
        self.like = Some(like);
        self
    }
}

/// Lists data sources in short; awaited, it gives a [`BasicDataSources`].
#[derive(Debug)]
#[must_use = "does nothing until it is sent or awaited"]
pub struct BasicList {
    client: Client,
    body: BasicListBody,
    options: CallOptions,
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
struct BasicListBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    id_list: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name_list: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    page_num: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    page_size: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    query_all: Option<bool>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    query_filter_list: Vec<QueryFilter>,
    #[serde(skip_serializing_if = "Option::is_none")]
    only_flex_db: Option<bool>,
}

/// Data sources in short, and how many there are in all.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct BasicDataSources {
    /// Those of this page.
    #[serde(rename = "DataSourceList", deserialize_with = "null_as_default")]
    pub data_sources: Vec<BasicDataSource>,
    /// How many there are in all.
    #[serde(with = "crate::lossless::integer::option")]
    pub total: Option<u64>,
}

impl BasicList {
    /// Only those with these ids.
    pub fn ids<S: Into<String>>(mut self, ids: impl IntoIterator<Item = S>) -> Self {
        self.body.id_list = Some(ids.into_iter().map(Into::into).collect());
        self
    }

    /// Only those with these names.
    pub fn names<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.body.name_list = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// The page `number`, counted from 1, of `size`. Default: the first 10.
    pub fn page(mut self, number: u32, size: u32) -> Self {
        self.body.page_num = Some(number);
        self.body.page_size = Some(size);
        self
    }

    /// All of them, whatever the page.
    pub fn query_all(mut self, all: bool) -> Self {
        self.body.query_all = Some(all);
        self
    }

    /// Only those for which this holds.
    pub fn filter(mut self, filter: QueryFilter) -> Self {
        self.body.query_filter_list.push(filter);
        self
    }

    /// Only those over the document database.
    pub fn only_flex_db(mut self, only: bool) -> Self {
        self.body.only_flex_db = Some(only);
        self
    }

    fn client(&self) -> &Client {
        &self.client
    }

    /// The call, without sending it.
    ///
    /// # Errors
    ///
    /// If an argument was refused.
    pub fn operation(self) -> Result<Operation> {
        const NAME: &str = "models.basic_data_source_list";
        const PATH: &str = "/v1/model/datasource/prod/basicDataSourceList";
        let refused = if self.body.page_num == Some(0) || self.body.page_size == Some(0) {
            Some(Error::argument("page", "number and size count from 1"))
        } else if self
            .body
            .query_filter_list
            .iter()
            .any(|f| f.name.is_empty() || f.values.is_empty())
        {
            Some(Error::argument(
                "filter",
                "needs a field and at least one value",
            ))
        } else {
            None
        };
        if let Some(error) = refused {
            return Err(error.with_operation(NAME));
        }
        let operation = Operation::new(NAME, PATH, Method::POST, Uri::from_static(PATH));
        Ok(coded(operation.json(&self.body)?)
            .idempotency(Idempotency::Safe)
            .options(self.options))
    }
}

ends!(BasicList => BasicDataSources, |data: Option<BasicDataSources>| Ok(data.unwrap_or_default()));
