//! Counting rows.

use cloudbase_core::http::{HeaderMap, Method, header};
use cloudbase_core::{CallOptions, Error, ErrorKind, Operation, Response, Result};

use super::columns::Columns;
use super::relation::Related;
use super::request::{Query, Shape, filter_methods};

/// Counts rows without reading them; awaited, it gives a `u64`: as many as a [`Select`](super::Select)
/// of the same columns and conditions would give without limit.
///
/// It is a `HEAD` request; if that is rejected without a reason, a `GET` of no rows follows.
///
/// ```no_run
/// # async fn run(mysql: cloudbase_data::MySql) -> cloudbase_core::Result<()> {
/// let open = mysql.from("todos").count().eq("done", false).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "does nothing until it is sent or awaited"]
pub struct Count {
    query: Query,
    columns: Columns,
    options: CallOptions,
}

filter_methods!(Count);
cloudbase_core::request_builder! {
    /// [`ErrorKind::Argument`] before anything is sent; whatever the service or the way to it
    /// reports; [`ErrorKind::Decode`] if the response has no count.
    impl[] Count => u64; call, product, operation
}

impl Count {
    pub(crate) fn from_parts(query: Query, columns: Columns, options: CallOptions) -> Self {
        Self {
            query,
            columns,
            options,
        }
    }

    /// The columns of the rows that are counted. They matter where they name relations: conditions
    /// on a relation need it, and one that is [`inner`](super::Relation::inner) leaves rows out.
    /// Default: those of the `select` that is counted, else all columns and no relations.
    pub fn select(mut self, columns: impl Into<Columns>) -> Self {
        self.columns = columns.into();
        self
    }

    /// Conditions on an embedded relation, by its key in the response.
    #[doc(alias = "referencedTable")]
    pub fn related(mut self, relation: impl Into<String>, related: Related) -> Self {
        self.query.related.push((relation.into(), related));
        self
    }

    fn build(mut self) -> Result<Operation> {
        self.request(&Method::HEAD, None)
    }

    /// The call as this method, of at most `limit` rows.
    fn request(&mut self, method: &Method, limit: Option<u64>) -> Result<Operation> {
        self.query.order.clear();
        self.query.limit = limit;
        self.query.offset = None;
        let shape = Shape {
            method,
            columns: Some(&self.columns),
            prefer: &["count=exact"],
            ..Shape::read("mysql.count")
        };
        Ok(self.query.operation(shape)?.options(self.options.clone()))
    }

    /// A `HEAD` request. If that is rejected, a `GET` of no rows follows, since the response to `HEAD` has
    /// no body that could say why.
    async fn respond(mut self) -> Result<Response<u64>> {
        let client = self.query.target.client.clone();
        self.options = self.options.as_one_call();
        let response = match client.fetch(self.request(&Method::HEAD, None)?).await {
            Err(error) if is_unexplained(&error) => {
                client.fetch(self.request(&Method::GET, Some(0))?).await?
            }
            response => response?,
        };
        let total = total_of(response.headers());
        response.try_map(|_| {
            total.ok_or_else(|| {
                Error::new(
                    ErrorKind::Decode,
                    "the response has no `content-range` with a count",
                )
            })
        })
    }
}

/// Whether the service has rejected a call without saying why. What passes by itself needs no reason.
fn is_unexplained(error: &Error) -> bool {
    error.kind() == ErrorKind::Api && error.code().is_none() && !error.is_transient()
}

/// The number after the slash of `Content-Range`: the total of a read, the rows that a write changed.
pub(crate) fn total_of(headers: &HeaderMap) -> Option<u64> {
    let range = headers.get(header::CONTENT_RANGE)?.to_str().ok()?;
    range.rsplit_once('/')?.1.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use cloudbase_core::http::HeaderValue;

    use super::*;

    #[test]
    fn totals_are_what_follows_the_slash() {
        let total = |range: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_RANGE, HeaderValue::from_static(range));
            total_of(&headers)
        };
        assert_eq!(total("0-9/100"), Some(100));
        assert_eq!(total("*/0"), Some(0));
        for none in [
            "0-9/*",
            "*/",
            "100",
            "",
            "0-9/-1",
            "0-9/99999999999999999999999",
        ] {
            assert_eq!(total(none), None, "{none}");
        }
        assert_eq!(total_of(&HeaderMap::new()), None);
    }
}
