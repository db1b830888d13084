//! What all calls to the document database share: path, body, and how the response is read.

use std::sync::Arc;

use bytes::Bytes;
use cloudbase_core::http::Method;
use cloudbase_core::http::header::{CONTENT_TYPE, HeaderValue};
use cloudbase_core::{
    CallOptions, Client, Envelope, Error, ErrorCode, ErrorKind, Operation, PathBuilder, Response,
    Result,
};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::ejson::{self, Ejson, Form};
use super::transaction::TransactionState;
use super::value::{Document, Value};

/// The name of the instance and of the database that every environment has. The parentheses are not
/// escaped: that the service would read them so is not documented.
const DEFAULT: &str = "(default)";

/// A database of an instance.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) client: Client,
    pub(crate) instance: Option<String>,
    pub(crate) database: Option<String>,
    /// Of which transaction the calls are a part.
    pub(crate) transaction: Option<Arc<TransactionState>>,
}

impl Target {
    /// The path of the database, to be completed.
    pub(crate) fn path(&self, below: &str) -> Result<PathBuilder> {
        let instance = named(
            "/v1/database/instances",
            "instance",
            self.instance.as_deref(),
        )?;
        let database = format!("{instance}/databases");
        let database = named(&database, "database", self.database.as_deref())?;
        Ok(PathBuilder::new(&format!("{database}{below}")))
    }

    /// The options that a call of this database begins with.
    pub(crate) fn options(&self) -> CallOptions {
        let transaction = self.transaction.as_ref();
        transaction.map_or_else(CallOptions::default, |it| it.options().clone())
    }

    /// Adds what says of which transaction the call is a part.
    pub(crate) fn mark_query(&self, path: PathBuilder) -> Result<PathBuilder> {
        match &self.transaction {
            Some(transaction) => Ok(path.query("transactionId", transaction.id()?)),
            None => Ok(path),
        }
    }

    /// As [`mark_query`](Self::mark_query), for a call with a body.
    pub(crate) fn mark_body(&self, body: Body) -> Result<Body> {
        match &self.transaction {
            Some(transaction) => body.text("transactionId", transaction.id()?),
            None => Ok(body),
        }
    }
}

fn named(prefix: &str, argument: &str, name: Option<&str>) -> Result<String> {
    match name {
        None | Some(DEFAULT) => Ok(format!("{prefix}/{DEFAULT}")),
        Some(name) => {
            let path = PathBuilder::new(prefix).segment(argument, name)?;
            Ok(path.build()?.to_string())
        }
    }
}

/// A collection of a database.
#[derive(Clone, Debug)]
pub(crate) struct CollectionTarget {
    pub(crate) target: Target,
    pub(crate) name: String,
}

impl CollectionTarget {
    /// The path of the collection's documents.
    pub(crate) fn documents(&self) -> Result<PathBuilder> {
        let path = self.target.path("/collections")?;
        path.segment("collection", &self.name)?
            .path("documents", "documents")
    }
}

/// How a call is named, and its path without values.
#[derive(Clone, Copy)]
pub(crate) struct Name(pub(crate) &'static str, pub(crate) &'static str);

impl Name {
    /// Puts a call together; errors name it.
    pub(crate) fn operation(
        self,
        method: Method,
        build: impl FnOnce() -> Result<(PathBuilder, Option<Body>)>,
    ) -> Result<Operation> {
        let Self(name, template) = self;
        let build = || {
            let (path, body) = build()?;
            let operation = Operation::new(name, template, method, path.build()?)
                .accept("application/json")
                .envelope(Envelope::Documents);
            Ok(match body {
                Some(body) => operation
                    .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
                    .body(body.finish()),
                None => operation,
            })
        };
        build().map_err(|error: Error| error.with_operation(name))
    }
}

/// A JSON object of members that are JSON already.
#[derive(Debug)]
pub(crate) struct Body(String);

impl Body {
    pub(crate) fn new() -> Self {
        Self(String::from("{"))
    }

    pub(crate) fn json(mut self, name: &'static str, json: &str) -> Self {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0.push_str(&format!("\"{name}\":{json}"));
        self
    }

    pub(crate) fn flag(self, name: &'static str, value: bool) -> Self {
        self.json(name, if value { "true" } else { "false" })
    }

    pub(crate) fn document(self, name: &'static str, document: &Document) -> Result<Self> {
        Ok(self.json(name, &ejson::encode(name, document, Form::Relaxed)?))
    }

    pub(crate) fn text(self, name: &'static str, text: &str) -> Result<Self> {
        Ok(self.json(name, &ejson::encode(name, text, Form::Relaxed)?))
    }

    fn finish(mut self) -> Bytes {
        self.0.push('}');
        self.0.into()
    }
}

/// Sends a call and reads the response as EJSON.
pub(crate) async fn fetch<T: DeserializeOwned>(
    client: &Client,
    operation: Operation,
) -> Result<Response<T>> {
    let response = send(client, operation).await?;
    let Ejson(value) = response.read_json()?;
    Ok(named_response(response).map(|_| value))
}

/// As [`fetch`], for a response that is a document itself: its fields say nothing of the call.
pub(crate) async fn fetch_document<T: DeserializeOwned>(
    client: &Client,
    operation: Operation,
) -> Result<Response<T>> {
    let response = send(client, operation).await?;
    let Ejson(document) = response.read_json()?;
    Ok(response.map(|_| document))
}

/// As [`fetch`], for what keeps its values as text.
pub(crate) async fn fetch_json<T: DeserializeOwned>(
    client: &Client,
    operation: Operation,
) -> Result<Response<T>> {
    let response = send(client, operation).await?;
    let value = response.read_json()?;
    Ok(named_response(response).map(|_| value))
}

/// Sends a call and reads the documents of the response: `{"list": […]}`, or the list alone.
pub(crate) async fn fetch_list<T: DeserializeOwned>(
    client: &Client,
    operation: Operation,
) -> Result<Response<Vec<T>>> {
    #[derive(Deserialize)]
    struct List<T> {
        #[serde(default = "Vec::new")]
        list: Vec<T>,
    }
    let response = send(client, operation).await?;
    let documents = match response.value().trim_ascii_start().first() {
        Some(b'[') => response.read_json::<Ejson<Vec<T>>>()?.0,
        _ => response.read_json::<Ejson<List<T>>>()?.0.list,
    };
    Ok(named_response(response).map(|_| documents))
}

/// Sends a call whose response says nothing.
pub(crate) async fn confirm(client: &Client, operation: Operation) -> Result<Response<()>> {
    let response = send(client, operation).await?.confirm()?;
    Ok(named_response(response).map(|_| ()))
}

async fn send(client: &Client, operation: Operation) -> Result<Response<Bytes>> {
    let sent = client.fetch(operation).await;
    sent.map_err(explained)
}

/// The response with the request id that its body names.
fn named_response(response: Response<Bytes>) -> Response<Bytes> {
    #[derive(Deserialize)]
    struct Named {
        #[serde(rename = "requestId", alias = "request_id")]
        request_id: Option<String>,
    }
    // Long bodies are documents; the id stands in short ones, if at all.
    let named = match response.value().len() {
        0..1024 => serde_json::from_slice::<Named>(response.value()).ok(),
        _ => None,
    };
    response.with_request_id(named.and_then(|named| named.request_id))
}

/// An environment of PostgreSQL may have no document database, which the service says in a sentence only.
fn explained(error: Error) -> Error {
    let says = |words: &str| error.message().contains(words);
    let no_database =
        says("no document database") || says("provisioned with PostgreSQL") || says("ExecutePGSql");
    if error.kind() != ErrorKind::Api || !no_database {
        return error;
    }
    let message = format!(
        "this environment has no document database: create one in the console, or use the PostgreSQL of this \
         environment (the service says: {})",
        error.message()
    );
    let mut config = Error::new(ErrorKind::Config, message)
        .with_operation(error.operation())
        .or_request_id(error.request_id())
        .with_attempts(error.attempts())
        .with_sent(true);
    if let Some(status) = error.status() {
        config = config.with_status(status);
    }
    if let Some(code) = error.code() {
        config = config.with_code(code.clone());
    }
    config
}

/// Whether an error says that the document, not its collection, does not exist.
pub(crate) fn is_no_document(error: &Error) -> bool {
    error.code() == Some(&ErrorCode::DOCUMENT_NOT_FOUND)
}

/// An id as the SDK shows it: text, and what is no text as its digits or EJSON.
pub(crate) fn id_text(id: Value) -> String {
    match id {
        Value::String(id) => id,
        Value::ObjectId(id) => id.to_string(),
        Value::Int32(id) => id.to_string(),
        Value::Int64(id) => id.to_string(),
        other => ejson::encode("id", &other, Form::Canonical).unwrap_or_default(),
    }
}
