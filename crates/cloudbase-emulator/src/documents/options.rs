//! What a test or a command line says about the document database.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use bson::{Bson, Document};

use super::ejson::{Decoder, regexes};
use super::permission::CollectionPermission;
use super::store::IndexSpec;
use crate::EmulatorBuilder;
use crate::error::StartError;

/// What the builder's methods of this area collected.
#[derive(Debug, Default)]
pub(crate) struct DocumentOptions {
    sources: Vec<Source>,
    pub(super) permissions: Vec<(String, CollectionPermission)>,
    pub(super) transaction_lifetime: Option<Duration>,
}

/// Where documents come from.
#[derive(Debug)]
enum Source {
    Text(String),
    File(PathBuf),
}

/// A text of collections, and what errors call it.
#[derive(Debug)]
pub(super) struct Seed {
    name: String,
    text: Vec<u8>,
}

/// A collection as it is at the start.
#[derive(Debug)]
pub(super) struct Declared {
    pub(super) name: String,
    pub(super) permission: Option<CollectionPermission>,
    pub(super) indexes: Vec<IndexSpec>,
    pub(super) documents: Vec<Document>,
}

impl EmulatorBuilder {
    /// Adds collections of the document database from JSON, made at the start and after each reset: an object with a list of
    /// documents, or `{"permission"?, "rules"?, "indexes"?, "documents"?}`, for each name.
    ///
    /// ```
    /// # use cloudbase_emulator::Emulator;
    /// let builder = Emulator::builder().documents(r#"{
    ///     "stock": [{"_id": "milk", "left": 3, "since": {"$date": "2026-01-01T00:00:00Z"}}],
    ///     "todos": {
    ///         "permission": "READONLY",
    ///         "indexes": ["owner", ["list", "at"], {"fields": ["slug"], "unique": true}],
    ///         "documents": []
    ///     }
    /// }"#);
    /// ```
    ///
    /// Documents are relaxed or canonical Extended JSON; one without `_id` gets an id as text. `permission` is `PRIVATE` (the
    /// default), `READONLY`, `ADMINWRITE` or `ADMINONLY`; instead of it, `rules` is `{"read": …, "write": …}`, see
    /// [`CollectionPermission::Custom`]. A collection kept from an earlier run in a data directory keeps its documents, and gets
    /// the indexes that it has not.
    pub fn documents(mut self, collections: impl fmt::Display) -> Self {
        let text = collections.to_string();
        self.documents.sources.push(Source::Text(text));
        self
    }

    /// Like [`documents`](Self::documents), from a file.
    pub fn documents_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.documents.sources.push(Source::File(path.into()));
        self
    }

    /// Says who may read and write a collection of the document database, which is made if it is not there. Default:
    /// [`CollectionPermission::OwnerOnly`].
    pub fn collection_permission(
        mut self,
        collection: impl Into<String>,
        permission: CollectionPermission,
    ) -> Self {
        let permission = (collection.into(), permission);
        self.documents.permissions.push(permission);
        self
    }

    /// Limits how long a transaction of the document database may be open, by the emulator's clock. Default: 60 seconds.
    pub fn document_transaction_lifetime(mut self, lifetime: Duration) -> Self {
        self.documents.transaction_lifetime = Some(lifetime);
        self
    }
}

impl DocumentOptions {
    /// All sources, files read.
    pub(super) fn seeds(&self) -> Result<Vec<Seed>, StartError> {
        let seed = |source: &Source| match source {
            Source::Text(text) => Ok(Seed {
                name: "documents".to_owned(),
                text: text.clone().into_bytes(),
            }),
            Source::File(path) => {
                let name = path.display().to_string();
                let text = std::fs::read(path)
                    .map_err(|error| StartError::caused_by(format!("cannot read {name}"), error))?;
                Ok(Seed { name, text })
            }
        };
        self.sources.iter().map(seed).collect()
    }
}

impl Seed {
    /// The collections, at this time.
    pub(super) fn collections(&self, now_ms: i64) -> Result<Vec<Declared>, StartError> {
        let text = self
            .text
            .strip_prefix(b"\xef\xbb\xbf")
            .unwrap_or(&self.text);
        let collections = Decoder::at(now_ms)
            .document(text)
            .map_err(|error| StartError::caused_by(&*self.name, error))?;
        let declared = collections.into_iter().map(|(name, value)| {
            let read = declared(name.clone(), value);
            read.map_err(|rule| {
                StartError::new(format!("{}: collection `{name}`: {rule}", self.name))
            })
        });
        declared.collect()
    }
}

fn declared(name: String, value: Bson) -> Result<Declared, String> {
    let mut declared = Declared {
        name,
        permission: None,
        indexes: Vec::new(),
        documents: Vec::new(),
    };
    let fields = match value {
        Bson::Document(fields) => fields,
        list => Document::from_iter([("documents".to_owned(), list)]),
    };
    for (key, value) in fields {
        match (key.as_str(), value) {
            ("documents", Bson::Array(documents)) => {
                declared.documents = documents
                    .into_iter()
                    .map(document)
                    .collect::<Result<_, _>>()?;
            }
            ("indexes", Bson::Array(indexes)) => {
                declared.indexes = indexes.iter().map(index).collect::<Result<_, _>>()?;
            }
            ("permission", Bson::String(name)) => {
                let permission = CollectionPermission::named(&name).ok_or_else(|| {
                    format!("unknown permission `{name}`; expected PRIVATE, READONLY, ADMINWRITE or ADMINONLY")
                })?;
                declared.permission = Some(permission);
            }
            ("rules", Bson::Document(rules)) => {
                let rule = |kind| match rules.get(kind) {
                    Some(Bson::String(rule)) => Ok(rule.clone()),
                    Some(Bson::Boolean(rule)) => Ok(rule.to_string()),
                    _ => Err(format!("rules.{kind}: expected a rule")),
                };
                declared.permission = Some(CollectionPermission::Custom {
                    read: rule("read")?,
                    write: rule("write")?,
                });
            }
            (key @ ("documents" | "indexes" | "permission" | "rules"), _) => {
                return Err(format!("{key}: wrong type"));
            }
            (key, _) => {
                return Err(format!(
                    "unknown key `{key}`; expected permission, rules, indexes or documents"
                ));
            }
        }
    }
    Ok(declared)
}

fn document(value: Bson) -> Result<Document, String> {
    match regexes(value) {
        Bson::Document(document) => Ok(document),
        _ => Err("documents: expected objects".to_owned()),
    }
}

/// `"field"`, `["field", …]` or `{"fields", "unique"}`.
fn index(value: &Bson) -> Result<IndexSpec, String> {
    let (fields, is_unique) = match value {
        Bson::Document(index) => {
            if let Some(key) = index
                .keys()
                .find(|key| !matches!(key.as_str(), "fields" | "unique"))
            {
                return Err(format!(
                    "indexes: unknown key `{key}`; expected fields and unique"
                ));
            }
            let is_unique = match index.get("unique") {
                None => false,
                Some(Bson::Boolean(is_unique)) => *is_unique,
                Some(_) => return Err("indexes: unique: expected true or false".to_owned()),
            };
            (index.get("fields").unwrap_or(&Bson::Null), is_unique)
        }
        fields => (fields, false),
    };
    let paths = match fields {
        Bson::String(field) => vec![field.clone()],
        Bson::Array(fields) => {
            let fields = fields.iter().map(|field| field.as_str().map(str::to_owned));
            fields.collect::<Option<_>>().unwrap_or_default()
        }
        _ => Vec::new(),
    };
    IndexSpec::new(paths, is_unique).map_err(|rule| format!("indexes: {rule}"))
}
