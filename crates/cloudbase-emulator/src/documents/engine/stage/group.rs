//! `$group`, and the accumulators of the stages that group.

use std::collections::BTreeMap;

use bson::{Bson, Document};

use super::super::{
    compare::Ordered,
    expression::{Accumulator, Expression, Known, Scope, State},
    rejection::{Result, reject},
};

#[derive(Debug, Clone)]
pub(in super::super) struct Group {
    id: Expression,
    output: Output,
}

/// Fields that accumulators compute.
#[derive(Debug, Clone)]
pub(super) struct Output(Vec<(String, Accumulator, Expression)>);

impl Group {
    pub(super) fn parse(operands: &Document, known: &Known) -> Result<Self> {
        let mut fields = operands.clone();
        let Some(id) = fields.remove("_id") else {
            reject!("$group needs `_id`, the key of the groups");
        };
        Ok(Self {
            id: Expression::parse(&id, known)?,
            output: Output::parse("$group", &fields, known)?,
        })
    }

    /// The groups, in the order in which their keys appear.
    pub(super) fn run(&self, documents: Vec<Document>, scope: &Scope<'_>) -> Result<Vec<Document>> {
        let mut indexes: BTreeMap<Ordered, usize> = BTreeMap::new();
        let mut groups: Vec<(Bson, Vec<State>)> = Vec::new();
        for document in documents {
            let scope = scope.over(&document);
            // A missing key is the null key.
            let id = self.id.evaluate(&scope)?.unwrap_or(Bson::Null);
            let index = *indexes.entry(Ordered(id.clone())).or_insert(groups.len());
            if index == groups.len() {
                groups.push((id, self.output.begin()));
            }
            self.output.add(&mut groups[index].1, &scope)?;
        }
        Ok(groups
            .into_iter()
            .map(|(id, states)| self.output.finish(id, states))
            .collect())
    }
}

impl Output {
    pub(super) fn parse(stage: &str, fields: &Document, known: &Known) -> Result<Self> {
        fields
            .iter()
            .map(|(name, operand)| {
                if name.is_empty() || name.starts_with('$') || name.contains('.') {
                    reject!("{stage}: `{name}` cannot be the name of a field");
                }
                let (accumulator, operand) = accumulator(stage, name, operand)?;
                Ok((
                    name.clone(),
                    accumulator,
                    Expression::parse(operand, known)?,
                ))
            })
            .collect::<Result<_>>()
            .map(Self)
    }

    pub(super) fn begin(&self) -> Vec<State> {
        self.0
            .iter()
            .map(|(_, accumulator, _)| State::new(*accumulator))
            .collect()
    }

    pub(super) fn add(&self, states: &mut [State], scope: &Scope<'_>) -> Result<()> {
        for ((_, _, expression), state) in self.0.iter().zip(states) {
            state.add(expression.evaluate(scope)?)?;
        }
        Ok(())
    }

    pub(super) fn finish(&self, id: Bson, states: Vec<State>) -> Document {
        let fields = self
            .0
            .iter()
            .zip(states)
            .filter_map(|((name, _, _), state)| Some((name.clone(), state.finish()?)));
        std::iter::once(("_id".to_owned(), id))
            .chain(fields)
            .collect()
    }
}

fn accumulator<'a>(stage: &str, name: &str, operand: &'a Bson) -> Result<(Accumulator, &'a Bson)> {
    let (operator, operand) = match operand {
        Bson::Document(operator) if operator.len() == 1 => match operator.iter().next() {
            Some(entry) => entry,
            None => reject!("{stage}: `{name}` must have an accumulator"),
        },
        _ => reject!("{stage}: `{name}` must be an object with exactly one accumulator"),
    };
    let Some(accumulator) = Accumulator::find(operator) else {
        reject!(
            "{stage}: unknown accumulator `{operator}`, or one that the emulator does not support"
        );
    };
    match (accumulator, operand) {
        (Accumulator::Count, Bson::Document(nothing)) if nothing.is_empty() => {
            // Counts documents whatever the value is.
            Ok((accumulator, &Bson::Null))
        }
        (Accumulator::Count, _) => reject!("{stage}: $count takes an empty object"),
        (_, Bson::Array(operands)) => match operands.as_slice() {
            [operand] => Ok((accumulator, operand)),
            _ => reject!("{stage}: {operator} takes exactly one operand"),
        },
        (_, operand) => Ok((accumulator, operand)),
    }
}
