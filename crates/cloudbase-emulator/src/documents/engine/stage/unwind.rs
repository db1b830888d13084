//! `$unwind`.

use bson::{Bson, Document};

use super::{
    super::{
        path::{Path, parse_path},
        rejection::{Result, reject},
    },
    operands,
};

#[derive(Debug, Clone)]
pub(in super::super) struct Unwind {
    path: Path,
    index: Option<Path>,
    /// Whether a document without elements stays.
    preserve: bool,
}

const STAGE: &str = "$unwind";

impl Unwind {
    pub(super) fn parse(operand: &Bson) -> Result<Self> {
        match operand {
            Bson::String(path) => Ok(Self {
                path: field(path)?,
                index: None,
                preserve: false,
            }),
            Bson::Document(given) => {
                let optional = ["includeArrayIndex", "preserveNullAndEmptyArrays"];
                let given = operands::check(STAGE, given, &["path"], &optional)?;
                let index = match given.get("includeArrayIndex") {
                    None => None,
                    Some(_) => Some(operands::path(STAGE, given, "includeArrayIndex")?),
                };
                let preserve = match given.get("preserveNullAndEmptyArrays") {
                    None => false,
                    Some(Bson::Boolean(preserve)) => *preserve,
                    Some(_) => reject!("$unwind: `preserveNullAndEmptyArrays` must be a bool"),
                };
                Ok(Self {
                    path: field(operands::text(STAGE, given, "path")?)?,
                    index,
                    preserve,
                })
            }
            _ => reject!("$unwind needs a path, or an object with one"),
        }
    }

    pub(super) fn run(&self, documents: Vec<Document>) -> Vec<Document> {
        let mut unwound = Vec::with_capacity(documents.len());
        for document in documents {
            self.unwind(document, &mut unwound);
        }
        unwound
    }

    fn unwind(&self, mut document: Document, unwound: &mut Vec<Document>) {
        match find(&document, &self.path).cloned() {
            Some(Bson::Array(elements)) if !elements.is_empty() => {
                for (index, element) in (0_i64..).zip(elements) {
                    let mut one = document.clone();
                    operands::put(&mut one, &self.path, element);
                    self.put_index(&mut one, Bson::Int64(index));
                    unwound.push(one);
                }
                return;
            }
            Some(Bson::Array(_)) if self.preserve => remove(&mut document, &self.path),
            Some(Bson::Array(_) | Bson::Null | Bson::Undefined) | None if !self.preserve => return,
            // A scalar is one element.
            _ => {}
        }
        self.put_index(&mut document, Bson::Null);
        unwound.push(document);
    }

    fn put_index(&self, document: &mut Document, index: Bson) {
        if let Some(path) = &self.index {
            operands::put(document, path, index);
        }
    }
}

fn field(path: &str) -> Result<Path> {
    match path.strip_prefix('$') {
        Some(path) => parse_path(path, STAGE),
        None => reject!("$unwind: the path must begin with `$`, got `{path}`"),
    }
}

/// The value at a path of objects.
fn find<'a>(document: &'a Document, path: &[String]) -> Option<&'a Bson> {
    let (name, rest) = path.split_first()?;
    match document.get(name) {
        value if rest.is_empty() => value,
        Some(Bson::Document(inner)) => find(inner, rest),
        _ => None,
    }
}

fn remove(document: &mut Document, path: &[String]) {
    match path.split_first() {
        Some((name, [])) => {
            document.remove(name);
        }
        Some((name, rest)) => {
            if let Some(Bson::Document(inner)) = document.get_mut(name) {
                remove(inner, rest);
            }
        }
        None => {}
    }
}
