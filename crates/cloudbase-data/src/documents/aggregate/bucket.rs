//! Groups by ranges.

use cloudbase_core::{Error, Result};
use serde::Serialize;

use super::accumulator::{self, Accumulator};
use super::positive;
use crate::documents::ejson;
use crate::documents::value::{Document, Value};

/// Groups by ranges of a value: from each boundary to the next, which is not part of it.
///
/// ```
/// use cloudbase_data::documents::aggregate::{Bucket, sum};
///
/// let by_price = Bucket::new("$price", [0, 10, 100]).default_id("other").fields([sum("n", 1)]);
/// ```
#[derive(Clone, Debug)]
#[must_use = "does nothing by itself"]
pub struct Bucket {
    parts: Result<(Value, Value)>,
    default_id: Option<Result<Value>>,
    fields: Vec<Accumulator>,
}

impl Bucket {
    /// Ranges of what the expression `by` gives, at least two boundaries in ascending order.
    #[doc(alias = "groupBy")]
    pub fn new<B: Serialize>(by: impl Serialize, boundaries: impl IntoIterator<Item = B>) -> Self {
        let boundaries: Vec<B> = boundaries.into_iter().collect();
        let read = || {
            if boundaries.len() < 2 {
                return Err(Error::argument("boundaries", "must be at least two"));
            }
            let by = ejson::value_of("bucket", &by)?;
            Ok((by, ejson::value_of("boundaries", &boundaries)?))
        };
        Self {
            parts: read(),
            default_id: None,
            fields: Vec::new(),
        }
    }

    /// The `_id` of the group of what is in no range. Without it, such a document is an error.
    #[doc(alias = "default")]
    pub fn default_id(mut self, id: impl Serialize) -> Self {
        self.default_id = Some(ejson::value_of("default_id", &id));
        self
    }

    /// The fields of each group. Default: `count`.
    #[doc(alias = "output")]
    pub fn fields(mut self, fields: impl IntoIterator<Item = Accumulator>) -> Self {
        self.fields.extend(fields);
        self
    }

    pub(super) fn encode(self) -> Result<Document> {
        let (by, boundaries) = self.parts?;
        let mut bucket = Document::one("groupBy", by);
        bucket.push("boundaries", boundaries);
        if let Some(id) = self.default_id {
            bucket.push("default", id?);
        }
        output(&mut bucket, self.fields)?;
        Ok(bucket)
    }
}

/// Groups by so many ranges of a value, about the same number of documents in each.
///
/// ```
/// use cloudbase_data::documents::aggregate::BucketAuto;
///
/// let quarters = BucketAuto::new("$price", 4);
/// ```
#[derive(Clone, Debug)]
#[must_use = "does nothing by itself"]
pub struct BucketAuto {
    by: Result<Value>,
    buckets: u32,
    granularity: Option<String>,
    fields: Vec<Accumulator>,
}

impl BucketAuto {
    /// Ranges of what the expression `by` gives, at most so many.
    #[doc(alias = "groupBy")]
    pub fn new(by: impl Serialize, buckets: u32) -> Self {
        Self {
            by: ejson::value_of("bucket_auto", &by),
            buckets,
            granularity: None,
            fields: Vec::new(),
        }
    }

    /// The series of preferred numbers that boundaries are taken from: `R5`, `1-2-5`, `E12`, `POWERSOF2`, …
    pub fn granularity(mut self, series: impl Into<String>) -> Self {
        self.granularity = Some(series.into());
        self
    }

    /// The fields of each group. Default: `count`.
    #[doc(alias = "output")]
    pub fn fields(mut self, fields: impl IntoIterator<Item = Accumulator>) -> Self {
        self.fields.extend(fields);
        self
    }

    pub(super) fn encode(self) -> Result<Document> {
        let mut bucket = Document::one("groupBy", self.by?);
        bucket.push("buckets", positive("buckets", self.buckets)?);
        output(&mut bucket, self.fields)?;
        if let Some(granularity) = self.granularity {
            bucket.push("granularity", granularity);
        }
        Ok(bucket)
    }
}

fn output(bucket: &mut Document, fields: Vec<Accumulator>) -> Result<()> {
    if !fields.is_empty() {
        let mut output = Document::new();
        accumulator::add(&mut output, fields)?;
        bucket.push("output", output);
    }
    Ok(())
}
