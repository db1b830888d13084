//! The gateway's batch calls: an array of objects in, an array of outcomes out.

use bytes::Bytes;
use cloudbase_core::http::Method;
use cloudbase_core::{
    CallOptions, Client, Envelope, Error, ErrorKind, Idempotency, Operation, PathBuilder, Response,
    Result,
};
use serde::Serialize;
use serde_json::Value;

use crate::fields::Fields;

/// How many objects go into one call. The gateway's own limit is not published; the other clients
/// of the same service take this many.
pub(crate) const CHUNK: usize = 50;

/// Calls about many objects, so many in each as it takes.
#[derive(Clone, Debug)]
pub(crate) struct Batch {
    pub(crate) name: &'static str,
    pub(crate) path: &'static str,
    pub(crate) idempotency: Idempotency,
    pub(crate) options: CallOptions,
}

/// The outcomes of one call, in the order of its objects.
#[derive(Debug)]
pub(crate) struct Outcomes {
    response: Response<()>,
    items: std::vec::IntoIter<Value>,
}

impl Outcomes {
    /// The next object's outcome; an error if the service rejected this one.
    pub(crate) fn next_item(&mut self) -> Result<Fields> {
        // As many as were sent: `Batch::send` has counted them.
        let item = self.items.next().unwrap_or_default();
        if !item.is_object() {
            let problem = "an item of the response is no object";
            return Err(self.complete(Error::new(ErrorKind::Decode, problem)));
        }
        let mut item = Fields::of(item);
        let code = match item.value("code").unwrap_or_default() {
            // Older services name the absence of an error.
            Value::Null | Value::Bool(false) => return Ok(item),
            Value::String(code) if code.is_empty() || code == "SUCCESS" => return Ok(item),
            Value::Number(code) if code.as_u64() == Some(0) => return Ok(item),
            Value::String(code) => Some(code.into()),
            Value::Number(code) => Some(code.to_string().into()),
            Value::Bool(true) | Value::Array(_) | Value::Object(_) => None,
        };
        let message = item.text("message");
        let message = message.unwrap_or_else(|| "the service rejected this object".to_owned());
        Err(self.complete(Error::api(self.response.status(), code, message)))
    }

    /// The response with this value.
    pub(crate) fn respond<T>(self, value: T) -> Response<T> {
        self.response.map(|()| value)
    }

    /// Puts operation, status and request id into an error about one object.
    pub(crate) fn complete(&self, error: Error) -> Error {
        self.response.complete(error)
    }
}

impl Batch {
    /// The first of the calls about these objects, which are named `argument`.
    pub(crate) fn first<T: Serialize>(&self, argument: &str, items: &[T]) -> Result<Operation> {
        match items.chunks(CHUNK).next() {
            Some(items) => self.operation(items),
            None => Err(Error::argument(argument, "must not be empty")),
        }
        .map_err(|error| error.with_operation(self.name))
    }

    /// One call of at most [`CHUNK`] objects.
    fn operation<T: Serialize>(&self, items: &[T]) -> Result<Operation> {
        let target = PathBuilder::new(self.path).build()?;
        let operation = Operation::new(self.name, self.path, Method::POST, target).json(items)?;
        Ok(operation
            .idempotency(self.idempotency)
            // An object instead of an array that names a code rejects the whole call.
            .envelope(Envelope::Coded)
            .options(self.options.clone()))
    }

    /// Sends one call of at most [`CHUNK`] objects.
    pub(crate) async fn send<T: Serialize>(
        &self,
        client: &Client,
        items: &[T],
    ) -> Result<Outcomes> {
        let response = client.fetch(self.operation(items)?).await?;
        let response: Response<Vec<Value>> = response.try_map(decode)?;
        let response = response.try_map(|outcomes| {
            if outcomes.len() == items.len() {
                return Ok(outcomes);
            }
            let (sent, got) = (items.len(), outcomes.len());
            Err(Error::new(
                ErrorKind::Decode,
                format!("{sent} objects were sent, but the response has {got}"),
            ))
        })?;
        let mut outcomes = Vec::new();
        let response = response.map(|items| outcomes = items);
        Ok(Outcomes {
            response,
            items: outcomes.into_iter(),
        })
    }

    /// Sends as many calls as it takes and reads each object's outcome, for which `read` also gets
    /// the subject of the same place.
    ///
    /// The response is the last one. If the first call fails, so does this. If a later one does, what the earlier ones did is
    /// not lost: the objects of it and of the calls that would have followed get its error.
    pub(crate) async fn send_all<T: Serialize, S, O>(
        &self,
        client: &Client,
        items: &[T],
        subjects: &[S],
        read: impl Fn(Fields, &S) -> Result<O>,
    ) -> Result<Response<Vec<Result<O>>>> {
        let one = Self {
            options: self.options.clone().as_one_call(),
            ..self.clone()
        };
        let mut head = Response::without_call(self.name, ());
        let mut results = Vec::with_capacity(items.len());
        for (chunk, subjects) in items.chunks(CHUNK).zip(subjects.chunks(CHUNK)) {
            match one.send(client, chunk).await {
                Ok(mut outcomes) => {
                    results.extend(subjects.iter().map(|subject| {
                        let item = outcomes.next_item()?;
                        read(item, subject).map_err(|error| outcomes.complete(error))
                    }));
                    head = outcomes.respond(());
                }
                Err(error) if results.is_empty() => return Err(error),
                Err(error) => {
                    let rest = items.len() - results.len();
                    results.extend((0..rest).map(|_| Err(error.clone())));
                    break;
                }
            }
        }
        Ok(head.map(|()| results))
    }
}

fn decode(bytes: Bytes) -> Result<Vec<Value>> {
    cloudbase_core::from_json(&bytes)
}
