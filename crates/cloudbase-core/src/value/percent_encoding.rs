//! Percent-encoding and its reverse, for paths, queries, forms and file names.

/// Percent-encodes everything but the unreserved characters of RFC 3986.
pub fn encode_component(value: &str) -> String {
    let mut text = String::with_capacity(value.len() + 16);
    push_encoded(&mut text, value, is_unreserved);
    text
}

/// Appends `value` to `text`, percent-encoding each byte that `keeps` does not let through.
pub fn push_encoded(text: &mut String, value: &str, keeps: impl Fn(u8) -> bool) {
    let is_kept = |c: char| u8::try_from(c).is_ok_and(|byte| byte.is_ascii() && keeps(byte));
    let mut rest = value;
    while let Some(at) = rest.find(|c| !is_kept(c)) {
        text.push_str(&rest[..at]);
        let mut others = rest[at..].chars();
        if let Some(other) = others.next() {
            push_escapes(text, other);
        }
        rest = others.as_str();
    }
    text.push_str(rest);
}

fn push_escapes(text: &mut String, c: char) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for byte in c.encode_utf8(&mut [0; 4]).bytes() {
        let (high, low) = (usize::from(byte >> 4), usize::from(byte & 15));
        text.extend(['%', DIGITS[high].into(), DIGITS[low].into()]);
    }
}

/// Whether RFC 3986 never needs `byte` encoded.
pub fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// Undoes percent-encoding. A `%` without two hexadecimal digits after it stays as it is.
pub fn percent_decode(text: &str) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = match (first, tail) {
            (b'%', [high, low, ..]) => digit(*high).zip(digit(*low)),
            _ => None,
        };
        let (byte, after) = match escaped {
            Some((high, low)) => (high << 4 | low, &tail[2..]),
            None => (*first, tail),
        };
        decoded.push(byte);
        rest = after;
    }
    decoded
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|value| value as u8)
}

#[cfg(test)]
mod tests;
