//! `$lookup`.

use std::collections::{BTreeMap, BTreeSet};

use bson::{Bson, Document};

use super::{
    super::{
        compare::Ordered,
        expression::{Expression, Known, Scope, valid_name},
        path::{Path, visit_path},
        pipeline::{Collections, Pipeline},
        rejection::{Result, reject},
    },
    operands,
};

/// Joins documents of another collection: those with equal fields, those that a pipeline gives, or both.
#[derive(Debug, Clone)]
pub(in super::super) struct Lookup {
    from: String,
    /// The path here and the path there.
    equal: Option<(Path, Path)>,
    variables: Vec<(String, Expression)>,
    pipeline: Option<Pipeline>,
    into: Path,
}

const STAGE: &str = "$lookup";

impl Lookup {
    pub(super) fn parse(given: &Document, known: &Known) -> Result<Self> {
        let optional = ["localField", "foreignField", "let", "pipeline"];
        let given = operands::check(STAGE, given, &["from", "as"], &optional)?;
        let equal = match (
            given.contains_key("localField"),
            given.contains_key("foreignField"),
        ) {
            (true, true) => Some((
                operands::path(STAGE, given, "localField")?,
                operands::path(STAGE, given, "foreignField")?,
            )),
            (false, false) => None,
            _ => reject!("$lookup needs both `localField` and `foreignField`, or neither"),
        };
        let variables = match given.get("let") {
            None => Vec::new(),
            Some(Bson::Document(variables)) => variables
                .iter()
                .map(|(name, value)| {
                    valid_name(STAGE, name)?;
                    Ok((name.clone(), Expression::parse(value, known)?))
                })
                .collect::<Result<_>>()?,
            Some(_) => reject!("$lookup: `let` must be an object"),
        };
        let pipeline = match given.get("pipeline") {
            None if equal.is_none() || given.contains_key("let") => {
                reject!("$lookup needs `localField` and `foreignField`, or a `pipeline`")
            }
            None => None,
            Some(Bson::Array(stages)) => {
                let inner = known.with(variables.iter().map(|(name, _)| name.as_str()));
                Some(Pipeline::parse_in(stages, &inner)?)
            }
            Some(_) => reject!("$lookup: `pipeline` must be an array"),
        };
        Ok(Self {
            from: operands::text(STAGE, given, "from")?.to_owned(),
            equal,
            variables,
            pipeline,
            into: operands::path(STAGE, given, "as")?,
        })
    }

    pub(super) fn run(
        &self,
        documents: Vec<Document>,
        collections: &dyn Collections,
        scope: &Scope<'_>,
    ) -> Result<Vec<Document>> {
        let foreign = collections.documents(&self.from)?;
        let index = self.equal.as_ref().map(|(_, path)| index(&foreign, path));
        documents
            .into_iter()
            .map(|mut document| {
                let found = match (&self.equal, &index) {
                    (Some((path, _)), Some(index)) => found(&document, path, index)
                        .into_iter()
                        .filter_map(|position| foreign.get(position))
                        .cloned()
                        .collect(),
                    _ => foreign.clone(),
                };
                let joined = match &self.pipeline {
                    None => found,
                    Some(pipeline) => {
                        let local = scope.over(&document);
                        let values = self
                            .variables
                            .iter()
                            .map(|(name, value)| Ok((name.clone(), value.evaluate(&local)?)))
                            .collect::<Result<Vec<_>>>()?;
                        scope.bind(&values, |scope| pipeline.run_in(found, collections, scope))?
                    }
                };
                let joined = joined.into_iter().map(Bson::Document).collect();
                operands::put(&mut document, &self.into, Bson::Array(joined));
                Ok(document)
            })
            .collect()
    }
}

/// Where each value of a field stands; an array is there as a whole and by its elements, what is missing as null.
fn index(documents: &[Document], path: &Path) -> BTreeMap<Ordered, BTreeSet<usize>> {
    let mut index: BTreeMap<Ordered, BTreeSet<usize>> = BTreeMap::new();
    for (position, document) in documents.iter().enumerate() {
        visit_path(document, path, &mut |value| {
            let value = value.unwrap_or(&Bson::Null);
            let elements = value.as_array().map(Vec::as_slice).unwrap_or_default();
            for value in std::iter::once(value).chain(elements) {
                index
                    .entry(Ordered(value.clone()))
                    .or_default()
                    .insert(position);
            }
            false
        });
    }
    index
}

/// The positions of the documents with an equal value; of an array each element is looked for.
fn found(
    document: &Document,
    path: &Path,
    index: &BTreeMap<Ordered, BTreeSet<usize>>,
) -> BTreeSet<usize> {
    let mut positions = BTreeSet::new();
    let mut look_for = |value: &Bson| {
        positions.extend(index.get(&Ordered(value.clone())).into_iter().flatten());
    };
    visit_path(document, path, &mut |value| {
        match value {
            None | Some(Bson::Undefined) => look_for(&Bson::Null),
            Some(Bson::Array(elements)) => elements.iter().for_each(&mut look_for),
            Some(value) => look_for(value),
        }
        false
    });
    positions
}
