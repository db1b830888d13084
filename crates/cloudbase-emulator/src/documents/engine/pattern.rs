//! Regular expressions of the database (PCRE), on the `regex` crate.

use bson::Bson;
use regex::{Regex, RegexBuilder};

use super::rejection::{Rejection, Result, reject};

/// Compiles a pattern with the options `i`, `m`, `s` and `x`.
///
/// Lookaround, back-references, possessive quantifiers and the like are rejected. `\d`, `\w` and `\s` stand for ASCII
/// characters, as they do in PCRE.
pub(super) fn compile(pattern: &str, options: &str) -> Result<Regex> {
    let translated = translate(pattern)
        .map_err(|reason| Rejection::new(format!("$regex: `{pattern}`: {reason}")))?;
    let mut builder = RegexBuilder::new(&translated);
    for option in options.chars() {
        match option {
            'i' => builder.case_insensitive(true),
            'm' => builder.multi_line(true),
            's' => builder.dot_matches_new_line(true),
            'x' => builder.ignore_whitespace(true),
            _ => reject!("$regex: unknown option `{option}`; expected some of i, m, s, x"),
        };
    }
    // The crate's message spans lines; its last one says what is wrong.
    builder.build().map_err(|error| {
        let text = error.to_string();
        let reason = text.lines().last().unwrap_or_default();
        Rejection::new(format!(
            "$regex: `{pattern}` is not a regular expression that the emulator supports: {reason}"
        ))
    })
}

/// Reads `{$regex, $options}` from a pattern and options as they stand in a filter or an expression.
pub(super) fn compile_operands(
    pattern: &Bson,
    options: Option<&Bson>,
    operator: &str,
) -> Result<Regex> {
    let given = match options {
        None | Some(Bson::Null) => None,
        Some(Bson::String(options)) => Some(options.as_str()),
        Some(_) => reject!("{operator}: the options must be a string"),
    };
    match pattern {
        Bson::String(pattern) => compile(pattern, given.unwrap_or_default()),
        Bson::RegularExpression(regex) => {
            let own = regex.options.as_str();
            if given.is_some_and(|given| !given.is_empty()) && !own.is_empty() {
                reject!("{operator}: options are given twice");
            }
            compile(
                regex.pattern.as_str(),
                given.filter(|given| !given.is_empty()).unwrap_or(own),
            )
        }
        _ => reject!("{operator}: the pattern must be a string or a regular expression"),
    }
}

const QUANTIFIERS: &[char] = &['*', '+', '?', '}'];

/// Rewrites what the `regex` crate reads otherwise than PCRE: classes of ASCII characters, and the characters that only the
/// crate takes for operators inside a class. Returns the reason why a pattern cannot be rewritten.
fn translate(pattern: &str) -> Result<String, &'static str> {
    let mut out = String::with_capacity(pattern.len());
    let mut characters = pattern.chars().peekable();
    let mut in_class = false;
    let mut after_quantifier = false;
    while let Some(character) = characters.next() {
        let was_quantifier = std::mem::take(&mut after_quantifier);
        match character {
            '\\' => match characters.next() {
                Some(escaped) => out.push_str(&escape(escaped, in_class)?),
                None => return Err("ends with a backslash"),
            },
            '[' if in_class => {
                // A class like `[:alpha:]` stays, a bare bracket is a character.
                if characters.peek() == Some(&':') {
                    out.push('[');
                    for inner in characters.by_ref() {
                        out.push(inner);
                        if inner == ']' {
                            break;
                        }
                    }
                } else {
                    out.push_str("\\[");
                }
            }
            '&' | '~' | '-' if in_class && characters.peek() == Some(&character) => {
                out.push('\\');
                out.push(character);
            }
            '[' => {
                in_class = true;
                out.push('[');
                if characters.next_if_eq(&'^').is_some() {
                    out.push('^');
                }
                // A closing bracket that comes first is a character.
                if characters.next_if_eq(&']').is_some() {
                    out.push_str("\\]");
                }
            }
            ']' if in_class => {
                in_class = false;
                out.push(']');
            }
            '+' if was_quantifier => return Err("possessive quantifiers are not supported"),
            '(' if characters.peek() == Some(&'*') => return Err("verbs are not supported"),
            character => {
                after_quantifier = !in_class && QUANTIFIERS.contains(&character) && !was_quantifier;
                out.push(character);
            }
        }
    }
    Ok(out)
}

fn escape(escaped: char, in_class: bool) -> Result<String, &'static str> {
    let class = |inside: &str, negated: bool| match (in_class, negated) {
        (false, false) => format!("[{inside}]"),
        (_, true) => format!("[^{inside}]"),
        (true, false) => inside.to_owned(),
    };
    const DIGIT: &str = "0-9";
    const WORD: &str = "0-9A-Za-z_";
    const SPACE: &str = r"\t\n\x0B\x0C\r\x20";
    const HORIZONTAL: &str =
        r"\t\x20\x{A0}\x{1680}\x{180E}\x{2000}-\x{200A}\x{202F}\x{205F}\x{3000}";
    Ok(match escaped {
        'd' => class(DIGIT, false),
        'D' => class(DIGIT, true),
        'w' => class(WORD, false),
        'W' => class(WORD, true),
        's' => class(SPACE, false),
        'S' => class(SPACE, true),
        'h' => class(HORIZONTAL, false),
        'H' => class(HORIZONTAL, true),
        'b' if in_class => r"\x08".to_owned(),
        'b' => r"(?-u:\b)".to_owned(),
        'B' => return Err(r"`\B` is not supported"),
        'e' => r"\x1B".to_owned(),
        'z' | 'A' | 'n' | 'r' | 't' | 'f' | 'a' | 'x' | 'p' | 'P' => format!("\\{escaped}"),
        '0' => r"\x00".to_owned(),
        '1'..='9' => return Err("back-references are not supported"),
        escaped if escaped.is_ascii_alphabetic() => {
            return Err("has an escape that is not supported");
        }
        // Any other character stands for itself.
        escaped => regex::escape(&escaped.to_string()),
    })
}
