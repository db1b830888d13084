//! Documents of another collection.

use cloudbase_core::{Error, Result};
use serde::Serialize;

use crate::documents::ejson;
use crate::documents::field::FieldPath;
use crate::documents::value::{Document, Value};

/// Documents of another collection, and the field that they are put into as a list.
///
/// ```
/// use cloudbase_data::documents::aggregate::Lookup;
/// use serde_json::json;
///
/// let by_field = Lookup::new("users", "owners").equal("owner", "_id");
/// let by_pipeline = Lookup::new("users", "owners").pipeline(
///     json!({ "owner": "$owner" }),
///     [json!({ "$match": { "$expr": { "$eq": ["$_id", "$$owner"] } } })],
/// );
/// ```
#[derive(Clone, Debug)]
#[must_use = "does nothing by itself"]
pub struct Lookup {
    from: String,
    into: FieldPath,
    equal: Option<(FieldPath, FieldPath)>,
    pipeline: Option<Result<(Value, Value)>>,
}

impl Lookup {
    /// Documents of the collection `from`, put into the field `into`.
    pub fn new(from: impl Into<String>, into: impl Into<FieldPath>) -> Self {
        Self {
            from: from.into(),
            into: into.into(),
            equal: None,
            pipeline: None,
        }
    }

    /// Those whose field `foreign` is equal to the field `local` of the document.
    #[doc(alias = "localField")]
    #[doc(alias = "foreignField")]
    pub fn equal(mut self, local: impl Into<FieldPath>, foreign: impl Into<FieldPath>) -> Self {
        self.equal = Some((local.into(), foreign.into()));
        self
    }

    /// What comes out of a pipeline on the other collection, in which the expressions of `variables` are
    /// `$$name`.
    #[doc(alias = "let")]
    pub fn pipeline<S: Serialize>(
        mut self,
        variables: impl Serialize,
        stages: impl IntoIterator<Item = S>,
    ) -> Self {
        let stages: Vec<S> = stages.into_iter().collect();
        let read = || {
            let variables = ejson::value_of("variables", &variables)?;
            Ok((variables, ejson::value_of("stages", &stages)?))
        };
        self.pipeline = Some(read());
        self
    }

    pub(super) fn encode(self) -> Result<Document> {
        if self.equal.is_none() && self.pipeline.is_none() {
            let rule = "must say which documents: add `equal` or `pipeline`";
            return Err(Error::argument("lookup", rule));
        }
        let mut lookup = Document::one("from", self.from);
        if let Some((local, foreign)) = &self.equal {
            lookup.push("localField", local.checked()?);
            lookup.push("foreignField", foreign.checked()?);
        }
        if let Some(pipeline) = self.pipeline {
            let (variables, stages) = pipeline?;
            lookup.push("let", variables);
            lookup.push("pipeline", stages);
        }
        lookup.push("as", self.into.checked()?);
        Ok(lookup)
    }
}
