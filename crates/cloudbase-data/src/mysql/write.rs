//! What inserts, updates and deletes share: the rows that go out, and what comes back.

use bytes::Bytes;
use cloudbase_core::http::Method;
use cloudbase_core::{CallOptions, Error, Idempotency, Operation, Response, Result};

use super::columns::Columns;
use super::count::total_of;
use super::request::{JSON, Query, Shape};

/// What a write did.
#[doc(alias = "MySqlWriteResponse")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Written {
    /// How many rows were inserted, changed or deleted; absent if the service did not say.
    ///
    /// Of a call that was retried after its response was lost, this is what the last attempt did.
    pub affected: Option<u64>,
}

/// A write before it is known what it returns.
#[derive(Debug)]
pub(crate) struct Write {
    pub(crate) name: &'static str,
    pub(crate) method: Method,
    pub(crate) body: Option<Bytes>,
    pub(crate) needs_filter: bool,
    pub(crate) idempotency: Idempotency,
    pub(crate) resolution: Option<&'static str>,
    pub(crate) missing_default: bool,
    pub(crate) on_conflict: Vec<String>,
}

impl Write {
    /// Whether this is an insert of no rows, for which nothing is sent.
    pub(crate) fn is_empty_batch(&self) -> bool {
        self.body.as_deref() == Some(b"[]")
    }

    pub(crate) fn operation(
        &self,
        query: &Query,
        options: CallOptions,
        returning: Option<(&Columns, &'static str)>,
    ) -> Result<Operation> {
        if self.is_empty_batch() {
            let error = Error::argument("rows", "must have at least one row");
            return Err(error.with_operation(self.name));
        }
        let conflict =
            encode_names(&self.on_conflict).map_err(|error| error.with_operation(self.name))?;
        let mut pairs = Vec::new();
        if !conflict.is_empty() {
            pairs.push(("on_conflict", conflict.as_str()));
        }
        let mut prefer: Vec<&str> = self.resolution.into_iter().collect();
        if self.missing_default {
            prefer.push("missing=default");
        }
        if returning.is_some() {
            prefer.push("return=representation");
        }
        let shape = Shape {
            name: self.name,
            method: &self.method,
            pairs: &pairs,
            columns: returning.map(|(columns, _)| columns),
            prefer: &prefer,
            accept: returning.map_or(JSON, |(_, accept)| accept),
            body: self.body.as_ref(),
            needs_filter: self.needs_filter,
            idempotency: self.idempotency,
        };
        Ok(query.operation(shape)?.options(options))
    }

    /// Sends the write and reads how many rows it touched.
    pub(crate) async fn send(
        self,
        query: Query,
        options: CallOptions,
    ) -> Result<Response<Written>> {
        if self.is_empty_batch() {
            let nothing = Written { affected: Some(0) };
            return Ok(Response::without_call(self.name, nothing));
        }
        let response = query
            .target
            .client
            .fetch(self.operation(&query, options, None)?)
            .await?;
        let response = response.confirm()?;
        let affected = total_of(response.headers());
        Ok(response.map(|_| Written { affected }))
    }
}

fn encode_names(names: &[String]) -> Result<String> {
    let mut out = String::new();
    for name in names {
        crate::column_ref::check_name("on_conflict", name)?;
        if !out.is_empty() {
            out.push(',');
        }
        super::encode::push_name(&mut out, name, false);
    }
    Ok(out)
}

/// Makes a builder with `into_parts()` and `options` the request of a write.
macro_rules! write_request {
    ($type:ident) => {
        cloudbase_core::request_builder! {
            /// [`ErrorKind::Argument`](cloudbase_core::ErrorKind::Argument) before anything is sent;
            /// whatever the service or the way to it reports.
            impl[] $type => $crate::mysql::Written; call, product, write, operation
        }

        impl $type {
            fn build(self) -> cloudbase_core::Result<cloudbase_core::Operation> {
                let (query, write, options) = self.into_parts();
                write.operation(&query, options, None)
            }

            async fn respond(
                self,
            ) -> cloudbase_core::Result<cloudbase_core::Response<$crate::mysql::Written>> {
                let (query, write, options) = self.into_parts();
                write.send(query, options).await
            }

            /// Asks for the rows that were written: awaited, the call then gives a `Vec<T>`.
            #[doc(alias = "select")]
            pub fn returning<T>(
                self,
                columns: impl Into<$crate::mysql::Columns>,
            ) -> $crate::mysql::Returning<T> {
                let (query, write, options) = self.into_parts();
                $crate::mysql::Returning::new(query, write, columns.into(), options)
            }
        }
    };
}

pub(crate) use write_request;
