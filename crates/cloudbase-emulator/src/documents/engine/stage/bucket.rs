//! `$bucket`.

use bson::{Bson, Document, doc};

use super::{
    super::{
        compare::{compare, type_rank},
        expression::{Expression, Known, Scope, State},
        rejection::{Result, reject},
    },
    group::Output,
    operands,
};

#[derive(Debug, Clone)]
pub(in super::super) struct Bucket {
    by: Expression,
    /// Ascending, at least two.
    boundaries: Vec<Bson>,
    default: Option<Bson>,
    output: Output,
}

const STAGE: &str = "$bucket";

impl Bucket {
    pub(super) fn parse(given: &Document, known: &Known) -> Result<Self> {
        let given = operands::check(
            STAGE,
            given,
            &["groupBy", "boundaries"],
            &["default", "output"],
        )?;
        operands::is_computed(
            "$bucket: `groupBy`",
            given.get("groupBy").unwrap_or(&Bson::Null),
        )?;
        let Some(Bson::Array(boundaries)) = given.get("boundaries") else {
            reject!("$bucket: `boundaries` must be an array");
        };
        let boundaries = boundaries
            .iter()
            .map(|boundary| constant("a boundary", boundary, known))
            .collect::<Result<Vec<_>>>()?;
        check_boundaries(&boundaries)?;
        let default = given
            .get("default")
            .map(|default| constant("`default`", default, known))
            .transpose()?;
        if let (Some(default), Some(first), Some(last)) =
            (&default, boundaries.first(), boundaries.last())
            && compare(default, first).is_ge()
            && compare(default, last).is_lt()
        {
            reject!("$bucket: `default` must lie outside of the boundaries");
        }
        Ok(Self {
            by: operands::expression(STAGE, given, "groupBy", known)?,
            boundaries,
            default,
            output: output(STAGE, given, known)?,
        })
    }

    pub(super) fn run(&self, documents: Vec<Document>, scope: &Scope<'_>) -> Result<Vec<Document>> {
        let buckets = self.boundaries.len() - 1;
        // The last one is the default.
        let mut states: Vec<Option<Vec<State>>> = (0..=buckets).map(|_| None).collect();
        for document in documents {
            let scope = scope.over(&document);
            let value = self.by.evaluate(&scope)?.unwrap_or(Bson::Null);
            let index = match self.index_of(&value) {
                Some(index) => index,
                None if self.default.is_some() => buckets,
                None => reject!("$bucket: {value} is in no bucket, and there is no `default`"),
            };
            let states = states[index].get_or_insert_with(|| self.output.begin());
            self.output.add(states, &scope)?;
        }
        let ids = self.boundaries[..buckets].iter().chain(&self.default);
        let mut results: Vec<_> = ids
            .zip(states)
            .filter_map(|(id, states)| Some(self.output.finish(id.clone(), states?)))
            .collect();
        let id = |document: &Document| document.get("_id").cloned().unwrap_or(Bson::Null);
        results.sort_by(|left, right| compare(&id(left), &id(right)));
        Ok(results)
    }

    /// The lower boundary is inside, the upper one is not.
    fn index_of(&self, value: &Bson) -> Option<usize> {
        let above = self
            .boundaries
            .partition_point(|boundary| compare(boundary, value).is_le());
        (above > 0 && above < self.boundaries.len()).then(|| above - 1)
    }
}

fn check_boundaries(boundaries: &[Bson]) -> Result<()> {
    if boundaries.len() < 2 {
        reject!(
            "$bucket needs at least 2 boundaries, got {}",
            boundaries.len()
        );
    }
    for (lower, upper) in boundaries.iter().zip(boundaries.iter().skip(1)) {
        if type_rank(lower) != type_rank(upper) {
            reject!("$bucket: the boundaries must be of one type");
        }
        if compare(lower, upper).is_ge() {
            reject!("$bucket: the boundaries must be ascending");
        }
    }
    Ok(())
}

/// A value that does not depend on a document.
fn constant(name: &str, operand: &Bson, known: &Known) -> Result<Bson> {
    match Expression::parse(operand, known)? {
        Expression::Constant(Some(value)) => Ok(value),
        _ => reject!("$bucket: {name} must be a constant"),
    }
}

/// The accumulators of `output`, a count if it is not given.
pub(super) fn output(stage: &str, given: &Document, known: &Known) -> Result<Output> {
    match given.get("output") {
        None => Output::parse(stage, &doc! { "count": { "$sum": 1 } }, known),
        Some(Bson::Document(fields)) => Output::parse(stage, fields, known),
        Some(_) => reject!("{stage}: `output` must be an object"),
    }
}
