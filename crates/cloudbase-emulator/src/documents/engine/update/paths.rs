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

/// Decides from the value that is there, if one is.
type Decide<'a> = dyn FnMut(Option<&Bson>) -> Result<Change> + 'a;

/// How far an array is padded with nulls for an index beyond its end.
const MOST_PADDING: usize = 1_500_000;

/// Changes the value at a path. Missing parents are created, as objects, if a value is set. A path that leads through a
/// scalar, or by name through an array, is rejected; `lenient` makes it one where nothing is.
pub(super) fn change(
    document: &mut Document,
    path: &[String],
    lenient: bool,
    decide: &mut Decide<'_>,
) -> Result<()> {
    let Some((name, rest)) = path.split_first() else {
        return Ok(());
    };
    if rest.is_empty() {
        match decide(document.get(name))? {
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
        Some(value) => change_below(value, name, rest, lenient, decide),
        None => {
            if let Change::Set(value) = decide(None)? {
                document.insert(name, nested(rest, value));
            }
            Ok(())
        }
    }
}

fn change_below(
    value: &mut Bson,
    name: &str,
    path: &[String],
    lenient: bool,
    decide: &mut Decide<'_>,
) -> Result<()> {
    match value {
        Bson::Document(document) => change(document, path, lenient, decide),
        Bson::Array(elements) => change_element(elements, name, path, lenient, decide),
        _ if lenient => Ok(()),
        _ => reject!(
            "cannot go to `{}` in `{name}`, which is neither an object nor an array",
            path.join(".")
        ),
    }
}

fn change_element(
    elements: &mut Vec<Bson>,
    name: &str,
    path: &[String],
    lenient: bool,
    decide: &mut Decide<'_>,
) -> Result<()> {
    let Some((part, rest)) = path.split_first() else {
        return Ok(());
    };
    let Some(index) = array_index(part) else {
        if lenient {
            return Ok(());
        }
        reject!("cannot go to `{part}` in `{name}`, which is an array: it has indexes only");
    };
    match elements.get_mut(index) {
        Some(element) if rest.is_empty() => {
            match decide(Some(element))? {
                Change::Keep => {}
                Change::Set(value) => *element = value,
                // The array keeps its length.
                Change::Remove => *element = Bson::Null,
            }
            Ok(())
        }
        Some(element) => change_below(element, part, rest, lenient, decide),
        None => {
            if let Change::Set(value) = decide(None)? {
                if index - elements.len() > MOST_PADDING {
                    reject!("`{name}.{part}` is more than {MOST_PADDING} beyond the array's end");
                }
                elements.resize(index, Bson::Null);
                elements.push(nested(rest, value));
            }
            Ok(())
        }
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
