//! What inserts, updates and deletes share: the rows that go out, and what comes back.

use std::marker::PhantomData;

use bytes::Bytes;
use cloudbase_core::http::Method;
use cloudbase_core::{CallOptions, Error, Idempotency, Operation, Response, Result};
use serde::de::DeserializeOwned;

use super::columns::Columns;
use super::count::total_of;
use super::request::{JSON, OBJECT, Query, Shape};
use super::select::{at_most_one, rows};
use crate::Row;
use crate::lenient::Lenient;
use crate::send_and_await::send_and_await;

/// What a write did.
#[doc(alias = "MySqlWriteResponse")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Written {
    /// How many rows were inserted, changed or deleted; absent if the service did not say.
    ///
    /// Of a call that was retried after its answer was lost, this is what the last attempt did.
    pub affected: Option<u64>,
}

/// A write before it is known what it shall answer.
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
    fn is_empty_batch(&self) -> bool {
        self.body.as_deref() == Some(b"[]")
    }

    pub(crate) fn operation(
        &self,
        query: &Query,
        options: CallOptions,
        answer: Option<(&Columns, &'static str)>,
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
        if answer.is_some() {
            prefer.push("return=representation");
        }
        let shape = Shape {
            name: self.name,
            method: &self.method,
            pairs: &pairs,
            columns: answer.map(|(columns, _)| columns),
            prefer: &prefer,
            accept: answer.map_or(JSON, |(_, accept)| accept),
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
        let answer = query
            .target
            .client
            .fetch(self.operation(&query, options, None)?)
            .await?;
        let answer = answer.confirm()?;
        let affected = total_of(answer.headers());
        Ok(answer.map(|_| Written { affected }))
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

/// A write that answers the rows that it touched; awaited, it gives a `Vec<T>`.
///
/// Inserted rows come with what the database filled in (such as the id), deleted rows as they were.
/// Update or delete and the reading of the rows are one transaction.
#[derive(Debug)]
#[must_use = "does nothing until it is sent or awaited"]
pub struct Returning<T = Row> {
    query: Query,
    write: Write,
    columns: Columns,
    options: CallOptions,
    rows: PhantomData<fn() -> T>,
}

cloudbase_core::request_options!(impl[T] Returning<T>; call, product, write);

impl<T> Returning<T> {
    pub(crate) fn new(
        query: Query,
        mut write: Write,
        columns: Columns,
        options: CallOptions,
    ) -> Self {
        // A repeated delete would answer that there was nothing to delete.
        if write.method == Method::DELETE {
            write.idempotency = Idempotency::Unsafe;
        }
        Self {
            query,
            write,
            columns,
            options,
            rows: PhantomData,
        }
    }

    /// Expects exactly one row; anything else is the service's error with status 406.
    pub fn single(self) -> ReturningSingle<T> {
        ReturningSingle {
            query: self.query,
            write: self.write,
            columns: self.columns,
            options: self.options,
            rows: self.rows,
        }
    }

    /// The call, without sending it.
    ///
    /// # Errors
    ///
    /// If an argument was refused.
    pub fn operation(self) -> Result<Operation> {
        self.write
            .operation(&self.query, self.options, Some((&self.columns, JSON)))
    }
}

impl Returning<Row> {
    /// Says what a row is read into.
    pub fn rows<T: DeserializeOwned>(self) -> Returning<T> {
        Returning {
            query: self.query,
            write: self.write,
            columns: self.columns,
            options: self.options,
            rows: PhantomData,
        }
    }
}

impl<T: DeserializeOwned> Returning<T> {
    /// Like [`send`](Self::send), with status, headers and request id.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn send_with_meta(self) -> Result<Response<Vec<T>>> {
        Ok(self.send_with_written().await?.map(|(_, rows)| rows))
    }

    /// Like [`send_with_meta`](Self::send_with_meta), with how many rows were touched: also where the
    /// caller may write rows that it cannot read.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn send_with_written(self) -> Result<Response<(Written, Vec<T>)>> {
        if self.write.is_empty_batch() {
            let nothing = Written { affected: Some(0) };
            return Ok(Response::without_call(
                self.write.name,
                (nothing, Vec::new()),
            ));
        }
        let client = self.query.target.client.clone();
        let answer = client.fetch(self.operation()?).await?;
        let affected = total_of(answer.headers());
        let rows = written_rows(&answer)?;
        Ok(answer.map(|_| (Written { affected }, rows)))
    }

    /// Sends the call and gives its row, if there is one.
    ///
    /// Several rows are an error, but stay written: the service is asked for a list, as it has the same
    /// error for none and for several where it is asked for [one row](Self::single).
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send); status 406 if there are several rows (all of them were written).
    pub async fn maybe_single(self) -> Result<Option<T>> {
        self.send_with_meta()
            .await?
            .try_map(at_most_one)
            .map(Response::into_value)
    }
}

/// The rows of a write, which has happened, whether they came or not.
fn written_rows<T: DeserializeOwned>(answer: &Response<Bytes>) -> Result<Vec<T>> {
    if answer.value().is_empty() {
        return Ok(Vec::new());
    }
    rows(answer)
}

send_and_await! {
    /// [`ErrorKind::Argument`](cloudbase_core::ErrorKind::Argument) before anything is sent; whatever
    /// the service or the way to it reports; [`ErrorKind::Decode`](cloudbase_core::ErrorKind::Decode)
    /// if a row does not fit `T` (the write has happened then).
    Returning<T> => Vec<T>
}

/// A write that answers its one row.
#[derive(Debug)]
#[must_use = "does nothing until it is sent or awaited"]
pub struct ReturningSingle<T = Row> {
    query: Query,
    write: Write,
    columns: Columns,
    options: CallOptions,
    rows: PhantomData<fn() -> T>,
}

cloudbase_core::request_options!(impl[T] ReturningSingle<T>; call, product, write);

impl<T> ReturningSingle<T> {
    /// The call, without sending it.
    ///
    /// # Errors
    ///
    /// If an argument was refused.
    pub fn operation(self) -> Result<Operation> {
        self.write
            .operation(&self.query, self.options, Some((&self.columns, OBJECT)))
    }
}

impl<T: DeserializeOwned> ReturningSingle<T> {
    /// Like [`send`](Self::send), with status, headers and request id.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub async fn send_with_meta(self) -> Result<Response<T>> {
        let client = self.query.target.client.clone();
        let answer = client.fetch_json(self.operation()?).await?;
        Ok(answer.map(|Lenient(row)| row))
    }
}

send_and_await! {
    /// As [`Returning::send`]; status 406 if there is not exactly one row.
    ReturningSingle<T> => T
}

/// Gives a builder of a write its ends: `operation`, `send`, `send_with_meta`, `returning`, `await`.
macro_rules! write_ends {
    ($type:ident) => {
        impl $type {
            /// The call, without sending it.
            ///
            /// # Errors
            ///
            /// If an argument was refused.
            pub fn operation(self) -> cloudbase_core::Result<cloudbase_core::Operation> {
                let (query, write, options) = self.into_parts();
                write.operation(&query, options, None)
            }

            /// Sends the call.
            ///
            /// # Errors
            ///
            /// [`ErrorKind::Argument`](cloudbase_core::ErrorKind::Argument) before anything is sent;
            /// whatever the service or the way to it reports.
            ///
            /// # Cancel safety
            ///
            /// Dropping the future gives the call up; whether it took effect is then unknown.
            pub async fn send(self) -> cloudbase_core::Result<$crate::mysql::Written> {
                Ok(self.send_with_meta().await?.into_value())
            }

            /// Like [`send`](Self::send), with status, headers and request id.
            ///
            /// # Errors
            ///
            /// As [`send`](Self::send).
            pub async fn send_with_meta(
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

        impl IntoFuture for $type {
            type Output = cloudbase_core::Result<$crate::mysql::Written>;
            type IntoFuture = futures_core::future::BoxFuture<'static, Self::Output>;

            fn into_future(self) -> Self::IntoFuture {
                Box::pin(self.send())
            }
        }
    };
}

pub(crate) use write_ends;
