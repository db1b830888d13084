//! How words of a server are shown: on one line, without anything that moves the cursor, and without
//! tokens.

use std::borrow::Cow;
use std::fmt;

/// Text of any origin, cut to so many characters and escaped.
pub(super) struct Shown<'a>(pub(super) &'a str, pub(super) usize);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0.chars();
        for c in rest.by_ref().take(self.1) {
            if is_unsafe(c) {
                write!(f, "{}", c.escape_default())?;
            } else {
                write!(f, "{c}")?;
            }
        }
        match rest.next() {
            Some(_) => f.write_str("…"),
            None => Ok(()),
        }
    }
}

/// Whether a terminal or a log would not show the character, but obey it: controls, ends of lines, and
/// what turns the direction of writing.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{2028}' | '\u{2029}' | '\u{61c}' | '\u{200e}' | '\u{200f}'
        )
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// What is shown in place of a secret.
pub(super) const REDACTED: &str = "[redacted]";

/// The text without tokens: services repeat what they reject. A token is what follows `Bearer`, or looks
/// like a JWT, which those of the gateway are.
pub(super) fn redacted(text: &str) -> Cow<'_, str> {
    let mut shown = String::new();
    let mut copied = 0;
    let mut at = 0;
    let mut after_scheme = false;
    while let Some(mut start) = text[at..].find(is_of_token).map(|next| at + next) {
        let mut end = end_of(text, start, is_of_token);
        if after_scheme {
            start = at + text[at..start].trim_end_matches(['+', '/']).len();
            end = end_of(text, start, is_of_credentials);
        }
        let word = &text[start..end];
        // After the scheme anything is a token; not so punctuation, which may stand between.
        let secret = match after_scheme && word.len() >= 6 {
            true => Some(0),
            false => find_jwt(word),
        };
        if let Some(secret) = secret {
            shown.push_str(&text[copied..start + secret]);
            shown.push_str(REDACTED);
            copied = end;
        }
        after_scheme = word.eq_ignore_ascii_case("bearer") || word.eq_ignore_ascii_case("basic");
        at = end;
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    shown.push_str(&text[copied..]);
    Cow::Owned(shown)
}

fn is_of_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_.~".contains(c)
}

/// What may follow the scheme: `token68` of RFC 9110.
fn is_of_credentials(c: char) -> bool {
    is_of_token(c) || "+/=".contains(c)
}

fn end_of(text: &str, start: usize, is_inside: fn(char) -> bool) -> usize {
    let length = text[start..].find(|c| !is_inside(c));
    length.map_or(text.len(), |length| start + length)
}

/// Where in the word something begins as every JSON object does in base64, and goes on.
fn find_jwt(word: &str) -> Option<usize> {
    word.find("eyJ").filter(|start| word.len() - start >= 16)
}

#[cfg(test)]
mod tests;
