//! The two queries for data sources that are lists: filtered, paged.

use super::*;

impl DataSources {
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

    /// Lists data sources in short.
    #[doc(alias = "getBasicDataSourceList")]
    pub fn basic_list(&self) -> BasicList {
        BasicList {
            client: self.client.clone(),
            body: BasicListBody::default(),
            options: CallOptions::default(),
        }
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

    fn build(self) -> Result<Operation> {
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

ends!([product] AggregateList => DataSourceList, |data: Option<DataSourceList>| Ok(data.unwrap_or_default()), |_: &AggregateList| None);

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
    #[serde(deserialize_with = "detail")]
    pub total: Option<u64>,
}

impl BasicList {
    /// Only those with these ids.
    #[doc(alias = "idList")]
    pub fn ids<S: Into<String>>(mut self, ids: impl IntoIterator<Item = S>) -> Self {
        self.body.id_list = Some(ids.into_iter().map(Into::into).collect());
        self
    }

    /// Only those with these names.
    #[doc(alias = "nameList")]
    pub fn names<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.body.name_list = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// The page `number`, counted from 1, of `size`. Default: the first 10.
    #[doc(alias = "pageNum")]
    #[doc(alias = "pageSize")]
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
    #[doc(alias = "queryFilterList")]
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

    fn build(self) -> Result<Operation> {
        const NAME: &str = "models.basic_data_source_list";
        const PATH: &str = "/v1/model/datasource/prod/basicDataSourceList";
        let invalid = if self.body.page_num == Some(0) || self.body.page_size == Some(0) {
            Some(Error::argument(
                "page",
                "must have a number and a size of at least 1",
            ))
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
        if let Some(error) = invalid {
            return Err(error.with_operation(NAME));
        }
        let operation = Operation::new(NAME, PATH, Method::POST, Uri::from_static(PATH));
        Ok(coded(operation.json(&self.body)?)
            .idempotency(Idempotency::Safe)
            .options(self.options))
    }
}

ends!([product] BasicList => BasicDataSources, |data: Option<BasicDataSources>| Ok(data.unwrap_or_default()), |_: &BasicList| None);
