//! Files of SQL as text.
//!
//! A dump holds the bytes of BLOB, BINARY and BIT columns as they are, between quotes, unless it was set to write them in
//! hexadecimal; such a file as a whole is no UTF-8.

use std::borrow::Cow;

use super::splitter::{Lexeme, comment, lexeme, quoted};

/// The text of a file. Strings that are no UTF-8 become hexadecimal literals of the same bytes.
///
/// # Errors
///
/// Names the line where something else is no UTF-8.
pub(crate) fn decode(file: Vec<u8>) -> Result<String, String> {
    let file = match String::from_utf8(file) {
        Ok(text) => return Ok(text),
        Err(error) => error.into_bytes(),
    };
    if file.starts_with(&[0xff, 0xfe]) || file.starts_with(&[0xfe, 0xff]) {
        return Err("the file is UTF-16; save it as UTF-8".to_owned());
    }
    // One character for each byte: what separates strings is ASCII.
    let characters: String = file.iter().copied().map(char::from).collect();
    let mut rest = characters.as_str();
    let mut text = String::with_capacity(file.len());
    while !rest.is_empty() {
        let length = match lexeme(rest) {
            Lexeme::Quoted(quote) => whole(rest, quote),
            Lexeme::Comment { .. } => comment(rest),
            Lexeme::VersionComment { length } => Some(length),
            Lexeme::Character(c) if c.is_ascii() => Some(1),
            Lexeme::Character(_) => Some(rest.find(|c: char| c.is_ascii()).unwrap_or(rest.len())),
        };
        // What has no end is reported when the text is read.
        let (part, after) = rest.split_at(length.unwrap_or(rest.len()));
        let bytes: Vec<u8> = part.chars().filter_map(|c| u8::try_from(c).ok()).collect();
        match std::str::from_utf8(&bytes) {
            Ok(part) => text.push_str(part),
            Err(_) if part.starts_with(['\'', '"']) && length.is_some() => {
                text.push_str("x'");
                text.push_str(&hex::encode(unescape(&bytes)));
                // The lines that follow stay where they are.
                text.push('\'');
                text.extend(bytes.iter().filter(|byte| **byte == b'\n').map(|_| '\n'));
            }
            Err(_) if part.starts_with(['-', '#', '/']) => {
                text.push_str(&String::from_utf8_lossy(&bytes))
            }
            Err(_) => {
                let line = text.matches('\n').count() + 1;
                return Err(format!("line {line} is no UTF-8; save the file as UTF-8"));
            }
        }
        rest = after;
    }
    Ok(text)
}

/// The length of the string or name that `text` begins with, doubled quotes in it included.
fn whole(text: &str, quote: char) -> Option<usize> {
    let mut length = quoted(text, quote)?;
    while text[length..].starts_with(quote) {
        length += quoted(&text[length..], quote)?;
    }
    Some(length)
}

/// The bytes of a string between its quotes.
fn unescape(quoted: &[u8]) -> Vec<u8> {
    let quote = quoted[0];
    let mut bytes = quoted[1..quoted.len() - 1].iter().copied().peekable();
    let mut plain = Vec::with_capacity(quoted.len());
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => plain.push(match bytes.next() {
                Some(b'0') => 0,
                Some(b'b') => 8,
                Some(b'n') => b'\n',
                Some(b'r') => b'\r',
                Some(b't') => b'\t',
                Some(b'Z') => 0x1a,
                Some(other) => other,
                None => b'\\',
            }),
            byte if byte == quote => {
                bytes.next_if_eq(&quote);
                plain.push(quote);
            }
            byte => plain.push(byte),
        }
    }
    plain
}

/// A statement without `\a` and `\f` in its strings: they are plain letters to MySQL, and control characters to the parser.
pub(crate) fn without_foreign_escapes(statement: &str) -> Cow<'_, str> {
    if !statement.contains("\\a") && !statement.contains("\\f") {
        return statement.into();
    }
    let mut rest = statement;
    let mut text = String::with_capacity(statement.len());
    while !rest.is_empty() {
        let (length, is_string) = match lexeme(rest) {
            Lexeme::Quoted(quote) => (quoted(rest, quote), quote != '`'),
            Lexeme::Character(c) => (Some(c.len_utf8()), false),
            Lexeme::Comment { .. } => (comment(rest), false),
            Lexeme::VersionComment { length } => (Some(length), false),
        };
        // What has no end is reported when the text is read.
        let (part, after) = rest.split_at(length.unwrap_or(rest.len()));
        rest = after;
        let mut characters = part.chars();
        while let Some(character) = characters.next() {
            let escaped = (is_string && character == '\\').then(|| characters.next());
            match escaped.flatten() {
                Some(plain @ ('a' | 'f')) => text.push(plain),
                Some(other) => text.extend([character, other]),
                None => text.push(character),
            }
        }
    }
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_of_bytes_become_hexadecimal() {
        let file = b"-- it's \xff\nINSERT INTO `t` VALUES ('a\xff\\0\\'\n',\"\xe5\xbc\xa0\",_binary '\xde\\\\''', 'ok');".to_vec();
        assert_eq!(
            decode(file).unwrap(),
            "-- it's \u{fffd}\nINSERT INTO `t` VALUES (x'61ff00270a'\n,\"张\",_binary x'de5c27', 'ok');"
        );
    }

    #[test]
    fn other_encodings_are_named() {
        let file = b"SELECT 1;\nCREATE TABLE `\xc8\xcb` (id INT);".to_vec();
        assert!(decode(file).unwrap_err().contains("line 2"));
        let file = b"\xff\xfeS\0E\0".to_vec();
        assert!(decode(file).unwrap_err().contains("UTF-16"));
        assert_eq!(decode("SELECT '张'".into()).unwrap(), "SELECT '张'");
    }
}
