//! What a data model is: its JSON schema, its fields and the tables that hold it.

mod table;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::data::catalog::Table;
use crate::data::permission::TablePermission;

use self::table::link_table;

/// All models by name.
#[derive(Debug, Default)]
pub(crate) struct Models(BTreeMap<String, Model>);

/// A data model.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) id: String,
    pub(crate) description: String,
    /// The JSON schema as it was given.
    pub(crate) schema: Value,
    pub(crate) methods: Value,
    pub(crate) fields: Vec<Field>,
    pub(crate) permission: Option<TablePermission>,
}

/// A field that a schema names; the system's own are not among them.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) kind: FieldKind,
    pub(crate) required: bool,
    pub(crate) unique: bool,
    pub(crate) default: Option<Value>,
}

/// What a field holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum FieldKind {
    Text,
    Number,
    Integer,
    Boolean,
    /// Any JSON.
    Json,
    Relation(Relation),
}

/// A field that leads to another model.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Relation {
    /// `many-one`, `one-one`, `one-many` or `many-many`.
    pub(crate) format: String,
    /// The other model.
    pub(crate) target: String,
    pub(crate) storage: Storage,
}

/// How a relation is kept.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Storage {
    /// The record's own column holds the `_id` of the other.
    Column,
    /// The others' column holds the `_id` of this one.
    Inverse(String),
    /// A table of pairs: its name, the column of this side and the column of the other.
    Link {
        table: String,
        here: &'static str,
        there: &'static str,
    },
}

/// The fields that the system fills in.
pub(crate) const SYSTEM: [&str; 7] = [
    "_id",
    "owner",
    "createdAt",
    "updatedAt",
    "createBy",
    "updateBy",
    "_openid",
];

impl Models {
    /// Reads schemas and ties their relations together.
    pub(crate) fn parse(texts: &[(String, String)]) -> Result<Self, String> {
        let mut models = BTreeMap::new();
        for (fallback, text) in texts {
            let value: Value = serde_json::from_str(text)
                .map_err(|error| format!("data model {fallback}: the file is no JSON: {error}"))?;
            let model = Model::parse(fallback, &value)?;
            let name = model.name.clone();
            if models.insert(name.clone(), model).is_some() {
                return Err(format!("data model {name} is given twice"));
            }
        }
        let mut models = Self(models);
        models.relate()?;
        Ok(models)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Model> {
        self.0.get(name)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Model> {
        self.0.values()
    }

    /// All tables that the models need.
    pub(crate) fn tables(&self) -> Vec<Table> {
        let mut tables: Vec<Table> = Vec::new();
        for preview in [false, true] {
            for model in self.iter() {
                tables.push(model.table(preview));
                for (_, relation) in model.relations() {
                    if let Storage::Link { table, .. } = &relation.storage {
                        let name = with_preview(table, preview);
                        if !tables.iter().any(|known| known.name == name) {
                            tables.push(link_table(name));
                        }
                    }
                }
            }
        }
        tables
    }

    /// Finds out how each relation is kept, from both of its ends.
    fn relate(&mut self) -> Result<(), String> {
        let ends: Vec<(String, String, String, String)> = self
            .iter()
            .flat_map(|model| {
                model.relations().map(|(field, relation)| {
                    let (format, target) = (relation.format.clone(), relation.target.clone());
                    (model.name.clone(), field.to_owned(), format, target)
                })
            })
            .collect();
        for (model, field, format, target) in &ends {
            if !self.0.contains_key(target) {
                return Err(format!(
                    "data model {model}: field {field} leads to {target}, which is no model"
                ));
            }
            let back = |formats: &[&str]| {
                let mut found = ends.iter().filter(|(from, other, how, to)| {
                    from == target
                        && to == model
                        && formats.contains(&how.as_str())
                        && (from, other) != (model, field)
                });
                let first = found.next().map(|(_, field, _, _)| field.clone());
                if found.next().is_some() { None } else { first }
            };
            let link = |from: &str, field: &str| format!("{from}_{field}_links");
            let storage = match format.as_str() {
                "many-one" => Storage::Column,
                // Both ends of a one-one may name it; the one that sorts first keeps the column.
                "one-one" => match back(&["one-one"]) {
                    Some(other) if (target, &other) < (model, field) => Storage::Inverse(other),
                    _ => Storage::Column,
                },
                "one-many" => match back(&["many-one"]) {
                    Some(other) => Storage::Inverse(other),
                    None => Storage::Link {
                        table: link(model, field),
                        here: "left_id",
                        there: "right_id",
                    },
                },
                _ => match back(&["many-many"]) {
                    Some(other) if (target, &other) < (model, field) => Storage::Link {
                        table: link(target, &other),
                        here: "right_id",
                        there: "left_id",
                    },
                    _ => Storage::Link {
                        table: link(model, field),
                        here: "left_id",
                        there: "right_id",
                    },
                },
            };
            let place = self
                .0
                .get_mut(model)
                .and_then(|model| model.fields.iter_mut().find(|known| known.name == *field));
            if let Some(Field {
                kind: FieldKind::Relation(relation),
                ..
            }) = place
            {
                relation.storage = storage;
            }
        }
        Ok(())
    }
}

impl Model {
    /// Reads a bare JSON schema, a wrapper around one, or an exported data-source record.
    fn parse(fallback: &str, value: &Value) -> Result<Self, String> {
        let get = |lower: &str, upper: &str| value.get(upper).or_else(|| value.get(lower));
        let text =
            |lower: &str, upper: &str| get(lower, upper).and_then(Value::as_str).map(str::to_owned);
        let schema = match get("schema", "Schema") {
            // Records carry it as text.
            Some(Value::String(text)) => serde_json::from_str(text).map_err(|error| {
                format!("data model {fallback}: its schema is no JSON: {error}")
            })?,
            Some(schema) => schema.clone(),
            None => value.clone(),
        };
        let name = text("name", "Name").unwrap_or_else(|| fallback.to_owned());
        let valid = name
            .chars()
            .next()
            .is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
            && name.len() <= 60;
        if !valid || matches!(name.as_str(), "plugin" | "datasource") {
            return Err(format!("data model {name:?}: not a name for a model"));
        }
        let properties = schema
            .get("properties")
            .and_then(Value::as_object)
            .ok_or_else(|| format!("data model {name}: its schema has no properties"))?;
        let required: Vec<&str> = schema
            .get("required")
            .and_then(Value::as_array)
            .map(|list| list.iter().filter_map(Value::as_str).collect())
            .unwrap_or_default();
        let mut fields = Vec::new();
        for (field, property) in properties {
            if SYSTEM.contains(&field.as_str()) {
                continue;
            }
            fields.push(Field {
                name: field.clone(),
                kind: kind(&name, field, property)?,
                required: required.contains(&field.as_str()),
                unique: property
                    .get("x-unique")
                    .and_then(Value::as_bool)
                    .unwrap_or(false),
                default: property.get("default").cloned(),
            });
        }
        let permission = match text("permission", "Permission").as_deref() {
            None => None,
            Some("PRIVATE") => Some(TablePermission::OwnerOnly),
            Some("READONLY") => Some(TablePermission::ReadAllWriteOwner),
            Some("ADMINWRITE") => Some(TablePermission::ReadAllWriteAdmin),
            Some("ADMINONLY") => Some(TablePermission::AdminOnly),
            Some("OPEN") => Some(TablePermission::Open),
            Some(other) => {
                return Err(format!(
                    "data model {name}: permission {other:?} is unknown; expected one of PRIVATE, READONLY, ADMINWRITE, ADMINONLY, OPEN"
                ));
            }
        };
        Ok(Self {
            title: text("title", "Title").unwrap_or_else(|| name.clone()),
            id: text("id", "Id").unwrap_or_else(|| format!("ds-{name}")),
            description: text("description", "Description").unwrap_or_default(),
            methods: get("methods", "Methods")
                .cloned()
                .unwrap_or_else(|| json!([])),
            name,
            schema,
            fields,
            permission,
        })
    }

    pub(crate) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    pub(crate) fn relations(&self) -> impl Iterator<Item = (&str, &Relation)> {
        self.fields.iter().filter_map(|field| match &field.kind {
            FieldKind::Relation(relation) => Some((field.name.as_str(), relation)),
            _ => None,
        })
    }

    pub(crate) fn table_name(&self, preview: bool) -> String {
        with_preview(&self.name, preview)
    }
}

/// The name of a table for published or trial data.
pub(crate) fn with_preview(name: &str, preview: bool) -> String {
    if preview {
        format!("{name}_preview")
    } else {
        name.to_owned()
    }
}

fn kind(model: &str, field: &str, property: &Value) -> Result<FieldKind, String> {
    let format = property
        .get("format")
        .and_then(Value::as_str)
        .unwrap_or_default();
    if matches!(format, "many-one" | "one-one" | "one-many" | "many-many") {
        let parent = property.get("x-parent").and_then(Value::as_object);
        let target = parent
            .and_then(|parent: &Map<String, Value>| parent.get("parentDataSourceName"))
            .and_then(Value::as_str)
            .ok_or_else(|| {
                format!("data model {model}: relation {field} needs x-parent.parentDataSourceName")
            })?;
        return Ok(FieldKind::Relation(Relation {
            format: format.to_owned(),
            target: target.to_owned(),
            storage: Storage::Column,
        }));
    }
    match property.get("type").and_then(Value::as_str) {
        Some("string") => Ok(FieldKind::Text),
        Some("number") => Ok(FieldKind::Number),
        Some("integer") => Ok(FieldKind::Integer),
        Some("boolean") => Ok(FieldKind::Boolean),
        Some("object" | "array") | None => Ok(FieldKind::Json),
        Some(other) => Err(format!(
            "data model {model}: field {field} is of the unknown type {other:?}"
        )),
    }
}
