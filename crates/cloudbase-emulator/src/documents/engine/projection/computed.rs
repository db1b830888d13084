//! Fields that expressions compute.

use bson::{Bson, Document};

use super::{
    super::{
        expression::{Expression, Known, Scope},
        rejection::{Result, reject},
    },
    tree::{Entry, Leaf, Tree},
};

/// Adds the computed fields of the tree. Objects merge, an array gets them in each element, a scalar on the way is replaced.
pub(super) fn add(document: &mut Document, tree: &Tree, scope: &Scope<'_>) -> Result<()> {
    for (name, entry) in &tree.entries {
        match entry {
            Entry::Leaf(Leaf::Computed(expression)) => match expression.evaluate(scope)? {
                Some(value) => {
                    document.insert(name, value);
                }
                None => {
                    document.remove(name);
                }
            },
            Entry::Below(below) if below.computes() => {
                let slot = document
                    .entry(name.clone())
                    .or_insert_with(|| Bson::Document(Document::new()));
                add_below(slot, below, scope)?;
            }
            Entry::Below(_) | Entry::Leaf(_) => {}
        }
    }
    Ok(())
}

fn add_below(value: &mut Bson, tree: &Tree, scope: &Scope<'_>) -> Result<()> {
    match value {
        Bson::Document(document) => add(document, tree, scope),
        Bson::Array(elements) => elements
            .iter_mut()
            .try_for_each(|element| add_below(element, tree, scope)),
        scalar => {
            let mut document = Document::new();
            add(&mut document, tree, scope)?;
            *scalar = Bson::Document(document);
            Ok(())
        }
    }
}

/// The fields of an `$addFields` stage.
#[derive(Debug, Clone)]
pub(in super::super) struct ComputedFields(Tree);

impl ComputedFields {
    pub(in super::super) fn parse(
        operator: &str,
        fields: &Document,
        known: &Known,
    ) -> Result<Self> {
        if fields.is_empty() {
            reject!("{operator} needs at least one field");
        }
        let mut tree = Tree::default();
        parse_into("", operator, fields, known, &mut tree)?;
        Ok(Self(tree))
    }

    pub(in super::super) fn add(&self, document: &mut Document, scope: &Scope<'_>) -> Result<()> {
        add(document, &self.0, scope)
    }
}

fn parse_into(
    prefix: &str,
    operator: &str,
    fields: &Document,
    known: &Known,
    tree: &mut Tree,
) -> Result<()> {
    for (name, value) in fields {
        let path = if prefix.is_empty() {
            name.clone()
        } else {
            format!("{prefix}.{name}")
        };
        match value {
            Bson::Document(inner) if inner.is_empty() => {
                reject!("{operator}: `{path}` is an empty object; use $literal")
            }
            Bson::Document(inner)
                if !inner.keys().next().is_some_and(|key| key.starts_with('$')) =>
            {
                parse_into(&path, operator, inner, known, tree)?;
            }
            value => {
                let expression = Expression::parse(value, known)?;
                tree.insert(operator, &path, Leaf::Computed(Box::new(expression)))?;
            }
        }
    }
    Ok(())
}
