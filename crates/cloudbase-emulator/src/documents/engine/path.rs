//! Dotted paths, and what a filter or a sort reaches by one.

use std::collections::BTreeSet;

use bson::{Bson, Document};

use super::rejection::{Result, reject};

/// The parts of a dotted path.
pub(super) type Path = Vec<String>;

/// What is read and written by a path is nested as deeply as the path has parts.
const MOST_PARTS: usize = 100;

/// Splits a path and rejects too many parts, empty ones, and names with a leading `$`.
pub(super) fn parse_path(text: &str, user: &str) -> Result<Path> {
    if text.split('.').nth(MOST_PARTS).is_some() {
        reject!("{user}: a path has more than {MOST_PARTS} parts");
    }
    let parts: Path = text.split('.').map(str::to_owned).collect();
    for part in &parts {
        if part.is_empty() {
            reject!("{user}: the path `{text}` has an empty part");
        }
        if part.starts_with('$') {
            reject!("{user}: a field's name cannot begin with `$`: `{text}`");
        }
    }
    Ok(parts)
}

/// The index that a part of a path means on an array: digits without leading zeros.
pub(super) fn array_index(part: &str) -> Option<usize> {
    let plain = part == "0" || !part.starts_with('0');
    (plain && part.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| part.parse().ok())
        .flatten()
}

/// Calls `visit` with each value that `path` reaches until it returns true, and returns whether it did.
///
/// Objects are entered by name. An array on the way is entered by index, if the part is a number, and by each of its
/// elements that is an object; an array directly inside an array is not entered. What has no such field is visited as
/// `None`. An array at the end is visited whole.
pub(super) fn visit_path<'a>(
    document: &'a Document,
    path: &[String],
    visit: &mut dyn FnMut(Option<&'a Bson>) -> bool,
) -> bool {
    let entered = Entered::default();
    Walk { visit, entered }.document(document, path)
}

/// The arrays that a path has entered by index as well as by element, each with the number of parts that were left.
///
/// Both ways lead to the same arrays further down. Entered again and again, they would double the work at each level.
#[derive(Debug, Default)]
pub(crate) struct Entered(BTreeSet<(*const Bson, usize)>);

impl Entered {
    /// Whether the array is entered for the first time with so much of the path left.
    pub(crate) fn first(&mut self, elements: &[Bson], left: usize) -> bool {
        self.0.insert((elements.as_ptr(), left))
    }
}

struct Walk<'a, 'v> {
    visit: &'v mut dyn FnMut(Option<&'a Bson>) -> bool,
    entered: Entered,
}

impl<'a> Walk<'a, '_> {
    fn document(&mut self, document: &'a Document, path: &[String]) -> bool {
        let Some((name, rest)) = path.split_first() else {
            return false;
        };
        match document.get(name) {
            Some(value) if !rest.is_empty() => self.below(value, rest),
            value => (self.visit)(value),
        }
    }

    fn below(&mut self, value: &'a Bson, path: &[String]) -> bool {
        match value {
            Bson::Document(document) => self.document(document, path),
            Bson::Array(elements) => self.array(elements, path),
            _ => (self.visit)(None),
        }
    }

    fn array(&mut self, elements: &'a [Bson], path: &[String]) -> bool {
        let Some((part, rest)) = path.split_first() else {
            return false;
        };
        if let Some(element) = array_index(part).and_then(|index| elements.get(index)) {
            if !self.entered.first(elements, path.len()) {
                return false;
            }
            if self.at_index(element, rest) {
                return true;
            }
        }
        elements
            .iter()
            .filter_map(Bson::as_document)
            .any(|document| self.document(document, path))
    }

    fn at_index(&mut self, element: &'a Bson, rest: &[String]) -> bool {
        match element {
            element if rest.is_empty() => (self.visit)(Some(element)),
            // An element that is an object is entered by name, too: by index is for `a.0.b`.
            Bson::Document(_) | Bson::Array(_) => self.below(element, rest),
            _ => false,
        }
    }
}
