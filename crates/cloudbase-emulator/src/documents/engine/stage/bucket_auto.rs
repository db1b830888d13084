//! `$bucketAuto`.

use bson::{Bson, Document, doc};

use super::{
    super::{
        compare::{compare, equal},
        expression::{Expression, Known, Scope},
        rejection::Result,
    },
    bucket,
    group::Output,
    operands, whole,
};

#[derive(Debug, Clone)]
pub(in super::super) struct BucketAuto {
    by: Expression,
    buckets: usize,
    output: Output,
}

const STAGE: &str = "$bucketAuto";

impl BucketAuto {
    pub(super) fn parse(given: &Document, known: &Known) -> Result<Self> {
        let given = operands::check(STAGE, given, &["groupBy", "buckets"], &["output"])?;
        operands::is_computed(
            "$bucketAuto: `groupBy`",
            given.get("groupBy").unwrap_or(&Bson::Null),
        )?;
        let buckets = given.get("buckets").unwrap_or(&Bson::Null);
        Ok(Self {
            by: operands::expression(STAGE, given, "groupBy", known)?,
            buckets: whole("$bucketAuto: `buckets`", buckets, 1)?,
            output: bucket::output(STAGE, given, known)?,
        })
    }

    pub(super) fn run(&self, documents: Vec<Document>, scope: &Scope<'_>) -> Result<Vec<Document>> {
        let mut sorted = documents
            .into_iter()
            .map(|document| {
                let value = self.by.evaluate(&scope.over(&document))?;
                Ok((value.unwrap_or(Bson::Null), document))
            })
            .collect::<Result<Vec<_>>>()?;
        sorted.sort_by(|(left, _), (right, _)| compare(left, right));
        // About equally many documents in each, rounded half up.
        let size = ((sorted.len() * 2 + self.buckets) / (self.buckets * 2)).max(1);
        let mut results = Vec::new();
        let mut rest = sorted.as_slice();
        while let Some((min, _)) = rest.first() {
            let is_last = results.len() + 1 == self.buckets;
            let end = if is_last {
                rest.len()
            } else {
                end_of_bucket(rest, size)
            };
            let (bucket, after) = rest.split_at(end);
            let mut states = self.output.begin();
            for (_, document) in bucket {
                self.output.add(&mut states, &scope.over(document))?;
            }
            // The upper bound is the next bucket's lower one; the last bucket includes it.
            let max = after
                .first()
                .or(bucket.last())
                .map_or(min, |(value, _)| value);
            let id = doc! { "min": min.clone(), "max": max.clone() };
            results.push(self.output.finish(Bson::Document(id), states));
            rest = after;
        }
        Ok(results)
    }
}

/// Equal values stay in one bucket.
fn end_of_bucket(sorted: &[(Bson, Document)], size: usize) -> usize {
    let mut end = size.min(sorted.len());
    while let (Some((last, _)), Some((next, _))) = (sorted.get(end - 1), sorted.get(end)) {
        if !equal(last, next) {
            break;
        }
        end += 1;
    }
    end
}
