//! What the service says of data sources. Every field may be absent, null or of another type.

use cloudbase_core::Result;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::detail::{Element, detail};
use super::outcome::null_as_default;
use super::schema::JsonSchema;

/// Declares a record of details that are in PascalCase on the wire.
macro_rules! info {
    ($(#[$meta:meta])* $name:ident {
        $( $(#[$field_meta:meta])* $field:ident: $type:ty ),* $(,)?
    }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq, Deserialize)]
        #[serde(rename_all = "PascalCase", default)]
        #[non_exhaustive]
        pub struct $name {
            $( $(#[$field_meta])* #[serde(deserialize_with = "detail")] pub $field: $type, )*
        }

        impl Element for $name {
            fn read(value: Value) -> Option<Self> {
                value.is_object().then(|| serde_json::from_value(value).ok())?
            }
        }
    };
}

/// Gives a record with a field `schema: Option<String>` the parsed schema.
macro_rules! parses_schema {
    ($name:ident) => {
        impl $name {
            /// The schema, parsed; `None` if it is absent.
            ///
            /// # Errors
            ///
            /// [`ErrorKind::Decode`](cloudbase_core::ErrorKind::Decode) if it is no JSON schema.
            pub fn json_schema(&self) -> Result<Option<JsonSchema>> {
                match self.schema.as_deref() {
                    None => Ok(None),
                    Some(text) if text.trim().is_empty() => Ok(None),
                    Some(text) => JsonSchema::parse(text).map(Some),
                }
            }
        }
    };
}

info! {
    /// A data source with all that is known of it.
    DataSource {
        /// The id.
        id: Option<String>,
        /// The name in programs.
        name: Option<String>,
        /// The name that people see.
        title: Option<String>,
        /// `database`, `connector`, …
        r#type: Option<String>,
        /// `database`, `custom-connector`, …
        sub_type: Option<String>,
        /// What it is for.
        description: Option<String>,
        /// The JSON schema as text; see [`json_schema`](Self::json_schema).
        schema: Option<String>,
        /// The methods as JSON text.
        methods: Option<String>,
        /// The functions as JSON text.
        fun: Option<String>,
        /// The environment.
        env_id: Option<String>,
        /// The content-management project.
        cms_project: Option<String>,
        /// The package.
        pkg_id: Option<String>,
        /// The version of the schema.
        schema_version: Option<String>,
        /// Who made it.
        creator_id: Option<String>,
        /// When it was made.
        created_at: Option<String>,
        /// When it was changed last.
        updated_at: Option<String>,
        /// When it was published last.
        published_at: Option<String>,
        /// The version of the data source.
        data_source_version: Option<String>,
        /// `MYSQL`, `FLEXDB`, …
        db_instance_type: Option<String>,
        /// The connector of an external database.
        db_link_name: Option<String>,
        /// Where its data is.
        db_source_type: Option<String>,
        /// Settings: JSON text in lists, an object in details.
        configuration: Option<Value>,
        /// Whether it is authorised.
        auth_status: Option<String>,
        /// Who authorised it.
        auth_info: Option<AuthInfo>,
        /// The ids of data sources below it.
        child_data_source_ids: Vec<String>,
        /// The names of data sources below it.
        child_data_source_names: Vec<String>,
        /// Whether it is of the new kind: 1 or 0.
        is_new_data_source: Option<i64>,
        /// The table of the trial data.
        preview_table_name: Option<String>,
        /// The table of the published data.
        published_table_name: Option<String>,
        /// Whether it is published.
        publish_status: Option<i64>,
        /// The published version.
        publish_version: Option<String>,
        /// The published view.
        publish_view_id: Option<String>,
        /// The view.
        view_id: Option<String>,
        /// The state of its function.
        scf_status: Option<i64>,
        /// Where it comes from.
        source: Option<i64>,
        /// The template that it was made of.
        template_code: Option<String>,
        /// How often it was changed.
        update_version: Option<i64>,
        /// Its relations.
        relation_field_list: Vec<RelationField>,
        /// The applications that use it.
        app_usage_list: Vec<AppUsage>,
    }
}

parses_schema!(DataSource);

info! {
    /// Who authorised a data source.
    AuthInfo {
        /// The user.
        auth_user: Option<String>,
    }
}

info! {
    /// A relation of a data source.
    RelationField {
        /// The field that holds it.
        field: Option<String>,
        /// The kind of relation.
        format: Option<String>,
        /// The data source on the other side.
        relate_data_source_name: Option<String>,
    }
}

info! {
    /// An application that uses a data source.
    AppUsage {
        /// The application.
        id: Option<String>,
        /// Its title.
        title: Option<String>,
        /// The data source.
        data_source_id: Option<String>,
        /// Whether it is used while editing.
        edit_status_use: Option<Value>,
        /// Whether it is used in the preview.
        preview_status_use: Option<Value>,
        /// Whether it is used online.
        online_status_use: Option<Value>,
    }
}

info! {
    /// A data source in short.
    BasicDataSource {
        /// The id.
        id: Option<String>,
        /// The name in programs.
        name: Option<String>,
        /// The name that people see.
        title: Option<String>,
        /// `database`, `connector`, …
        r#type: Option<String>,
        /// `database`, `custom-connector`, …
        sub_type: Option<String>,
        /// The JSON schema as text; see [`json_schema`](Self::json_schema).
        schema: Option<String>,
        /// The methods as JSON text.
        methods: Option<String>,
        /// The functions as JSON text.
        fun: Option<String>,
        /// The names of data sources below it.
        child_data_source_names: Vec<String>,
        /// `MYSQL`, `FLEXDB`, …
        db_instance_type: Option<String>,
        /// The kind of connector of an external database.
        db_link_type: Option<String>,
        /// Where its data is.
        db_source_type: Option<String>,
        /// The table of the trial data.
        preview_table_name: Option<String>,
        /// The table of the published data.
        published_table_name: Option<String>,
        /// Whether what is published is cached.
        publish_cache_status: Option<String>,
        /// Whether it is published.
        publish_status: Option<i64>,
        /// How its tables are named.
        table_name_rule: Option<String>,
        /// When it was changed last.
        update_time: Option<String>,
    }
}

parses_schema!(BasicDataSource);

info! {
    /// What is known of a table.
    DataSourceTable {
        /// Whether a data source stands behind it.
        is_data_source: Option<bool>,
        /// Whether it holds trial data.
        is_preview: Option<bool>,
        /// The name of the data source.
        name: Option<String>,
        /// The JSON schema as text; see [`json_schema`](Self::json_schema).
        schema: Option<String>,
        /// The table.
        table_name: Option<String>,
        /// The name that people see.
        title: Option<String>,
    }
}

parses_schema!(DataSourceTable);

info! {
    /// A data source with its schema and how it is related.
    DataSourceRelation {
        /// The id.
        id: Option<String>,
        /// The name in programs.
        name: Option<String>,
        /// The name that people see.
        title: Option<String>,
        /// The JSON schema as text; see [`json_schema`](Self::json_schema).
        schema: Option<String>,
        /// The field that holds the relation.
        related_field_key: Option<String>,
        /// The kind of relation.
        related_type: Option<String>,
        /// The views of the relation.
        relation_view_list: Vec<Value>,
    }
}

parses_schema!(DataSourceRelation);

/// Data sources, and how many there are in all.
#[doc(alias = "AggregateDataSourceListResponse")]
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct DataSourceList {
    /// How many there are in all.
    #[serde(deserialize_with = "detail")]
    pub count: Option<i64>,
    /// Those of this page.
    #[serde(deserialize_with = "null_as_default")]
    pub rows: Vec<DataSource>,
}

/// The tables of a data source.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[non_exhaustive]
pub struct TableNames {
    /// Their names.
    #[serde(rename = "TableName", deserialize_with = "one_or_many")]
    pub names: Vec<String>,
    /// The kind of database.
    #[serde(deserialize_with = "detail")]
    pub db_type: Option<String>,
}

/// A list of names, or the only one, or null.
fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "a name or a list of names")]
    enum Names {
        One(String),
        Many(Vec<String>),
    }
    Ok(match Option::deserialize(deserializer)? {
        None => Vec::new(),
        Some(Names::One(name)) => vec![name],
        Some(Names::Many(names)) => names,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_whatever_is_null_or_missing() {
        let text = r#"{"Id":"ds-8k2","Name":"todo","Title":null,"Type":"database","SubType":"database",
            "DbInstanceType":"MYSQL","Schema":"{\"type\":\"object\",\"properties\":{\"a\":{}}}","Methods":"[]",
            "PublishStatus":"1","AuthStatus":2,"IsNewDataSource":true,"Configuration":{"a":1},
            "ChildDataSourceIds":null,"RelationFieldList":[{"Field":"a","Format":"many-to-one"}],
            "AppUsageList":null,"AuthInfo":{"AuthUser":"u"},"Something":"new"}"#;
        let source: DataSource = serde_json::from_str(text).unwrap();
        assert_eq!(source.id.as_deref(), Some("ds-8k2"));
        assert_eq!(source.r#type.as_deref(), Some("database"));
        assert_eq!(
            (source.publish_status, source.is_new_data_source),
            (Some(1), Some(1))
        );
        assert_eq!(source.auth_status.as_deref(), Some("2"));
        assert_eq!(
            source.relation_field_list[0].format.as_deref(),
            Some("many-to-one")
        );
        assert!(
            source
                .json_schema()
                .unwrap()
                .unwrap()
                .property("a")
                .is_some()
        );
        assert_eq!(
            serde_json::from_str::<DataSource>("{}").unwrap(),
            DataSource::default()
        );
        assert_eq!(BasicDataSource::default().json_schema().unwrap(), None);
        let broken = BasicDataSource {
            schema: Some("{".into()),
            ..Default::default()
        };
        assert!(broken.json_schema().is_err());
    }

    #[test]
    fn table_names_come_in_three_forms() {
        for (text, names) in [
            (r#"{"TableName":["a","b"],"DbType":"x"}"#, vec!["a", "b"]),
            (r#"{"TableName":"a"}"#, vec!["a"]),
            (r#"{"TableName":null}"#, vec![]),
        ] {
            assert_eq!(
                serde_json::from_str::<TableNames>(text).unwrap().names,
                names
            );
        }
    }
}
