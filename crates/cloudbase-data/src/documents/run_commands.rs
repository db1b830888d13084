//! Commands of the database as they are.

use cloudbase_core::http::Method;
use cloudbase_core::{CallOptions, Error, Operation, Response, Result};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::ejson::{self, Form};
use super::request::{Body, Name, Target, fetch_json};

/// Runs commands of the database; awaited, it gives their [`CommandResults`].
///
/// Not repeated once it may have been sent, unless it is `.idempotent(true)`.
#[derive(Debug)]
#[must_use = "does nothing until it is sent or awaited"]
pub struct RunCommands {
    target: Target,
    commands: Result<Vec<String>>,
    options: CallOptions,
}

impl RunCommands {
    pub(super) fn new<C: Serialize>(target: Target, commands: impl IntoIterator<Item = C>) -> Self {
        let commands = commands.into_iter().enumerate().map(|(at, command)| {
            let argument = format!("commands[{at}]");
            let text = ejson::encode(&argument, &command, Form::Relaxed)?;
            match text.starts_with("{\"") {
                true => Ok(text),
                false => Err(Error::argument(
                    &argument,
                    "must be a struct or map whose first field is the command's name",
                )),
            }
        });
        Self {
            options: target.options(),
            commands: commands.collect(),
            target,
        }
    }

    fn build(self) -> Result<Operation> {
        let name = Name(
            "documents.run_commands",
            "/v1/database/instances/{instance}/databases/{database}/commands",
        );
        let operation = name.operation(Method::POST, || {
            let commands = self.commands?;
            if commands.is_empty() {
                return Err(Error::argument(
                    "commands",
                    "must have at least one command",
                ));
            }
            let body = Body::new().json("commands", &format!("[{}]", commands.join(",")));
            let body = self.target.mark_body(body)?;
            Ok((self.target.path("/commands")?, Some(body)))
        })?;
        Ok(operation.options(self.options))
    }

    async fn respond(self) -> Result<Response<CommandResults>> {
        let client = self.target.client.clone();
        fetch_json(&client, self.build()?).await
    }
}

cloudbase_core::request_builder! {
    /// [`ErrorKind::Argument`](cloudbase_core::ErrorKind::Argument) before anything is sent; an error that
    /// [is a denied permission](cloudbase_core::Error::is_permission_denied) without an API key; whatever the
    /// service or the way to it reports.
    impl[] RunCommands => CommandResults; call, product, write, operation
}

/// What commands returned, in their order.
#[derive(Clone, Debug, Deserialize)]
pub struct CommandResults {
    list: Vec<Box<RawValue>>,
}

impl CommandResults {
    /// How many commands have returned something.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are no results.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The result of the command at this position as EJSON text: a list of documents, as a rule.
    pub fn raw(&self, command: usize) -> Option<&str> {
        self.list.get(command).map(|result| result.get())
    }

    /// Reads the documents that the command at this position returned; those of a write are one with its
    /// numbers.
    ///
    /// # Errors
    ///
    /// [`Argument`](cloudbase_core::ErrorKind::Argument) if there is no such result,
    /// [`Decode`](cloudbase_core::ErrorKind::Decode) if it does not fit `T`.
    pub fn documents<T: DeserializeOwned>(&self, command: usize) -> Result<Vec<T>> {
        let text = self
            .raw(command)
            .ok_or_else(|| Error::argument("command", "must be the position of a result"))?;
        match text.starts_with('[') {
            true => ejson::decode(text.as_bytes()),
            false => Ok(vec![ejson::decode(text.as_bytes())?]),
        }
    }
}
