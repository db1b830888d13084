//! Runs `tests/vectors/documents` of the repository on the engine, without endpoints.

use std::{collections::HashMap, fs, path::PathBuf};

use bson::{Bson, Document, doc};
use regex::Regex;
use serde::Deserialize;

use super::{
    super::{
        Collections, Direction, Filter, Pipeline, Projection, Rejection, Replacement, Result, Sort,
        Update,
    },
    NOW,
    equality::Rules,
};

#[test]
fn filters_meet_the_vectors() {
    run("filter", 96);
}

#[test]
fn updates_meet_the_vectors() {
    run("update", 99);
}

#[test]
fn projections_meet_the_vectors() {
    run("projection", 21);
}

#[test]
fn sorting_meets_the_vectors() {
    run("sort", 18);
}

#[test]
fn pipelines_meet_the_vectors() {
    run("aggregate", 258);
}

#[test]
fn geography_meets_the_vectors() {
    run("geo", 25);
}

#[derive(Deserialize)]
struct File {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    id: String,
    endpoint: String,
    documents: Vec<Document>,
    #[serde(default)]
    collections: HashMap<String, Vec<Document>>,
    operation: Operation,
    expected: Document,
    #[serde(default)]
    compare: Rules,
}

#[derive(Deserialize, Debug, Default)]
#[serde(rename_all = "camelCase", default)]
struct Operation {
    query: Document,
    data: Bson,
    pipeline: Vec<Bson>,
    projection: Option<Document>,
    order: Vec<Key>,
    doc_id: Option<String>,
    offset: usize,
    limit: Option<usize>,
    count: bool,
    multi: bool,
    upsert: bool,
    replace_mode: bool,
}

#[derive(Deserialize, Debug)]
struct Key {
    field: String,
    direction: String,
}

/// Runs the file's cases; at least so many of them must be about the engine.
fn run(area: &str, least: usize) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/vectors/documents")
        .join(format!("{area}.json"));
    let text = fs::read_to_string(&path).expect("vectors");
    // The bson crate reads a plain negative number as an int64 whatever its size; the wire's rule is the smallest type.
    let negative = Regex::new(r"([:\[,])(-\d{1,9})([,\]}])").expect("pattern");
    let text = negative.replace_all(&text, r#"$1{"$$numberInt":"$2"}$3"#);
    let file: File = serde_json::from_str(&text).expect("cases");
    let cases: Vec<_> = file
        .cases
        .into_iter()
        .filter(Case::is_of_the_engine)
        .collect();
    assert!(cases.len() >= least, "only {} cases", cases.len());
    let failures: Vec<String> = cases
        .into_iter()
        .filter_map(|case| {
            let failure = case.check().err()?;
            let Case {
                id,
                operation,
                expected,
                ..
            } = case;
            Some(format!("{id}: {operation:?} => {expected}\n    {failure}"))
        })
        .collect();
    assert!(
        failures.is_empty(),
        "{} failures\n{}",
        failures.len(),
        failures.join("\n")
    );
}

/// The other collections of a case.
struct Others<'a>(&'a HashMap<String, Vec<Document>>);

impl Collections for Others<'_> {
    fn documents(&self, collection: &str) -> Result<Vec<Document>> {
        Ok(self.0.get(collection).cloned().unwrap_or_default())
    }
}

impl Case {
    /// Ids in paths, insertions and rules about requests are the endpoints'.
    fn is_of_the_engine(&self) -> bool {
        let kind = self
            .expected
            .get_document("error")
            .and_then(|error| error.get_str("kind"));
        let of_requests = matches!(
            kind,
            Ok("duplicate" | "document_not_found" | "invalid_param")
        );
        !of_requests && !matches!(self.endpoint.as_str(), "insert" | "getById" | "removeById")
    }

    fn check(&self) -> Result<(), String> {
        let must_fail = self.expected.contains_key("error");
        match self.execute() {
            Err(_) if must_fail => Ok(()),
            Err(rejection) => Err(format!("rejected: {rejection}")),
            Ok(outcome) if must_fail => Err(format!("not rejected: {outcome}")),
            Ok(outcome) => {
                for (name, expected) in &self.expected {
                    let actual = outcome.get(name).unwrap_or(&Bson::Null);
                    if !self.compare.equal_results(name, expected, actual) {
                        return Err(format!("{name} is {actual}"));
                    }
                }
                Ok(())
            }
        }
    }

    fn execute(&self) -> Result<Document> {
        match self.endpoint.as_str() {
            "query" => self.query(),
            "aggregate" => {
                let pipeline = Pipeline::parse(&self.operation.pipeline, NOW)?;
                let mut list = pipeline.run(self.documents.clone(), &Others(&self.collections))?;
                if !pipeline.has_limit() {
                    list.truncate(20);
                }
                Ok(doc! { "list": list })
            }
            "update" => self.update(&self.operation.query),
            "updateById" => self.update(&doc! { "_id": self.operation.doc_id.clone() }),
            "remove" => self.remove(),
            endpoint => panic!("{endpoint}"),
        }
    }

    fn query(&self) -> Result<Document> {
        let operation = &self.operation;
        let filter = Filter::parse(&operation.query, NOW)?;
        let mut list = Vec::new();
        for document in &self.documents {
            if filter.matches(document)? {
                list.push(document.clone());
            }
        }
        if operation.count {
            return Ok(doc! { "total": list.len() as i64 });
        }
        if !operation.order.is_empty() {
            let keys = operation.order.iter().map(|key| {
                let direction = match key.direction.as_str() {
                    "desc" => Direction::Descending,
                    _ => Direction::Ascending,
                };
                (key.field.as_str(), direction)
            });
            list = Sort::new(keys)?.sort(list);
        } else if let Some(near) = filter.near() {
            list = near.sort(list);
        }
        let page = list
            .into_iter()
            .skip(operation.offset)
            .take(operation.limit.unwrap_or(20));
        let shown: Vec<_> = match &operation.projection {
            None => page.collect(),
            Some(projection) => {
                let projection = Projection::parse(projection)?;
                page.map(|document| projection.apply(document))
                    .collect::<Result<_>>()?
            }
        };
        Ok(doc! { "list": shown })
    }

    fn remove(&self) -> Result<Document> {
        let filter = Filter::parse(&self.operation.query, NOW)?;
        let most = if self.operation.multi { i32::MAX } else { 1 };
        let mut kept = Vec::new();
        let mut deleted = 0;
        for document in &self.documents {
            if deleted < most && filter.matches(document)? {
                deleted += 1;
            } else {
                kept.push(document.clone());
            }
        }
        Ok(doc! { "response": { "deleted": deleted }, "documents": kept })
    }

    fn update(&self, filter: &Document) -> Result<Document> {
        let filter = Filter::parse(filter, NOW)?;
        let Bson::Document(data) = &self.operation.data else {
            return Err(Rejection::new("data must be an object"));
        };
        let change = if self.operation.replace_mode {
            Change::Replace(Replacement::parse(data)?)
        } else {
            Change::Update(Update::parse(data, NOW)?)
        };
        let most = if self.operation.multi { i32::MAX } else { 1 };
        let (mut matched, mut updated, mut upsert_id) = (0, 0, Bson::String(String::new()));
        let mut documents = self.documents.clone();
        for document in &mut documents {
            if matched < most && filter.matches(document)? {
                matched += 1;
                updated += i32::from(change.apply(document)?);
            }
        }
        if matched == 0 && self.operation.upsert {
            let document = change.upserted(&filter)?;
            upsert_id = match document.get("_id") {
                Some(Bson::ObjectId(id)) => Bson::String(id.to_hex()),
                id => id.cloned().unwrap_or_default(),
            };
            documents.push(document);
        }
        let response = doc! { "matched": matched, "updated": updated, "upsert_id": upsert_id };
        Ok(doc! { "response": response, "documents": documents })
    }
}

enum Change {
    Update(Update),
    Replace(Replacement),
}

impl Change {
    fn apply(&self, document: &mut Document) -> Result<bool> {
        match self {
            Self::Update(update) => update.apply(document),
            Self::Replace(replacement) => replacement.apply(document),
        }
    }

    fn upserted(&self, filter: &Filter) -> Result<Document> {
        match self {
            Self::Update(update) => update.upserted(filter),
            Self::Replace(replacement) => replacement.upserted(filter),
        }
    }
}
