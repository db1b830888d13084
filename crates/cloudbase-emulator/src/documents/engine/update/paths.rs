//! Changes what is at a path.

use bson::{Bson, Document};

use super::super::{
    path::array_index,
    rejection::{Result, reject},
};

/// What becomes of the value at a path.
#[derive(Debug)]
pub(super) enum Change {
    Keep,
    Set(Bson),
    Remove,
}

/// How many nulls the arrays of an update are padded with, for indexes beyond their ends.
#[derive(Debug, Default)]
pub(super) struct Padding(usize);

/// More would not fit into a document.
const MOST_PADDING: usize = 1_500_000;

/// Changes the value at a path.
pub(super) struct Walk<'a> {
    /// Whether a path that leads through a scalar, or by name through an array, is one where nothing is. Else it is
    /// rejected.
    pub(super) lenient: bool,
    pub(super) padding: &'a mut Padding,
    /// Decides from the value that is there, if one is.
    pub(super) decide: &'a mut dyn FnMut(Option<&Bson>) -> Result<Change>,
}

impl Walk<'_> {
    /// Missing parents are created, as objects, if a value is set.
    pub(super) fn change(&mut self, document: &mut Document, path: &[String]) -> Result<()> {
        let Some((name, rest)) = path.split_first() else {
            return Ok(());
        };
        if rest.is_empty() {
            match (self.decide)(document.get(name))? {
                Change::Keep => {}
                Change::Set(value) => {
                    document.insert(name, value);
                }
                Change::Remove => {
                    document.remove(name);
                }
            }
            return Ok(());
        }
        match document.get_mut(name) {
            Some(value) => self.change_below(value, name, rest),
            None => {
                if let Change::Set(value) = (self.decide)(None)? {
                    document.insert(name, nested(rest, value));
                }
                Ok(())
            }
        }
    }

    fn change_below(&mut self, value: &mut Bson, name: &str, path: &[String]) -> Result<()> {
        match value {
            Bson::Document(document) => self.change(document, path),
            Bson::Array(elements) => self.change_element(elements, name, path),
            _ if self.lenient => Ok(()),
            _ => reject!(
                "cannot go to `{}` in `{name}`, which is neither an object nor an array",
                path.join(".")
            ),
        }
    }

    fn change_element(
        &mut self,
        elements: &mut Vec<Bson>,
        name: &str,
        path: &[String],
    ) -> Result<()> {
        let Some((part, rest)) = path.split_first() else {
            return Ok(());
        };
        let Some(index) = array_index(part) else {
            if self.lenient {
                return Ok(());
            }
            reject!("cannot go to `{part}` in `{name}`, which is an array: it has indexes only");
        };
        match elements.get_mut(index) {
            Some(element) if rest.is_empty() => {
                match (self.decide)(Some(element))? {
                    Change::Keep => {}
                    Change::Set(value) => *element = value,
                    // The array keeps its length.
                    Change::Remove => *element = Bson::Null,
                }
                Ok(())
            }
            Some(element) => self.change_below(element, part, rest),
            None => {
                if let Change::Set(value) = (self.decide)(None)? {
                    self.padding.add(index - elements.len(), name, part)?;
                    elements.resize(index, Bson::Null);
                    elements.push(nested(rest, value));
                }
                Ok(())
            }
        }
    }
}

impl Padding {
    fn add(&mut self, nulls: usize, name: &str, part: &str) -> Result<()> {
        self.0 = self.0.saturating_add(nulls);
        if self.0 > MOST_PADDING {
            reject!(
                "with `{name}.{part}` the update goes more than {MOST_PADDING} beyond the arrays' ends"
            );
        }
        Ok(())
    }
}

/// The value inside objects of the names.
pub(super) fn nested(path: &[String], value: Bson) -> Bson {
    path.iter().rev().fold(value, |inner, name| {
        let mut document = Document::new();
        document.insert(name, inner);
        Bson::Document(document)
    })
}

/// The value at a path of objects. An array on the way is rejected.
pub(super) fn find<'a>(document: &'a Document, path: &[String]) -> Result<Option<&'a Bson>> {
    let Some((name, rest)) = path.split_first() else {
        return Ok(None);
    };
    match document.get(name) {
        value if rest.is_empty() => Ok(value),
        Some(Bson::Document(inner)) => find(inner, rest),
        Some(Bson::Array(_)) => {
            reject!("$rename: `{name}` is an array, whose elements cannot be renamed")
        }
        _ => Ok(None),
    }
}
