//! Queries about data sources: which there are, their schemas and tables.

mod lists;

use std::fmt;
use std::marker::PhantomData;

use cloudbase_core::http::{Method, Uri};
use cloudbase_core::{
    CallOptions, Client, Error, ErrorKind, Idempotency, Operation, PathBuilder, Response, Result,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::lists::{AggregateList, BasicDataSources, BasicList, QueryFilter};
use super::data_source_info::{
    BasicDataSource, DataSource, DataSourceList, DataSourceRelation, DataSourceTable, TableNames,
};
use super::detail::detail;
use super::outcome::null_as_default;
use super::request::{coded, ends};

const TABLE_NAME: &str = "/v1/model/datasource/prod/tableName";

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

    /// Returns the schemas of these data sources; of none named, of all: see
    /// [`all_schemas`](Self::all_schemas).
    #[doc(alias = "getSchemaList")]
    #[doc(alias = "dataSourceNameList")]
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

    /// Returns the schemas of all data sources.
    ///
    /// ```no_run
    /// # async fn run(models: cloudbase_data::Models) -> cloudbase_core::Result<()> {
    /// for source in models.data_sources().all_schemas().await? {
    ///     println!("{:?}", source.name);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn all_schemas(&self) -> DataSourceQuery<Vec<DataSourceRelation>> {
        self.schemas::<&str>([])
    }

    /// Returns the tables of a data source.
    #[doc(alias = "getTableName")]
    pub fn table_names(&self, data_source: impl AsRef<str>) -> DataSourceQuery<TableNames> {
        let name = data_source.as_ref();
        self.tables(if name.is_empty() {
            Err(Error::argument("data source", "must have a name"))
        } else {
            Ok(PathBuilder::new(TABLE_NAME).query("dataSourceName", name))
        })
    }

    /// Returns the tables without naming a data source, as `getTableName()` of the Flutter SDK does.
    ///
    /// What the service returns for it is not documented.
    pub fn all_table_names(&self) -> DataSourceQuery<TableNames> {
        self.tables(Ok(PathBuilder::new(TABLE_NAME)))
    }

    fn tables(&self, path: Result<PathBuilder>) -> DataSourceQuery<TableNames> {
        self.query("models.table_name", TABLE_NAME, path, read)
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
            response: PhantomData,
        }
    }
}

#[derive(Default, Deserialize)]
struct TableInfos {
    #[serde(
        rename = "DataSourceTableInfos",
        default,
        deserialize_with = "null_as_default"
    )]
    tables: Vec<DataSourceTable>,
}

#[derive(Default, Deserialize)]
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
    let response = client.fetch_json::<Value>(operation).await?;
    let id = response.value().get("requestId").and_then(Value::as_str);
    let id = id.map(str::to_owned);
    Ok(response
        .with_request_id(id)
        .map(|mut response| match response.get_mut("data") {
            Some(data) => data.take(),
            None => response,
        }))
}

/// An object with a list of something; null stands for nothing.
fn read<T: DeserializeOwned + Default>(data: Value) -> Result<T> {
    object(data).map(Option::unwrap_or_default)
}

fn object<T: DeserializeOwned>(data: Value) -> Result<Option<T>> {
    // Structs could be read from lists too, by position.
    if data.is_array() {
        let message = "the data of the response is a list, not an object";
        return Err(Error::new(ErrorKind::Decode, message));
    }
    cloudbase_core::from_json(data.to_string().as_bytes())
}

/// One data source, or none: null, or an object without an id or name.
fn present<T: DeserializeOwned>(data: Value) -> Result<Option<T>> {
    let named = |name: &str| data.get(name).is_some_and(|value| !value.is_null());
    if data.is_object() && !named("Id") && !named("Name") {
        return Ok(None);
    }
    object(data)
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
    response: PhantomData<fn() -> T>,
}

cloudbase_core::request_builder! {
    /// [`ErrorKind::Argument`](cloudbase_core::ErrorKind::Argument) before anything is sent; whatever
    /// the service or the way to it reports, a response with a `code` included.
    impl[T: Send + 'static] DataSourceQuery<T> => T; call, product, operation
}

impl<T> DataSourceQuery<T> {
    fn build(self) -> Result<Operation> {
        let uri = self.uri.map_err(|error| error.with_operation(self.name))?;
        let operation = Operation::new(self.name, self.template, Method::GET, uri);
        Ok(coded(operation).options(self.options))
    }

    async fn respond(self) -> Result<Response<T>> {
        let (client, decode) = (self.client.clone(), self.decode);
        fetch_data(&client, self.build()?).await?.try_map(decode)
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
