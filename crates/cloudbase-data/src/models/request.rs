//! What all calls to a model share: path, body, and the `data` around each response.

use std::collections::BTreeMap;

use cloudbase_core::http::Method;
use cloudbase_core::{
    Client, Envelope, Error, ErrorKind, Idempotency, Operation, PathBuilder, Response, Result,
};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::EnvType;
use super::detail::detail;
use crate::lenient::Lenient;
use crate::records::{check_members, json_of};

/// A model of an environment.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) client: Client,
    pub(crate) env_type: EnvType,
    pub(crate) model: String,
}

impl Target {
    /// The path of the model, to be completed by an action.
    pub(crate) fn path(&self) -> Result<PathBuilder> {
        if matches!(self.model.as_str(), "plugin" | "datasource") {
            return Err(Error::argument(
                "model",
                "must not be called `plugin` or `datasource`: these are paths of the service",
            ));
        }
        PathBuilder::new("/v1/model")
            .segment("env_type", self.env_type.as_str())?
            .segment("model", &self.model)
    }

    /// A call of `action` with a JSON body.
    pub(crate) fn operation<B: Serialize>(
        &self,
        name: &'static str,
        template: &'static str,
        method: Method,
        action: &str,
        body: &B,
    ) -> Result<Operation> {
        let build = || {
            let uri = self.path()?.segment("action", action)?.build()?;
            Operation::new(name, template, method, uri).json(body)
        };
        Ok(coded(build().map_err(|error| error.with_operation(name))?))
    }
}

/// Models report errors in 2xx responses too.
pub(crate) fn coded(operation: Operation) -> Operation {
    operation
        .accept("application/json")
        .envelope(Envelope::Coded)
}

/// A write that may not be sent twice, whatever its method says.
pub(crate) fn once(operation: Operation) -> Operation {
    operation.idempotency(Idempotency::Unsafe)
}

/// Sends a call and takes the value out of its `data`.
pub(crate) async fn fetch<T: DeserializeOwned>(
    client: &Client,
    operation: Operation,
) -> Result<Response<T>> {
    #[derive(Deserialize)]
    struct Envelope<T> {
        data: T,
        #[serde(default, rename = "requestId", deserialize_with = "detail")]
        request_id: Option<String>,
    }
    #[derive(Deserialize)]
    struct Named {
        #[serde(default, rename = "requestId", deserialize_with = "detail")]
        request_id: Option<String>,
    }
    let response = client.fetch(operation).await?;
    if let Ok(Lenient(envelope)) = response.read_json::<Lenient<Envelope<T>>>() {
        let response = response.with_request_id(envelope.request_id);
        return Ok(response.map(|_| envelope.data));
    }
    // The error of what cannot be read names the request as the body does.
    let named = response.read_json::<Named>().ok();
    let response = response.with_request_id(named.and_then(|named| named.request_id));
    let response = response.into_json::<Lenient<Envelope<T>>>()?;
    Ok(response.map(|Lenient(envelope)| envelope.data))
}

/// A record, if there is one: not null, absent, or an object without fields.
pub(crate) fn record_of<T: DeserializeOwned>(raw: Option<Box<RawValue>>) -> Result<Option<T>> {
    let Some(raw) = raw else { return Ok(None) };
    let text = raw.get();
    let empty = text
        .strip_prefix('{')
        .and_then(|text| text.strip_suffix('}'))
        .is_some_and(|inner| inner.trim().is_empty());
    if empty || text == "null" {
        return Ok(None);
    }
    cloudbase_core::from_json(text.as_bytes()).map(|Lenient(record)| Some(record))
}

/// `value` as JSON of one record.
pub(crate) fn object_of<T: Serialize + ?Sized>(
    argument: &'static str,
    value: &T,
) -> Result<Box<RawValue>> {
    let json = json_of(argument, value)?;
    match json.as_str() {
        "{}" => Err(Error::argument(argument, "must have at least one field")),
        text if text.starts_with('{') => raw(json),
        _ => Err(Error::argument(
            argument,
            "must be a struct or map: field names and values",
        )),
    }
}

/// `value` as JSON of a list of records.
pub(crate) fn objects_of<T: Serialize + ?Sized>(
    argument: &'static str,
    value: &T,
) -> Result<Box<RawValue>> {
    const RULE: &str = "must be a list of structs or maps";
    let json = json_of(argument, value)?;
    match json.as_str() {
        text if text.starts_with('[') => check_members(argument, text, RULE, true)?,
        _ => return Err(Error::argument(argument, RULE)),
    }
    raw(json)
}

/// JSON text as a part of a body.
pub(crate) fn raw(json: String) -> Result<Box<RawValue>> {
    RawValue::from_string(json).map_err(|error| {
        Error::new(ErrorKind::Encode, "what was encoded is not JSON").with_source(error)
    })
}

/// A body of those members that are there.
#[derive(Debug, Default, Serialize)]
#[serde(transparent)]
pub(crate) struct BodyMap(BTreeMap<&'static str, Member>);

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Member {
    Value(Value),
    Json(Box<RawValue>),
}

impl BodyMap {
    pub(crate) fn put(&mut self, name: &'static str, value: impl Into<Value>) {
        self.0.insert(name, Member::Value(value.into()));
    }

    /// Adds what is JSON already.
    pub(crate) fn put_json(&mut self, name: &'static str, json: Box<RawValue>) {
        self.0.insert(name, Member::Json(json));
    }
}

/// Makes a builder with `build(self)`, `options` and `client(&self)` a request: a write, or what the
/// groups in brackets say. `$local` is the response to a call that has nothing to send.
macro_rules! ends {
    ($type:ident => $output:ty, $decode:expr) => {
        $crate::models::request::ends!($type => $output, $decode, |_: &$type| None);
    };
    ($type:ident => $output:ty, $decode:expr, $local:expr) => {
        $crate::models::request::ends!([product, write] $type => $output, $decode, $local);
    };
    ([$($group:ident),+] $type:ident => $output:ty, $decode:expr, $local:expr) => {
        cloudbase_core::request_builder! {
            /// [`ErrorKind::Argument`](cloudbase_core::ErrorKind::Argument) before anything is sent;
            /// whatever the service or the way to it reports, a response with a `code` included.
            impl[] $type => $output; call, $($group,)+ operation
        }

        impl $type {
            async fn respond(self) -> cloudbase_core::Result<cloudbase_core::Response<$output>> {
                let local: fn(&Self) -> Option<cloudbase_core::Response<$output>> = $local;
                if let Some(response) = local(&self) {
                    return Ok(response);
                }
                let client = self.client().clone();
                let response = $crate::models::request::fetch(&client, self.build()?).await?;
                response.try_map($decode)
            }
        }
    };
}

/// Gives a builder with such a field its filter.
macro_rules! filter_method {
    ($type:ident $(<$generic:ident>)?: $($field:ident).+) => {
        impl $(<$generic>)? $type $(<$generic>)? {
            /// Only records for which this holds; further calls narrow it down. Takes a
            /// [`Filter`](crate::models::Filter), or the JSON of the other SDKs with its outer
            /// `where`.
            pub fn filter(mut self, filter: impl Into<$crate::models::Filter>) -> Self {
                self.$($field).+ = self.$($field).+.and(filter);
                self
            }
        }
    };
}

pub(crate) use {ends, filter_method};
