//! Reads JSON as other languages write it: after a byte order mark, with halves of surrogate pairs.

use std::borrow::Cow;

use serde::de::DeserializeOwned;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Reads JSON. What costs nothing comes first: text is looked through only once it was rejected.
pub(crate) fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> serde_json::Result<T> {
    match serde_json::from_slice(bytes) {
        Ok(value) => Ok(value),
        Err(error) => match repaired(bytes) {
            Some(repaired) => serde_json::from_slice(&repaired),
            None => Err(error),
        },
    }
}

/// The text without its byte order mark, and with U+FFFD for each half of a surrogate pair; `None` if it
/// has neither.
///
/// RFC 8259 §8.1 lets a reader skip the mark. A half is what `JSON.stringify` writes of a string that was
/// cut in UTF-16 units; JavaScript, Dart and Python read it.
#[cold]
pub(crate) fn repaired(bytes: &[u8]) -> Option<Cow<'_, [u8]>> {
    let (text, marked) = match bytes.strip_prefix(BYTE_ORDER_MARK) {
        Some(text) => (text, true),
        None => (bytes, false),
    };
    match without_halves(text) {
        Some(whole) => Some(Cow::Owned(whole)),
        None => marked.then_some(Cow::Borrowed(text)),
    }
}

fn without_halves(text: &[u8]) -> Option<Vec<u8>> {
    let mut whole = Vec::new();
    let mut copied = 0;
    let mut at = 0;
    while let Some(next) = text[at..].iter().position(|byte| *byte == b'\\') {
        at += next;
        let Some(unit) = escaped_unit(&text[at..]) else {
            at = text.len().min(at + 2); // another escape, such as `\\`
            continue;
        };
        match unit {
            0xD800..0xDC00 if matches!(escaped_unit(&text[at + 6..]), Some(0xDC00..0xE000)) => {
                at += 12;
            }
            0xD800..0xE000 => {
                whole.extend_from_slice(&text[copied..at]);
                whole.extend_from_slice(br"\ufffd");
                at += 6;
                copied = at;
            }
            _ => at += 6,
        }
    }
    if copied == 0 {
        return None;
    }
    whole.extend_from_slice(&text[copied..]);
    Some(whole)
}

/// The UTF-16 unit of the `\u` escape that `text` begins with.
fn escaped_unit(text: &[u8]) -> Option<u16> {
    let digits = text.strip_prefix(br"\u")?.get(..4)?;
    let digits = std::str::from_utf8(digits).ok()?;
    // `from_str_radix` takes a sign as well.
    let hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    hex.then(|| u16::from_str_radix(digits, 16).ok()).flatten()
}

#[cfg(test)]
mod tests;
