//! The golden vectors, each as a call over HTTP.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use bson::{Bson, Document};
use cloudbase_emulator::Emulator;
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;

use super::support::{Api, Response, query};

#[derive(Deserialize)]
struct Vectors {
    cases: Vec<Case>,
}

/// What is sent is kept as text, for the order of fields counts.
#[derive(Deserialize)]
struct Case {
    id: String,
    endpoint: String,
    documents: Box<RawValue>,
    #[serde(default)]
    collections: BTreeMap<String, Box<RawValue>>,
    operation: BTreeMap<String, Box<RawValue>>,
    expected: Expected,
    #[serde(default)]
    compare: Compare,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    list: Option<Vec<Bson>>,
    document: Option<Bson>,
    total: Option<Bson>,
    documents: Option<Vec<Bson>>,
    #[serde(default)]
    response: BTreeMap<String, Bson>,
    error: Option<Rejected>,
}

#[derive(Deserialize)]
struct Rejected {
    kind: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Compare {
    /// Whether the order of the list counts.
    ordered: bool,
    /// `ordered` if that of fields counts.
    keys: String,
    /// `value` if the types of numbers do not count.
    numbers: String,
    tolerance: f64,
    /// The fields whose arrays are sets.
    sets: Vec<String>,
}

/// Runs every case of a file on one emulator and reports all that fail.
async fn run(file: &str) {
    let path = format!(
        "{}/vectors/documents/{file}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read_to_string(path).unwrap();
    let vectors: Vectors = serde_json::from_str(&text).unwrap();
    let emulator = Emulator::builder().start().await.unwrap();
    let api = Api::admin(&emulator);
    let (mut failed, mut count) = (String::new(), 0);
    for (number, case) in vectors.cases.iter().enumerate() {
        if let Err(problem) = case.run(&api, &format!("case{number}")).await {
            let _ = writeln!(failed, "{}: {problem}", case.id);
            count += 1;
        }
    }
    assert!(
        count == 0,
        "{count} of {} failed:\n{failed}",
        vectors.cases.len()
    );
    assert!(!vectors.cases.is_empty());
}

async fn fill(api: &Api, name: &str, documents: &RawValue) {
    let body = json!({"collectionName": name});
    api.post("/collections", body).await.expect(201);
    if documents.get() != "[]" {
        api.insert(name, documents).await;
    }
}

impl Case {
    async fn run(&self, api: &Api, name: &str) -> Result<(), String> {
        fill(api, name, &self.documents).await;
        for (name, documents) in &self.collections {
            fill(api, name, documents).await;
        }
        let response = self.call(api, name).await;
        for name in self.collections.keys() {
            let drop = json!({"commands": [{"drop": name}]});
            api.post("/commands", drop).await.expect(200);
        }
        let expected = &self.expected;
        if let Some(error) = &expected.error {
            let status = match error.kind.as_str() {
                "duplicate" => 409,
                "document_not_found" => 404,
                _ => 400,
            };
            return match response.status {
                found if found == status => Ok(()),
                found => Err(format!(
                    "expected {status}, found {found} {}",
                    response.text
                )),
            };
        }
        if response.status >= 300 {
            return Err(format!("{} {}", response.status, response.text));
        }
        let body: Document = serde_json::from_str(&response.text).unwrap();
        let field = |name: &str| body.get(name).unwrap_or(&Bson::Null);
        for (name, value) in &expected.response {
            self.compare(value, field(name))?;
        }
        if let Some(total) = &expected.total {
            self.compare(total, field("total"))?;
        }
        if let Some(document) = &expected.document {
            self.compare(document, &Bson::Document(body.clone()))?;
        }
        if let Some(list) = &expected.list {
            self.compare_lists(list, field("list"))?;
        }
        if let Some(documents) = &expected.documents {
            let path = format!("/collections/{name}/documents?limit=1000");
            let found: Document = serde_json::from_str(&api.get(&path).await.text).unwrap();
            self.compare_lists(documents, found.get("list").unwrap())?;
        }
        Ok(())
    }

    async fn call(&self, api: &Api, name: &str) -> Response {
        let documents = format!("/collections/{name}/documents");
        let id = self.operation.get("docId");
        let id: Option<String> = id.map(|id| serde_json::from_str(id.get()).unwrap());
        let one = format!("{documents}/{}", id.unwrap_or_default());
        match self.endpoint.as_str() {
            "query" => api.get(&format!("{documents}?{}", self.parameters())).await,
            "getById" => api.get(&format!("{one}?{}", self.parameters())).await,
            "insert" => api.post(&documents, self.body()).await,
            "update" => api.patch(&documents, self.body()).await,
            "updateById" => api.patch(&one, self.body()).await,
            "remove" => api.post(&format!("{documents}/remove"), self.body()).await,
            "removeById" => api.delete(&one).await,
            "aggregate" => {
                api.post(&format!("{documents}/aggregations"), self.body())
                    .await
            }
            other => panic!("unknown endpoint {other}"),
        }
    }

    fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        let fields = self.operation.iter().filter(|(name, _)| *name != "docId");
        fields.map(|(name, value)| (name.as_str(), value.get()))
    }

    fn body(&self) -> String {
        let fields = self
            .fields()
            .map(|(name, value)| format!("\"{name}\":{value}"));
        format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
    }

    fn parameters(&self) -> String {
        query(&self.fields().collect::<Vec<_>>())
    }

    /// In their order only where it counts.
    fn compare_lists(&self, expected: &[Bson], found: &Bson) -> Result<(), String> {
        let found = found.as_array().map_or(&[][..], Vec::as_slice);
        let is_same = if self.compare.ordered {
            self.is_same_list(expected, found)
        } else {
            self.is_same_set(expected, found)
        };
        is_same.then_some(()).ok_or_else(|| {
            let (expected, found) = (Bson::from(expected.to_vec()), Bson::from(found.to_vec()));
            format!("expected {expected}, found {found}")
        })
    }

    fn compare(&self, expected: &Bson, found: &Bson) -> Result<(), String> {
        self.is_same(expected, found)
            .then_some(())
            .ok_or_else(|| format!("expected {expected}, found {found}"))
    }

    fn is_same(&self, expected: &Bson, found: &Bson) -> bool {
        match (expected, found) {
            (Bson::Document(expected), Bson::Document(found)) => {
                self.is_same_document(expected, found)
            }
            (Bson::Document(expected), found) => is_any(expected, found),
            (Bson::Array(expected), Bson::Array(found)) => self.is_same_list(expected, found),
            (Bson::Double(left), Bson::Double(right)) => self.is_close(*left, *right),
            _ if self.compare.numbers == "value" => match (number(expected), number(found)) {
                (Some(left), Some(right)) => self.is_close(left, right),
                _ => expected == found,
            },
            _ => expected == found,
        }
    }

    fn is_same_document(&self, expected: &Document, found: &Document) -> bool {
        let is_ordered = self.compare.keys != "ordered" || expected.keys().eq(found.keys());
        let is_in = |(name, expected): (&String, &Bson)| match (expected, found.get(name)) {
            (Bson::Array(expected), Some(Bson::Array(found)))
                if self.compare.sets.contains(name) =>
            {
                self.is_same_set(expected, found)
            }
            (expected, Some(found)) => self.is_same(expected, found),
            (_, None) => false,
        };
        is_ordered && expected.len() == found.len() && expected.iter().all(is_in)
    }

    fn is_same_list(&self, expected: &[Bson], found: &[Bson]) -> bool {
        let mut pairs = expected.iter().zip(found);
        expected.len() == found.len()
            && pairs.all(|(expected, found)| self.is_same(expected, found))
    }

    fn is_same_set(&self, expected: &[Bson], found: &[Bson]) -> bool {
        let mut left: Vec<_> = found.iter().collect();
        let mut take = |expected| {
            let place = left.iter().position(|found| self.is_same(expected, found));
            place.map(|place| left.remove(place)).is_some()
        };
        expected.len() == found.len() && expected.iter().all(&mut take)
    }

    fn is_close(&self, left: f64, right: f64) -> bool {
        let is_equal = left.to_bits() == right.to_bits() || left.is_nan() && right.is_nan();
        is_equal
            || self.compare.tolerance > 0.0
                && (left - right).abs() <= self.compare.tolerance * left.abs()
            || self.compare.numbers == "value" && left == right
    }
}

#[allow(
    clippy::cast_precision_loss,
    reason = "numbers of the vectors are small"
)]
fn number(value: &Bson) -> Option<f64> {
    match value {
        Bson::Int32(number) => Some((*number).into()),
        Bson::Int64(number) => Some(*number as f64),
        Bson::Double(number) => Some(*number),
        Bson::Decimal128(number) => number.to_string().parse().ok(),
        _ => None,
    }
}

/// Whether a value is one that a placeholder stands for.
fn is_any(expected: &Document, found: &Bson) -> bool {
    let is_hex = |text: &str| text.len() == 24 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match (expected.get_str("$any"), found) {
        (Ok("oid"), found) => matches!(found, Bson::ObjectId(_)),
        (Ok("oid-hex"), Bson::String(text)) => is_hex(text),
        (Ok("date"), found) => matches!(found, Bson::DateTime(_)),
        _ => false,
    }
}

#[tokio::test]
async fn filters() {
    run("filter").await;
}

#[tokio::test]
async fn updates() {
    run("update").await;
}

#[tokio::test]
async fn projections() {
    run("projection").await;
}

#[tokio::test]
async fn sorts() {
    run("sort").await;
}

#[tokio::test]
async fn pipelines() {
    run("aggregate").await;
}

#[tokio::test]
async fn places() {
    run("geo").await;
}
