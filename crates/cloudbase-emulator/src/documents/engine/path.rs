//! Dotted paths, and what a filter or a sort reaches by one.

use bson::{Bson, Document};

use super::rejection::{Result, reject};

/// The parts of a dotted path.
pub(super) type Path = Vec<String>;

/// Splits a path and rejects empty parts and names with a leading `$`.
pub(super) fn parse_path(text: &str, user: &str) -> Result<Path> {
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
    let Some((name, rest)) = path.split_first() else {
        return false;
    };
    match document.get(name) {
        Some(value) if !rest.is_empty() => visit_below(value, rest, visit),
        value => visit(value),
    }
}

fn visit_below<'a>(
    value: &'a Bson,
    path: &[String],
    visit: &mut dyn FnMut(Option<&'a Bson>) -> bool,
) -> bool {
    match value {
        Bson::Document(document) => visit_path(document, path, visit),
        Bson::Array(elements) => {
            visit_at_index(elements, path, visit)
                || elements
                    .iter()
                    .filter_map(Bson::as_document)
                    .any(|document| visit_path(document, path, visit))
        }
        _ => visit(None),
    }
}

fn visit_at_index<'a>(
    elements: &'a [Bson],
    path: &[String],
    visit: &mut dyn FnMut(Option<&'a Bson>) -> bool,
) -> bool {
    let Some((part, rest)) = path.split_first() else {
        return false;
    };
    match array_index(part).and_then(|index| elements.get(index)) {
        None => false,
        Some(element) if rest.is_empty() => visit(Some(element)),
        // An element that is an object is entered by name below, too: by index is for `a.0.b`.
        Some(element @ (Bson::Document(_) | Bson::Array(_))) => visit_below(element, rest, visit),
        Some(_) => false,
    }
}
