//! Regular expressions of the database (PCRE), on the `regex` crate.

use std::{iter::Peekable, str::Chars};

use bson::Bson;
use regex::{Captures, Match, Regex, RegexBuilder};

use super::rejection::{Rejection, Result, reject};

/// Compiles a pattern with the options `i`, `m`, `s` and `x`.
///
/// Lookaround, back-references, possessive quantifiers and the like are rejected. `\d`, `\w` and `\s` stand for ASCII
/// characters, as they do in PCRE.
pub(super) fn compile(pattern: &str, options: &str) -> Result<Regex> {
    let translated = Translation::of(pattern, options)
        .map_err(|reason| Rejection::new(format!("$regex: `{pattern}`: {reason}")))?;
    let mut builder = RegexBuilder::new(&translated);
    for option in options.chars() {
        match option {
            'i' => builder.case_insensitive(true),
            'm' => builder.multi_line(true),
            's' => builder.dot_matches_new_line(true),
            // Space and comments are left out already: inside a class they count, unlike in the crate.
            'x' => &mut builder,
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

/// Reads and compiles `{$regex, $options}` as they stand in an expression.
pub(super) fn compile_operands(
    pattern: &Bson,
    options: Option<&Bson>,
    operator: &str,
) -> Result<Regex> {
    let regex = regex_of(pattern, options, operator)?;
    compile(regex.pattern.as_str(), regex.options.as_str())
}

/// The value that a pattern and options stand for, the options in the order of the alphabet.
pub(super) fn regex_of(
    pattern: &Bson,
    options: Option<&Bson>,
    operator: &str,
) -> Result<bson::Regex> {
    let given = match options {
        None | Some(Bson::Null) => "",
        Some(Bson::String(options)) => options.as_str(),
        Some(_) => reject!("{operator}: the options must be a string"),
    };
    let (pattern, own) = match pattern {
        Bson::String(pattern) => (pattern.as_str(), ""),
        Bson::RegularExpression(regex) => (regex.pattern.as_str(), regex.options.as_str()),
        _ => reject!("{operator}: the pattern must be a string or a regular expression"),
    };
    if !given.is_empty() && !own.is_empty() {
        reject!("{operator}: options are given twice");
    }
    let mut options: Vec<_> = given.chars().chain(own.chars()).collect();
    options.sort_unstable();
    let text = |text: String| {
        bson::raw::CString::try_from(text)
            .map_err(|_| Rejection::new(format!("{operator}: a null byte is not allowed")))
    };
    Ok(bson::Regex {
        pattern: text(pattern.to_owned())?,
        options: text(options.into_iter().collect())?,
    })
}

const QUANTIFIERS: &[char] = &['*', '+', '?', '}'];

/// What the name of a group begins with that stands for the end of the text, or for a last newline before it.
const END: &str = "end_of_text_";

/// The groups of a match that the pattern itself has, and where the match ends: before a last newline, if `$` stands for it.
pub(super) fn groups<'t>(
    regex: &Regex,
    captures: &Captures<'t>,
) -> (Vec<Option<Match<'t>>>, Option<usize>) {
    let is_end = |name: &Option<&str>| name.is_some_and(|name| name.starts_with(END));
    let (ends, groups): (Vec<_>, Vec<_>) = regex
        .capture_names()
        .zip(captures.iter())
        .partition(|(name, _)| is_end(name));
    let end = ends.iter().find_map(|(_, end)| Some(end.as_ref()?.start()));
    (groups.into_iter().map(|(_, group)| group).collect(), end)
}

/// Rewrites what the `regex` crate reads otherwise than PCRE: classes of ASCII characters, the characters that only the
/// crate takes for operators inside a class, `$` before a last newline, and the option `x`.
struct Translation<'p> {
    characters: Peekable<Chars<'p>>,
    out: String,
    multi_line: bool,
    extended: bool,
    /// How many `$` were written as groups.
    ends: usize,
}

impl<'p> Translation<'p> {
    /// The pattern rewritten, or the reason why it cannot be.
    fn of(pattern: &'p str, options: &str) -> Result<String, &'static str> {
        let mut translation = Self {
            characters: pattern.chars().peekable(),
            out: String::with_capacity(pattern.len()),
            multi_line: options.contains('m'),
            extended: options.contains('x'),
            ends: 0,
        };
        translation.outside()?;
        Ok(translation.out)
    }

    fn outside(&mut self) -> Result<(), &'static str> {
        let mut after_quantifier = false;
        while let Some(character) = self.characters.next() {
            let was_quantifier = std::mem::take(&mut after_quantifier);
            match character {
                character if self.extended && character.is_ascii_whitespace() => {
                    after_quantifier = was_quantifier;
                }
                '#' if self.extended => {
                    self.characters
                        .by_ref()
                        .find(|character| *character == '\n');
                    after_quantifier = was_quantifier;
                }
                '\\' => self.escape(false)?,
                '[' => self.class()?,
                '(' => self.open()?,
                '$' if !self.multi_line => {
                    self.ends += 1;
                    self.out
                        .push_str(&format!("(?:(?P<{END}{}>\\n?)\\z)", self.ends));
                }
                '+' if was_quantifier => return Err("possessive quantifiers are not supported"),
                character => {
                    after_quantifier = QUANTIFIERS.contains(&character) && !was_quantifier;
                    self.out.push(character);
                }
            }
        }
        Ok(())
    }

    /// What follows an opening parenthesis: options count from there on.
    fn open(&mut self) -> Result<(), &'static str> {
        self.out.push('(');
        let mut ahead = self.characters.clone();
        match ahead.next() {
            Some('*') => return Err("verbs are not supported"),
            Some('?') => {}
            _ => return Ok(()),
        }
        let options = ahead.take_while(char::is_ascii_alphabetic);
        for option in options {
            match option {
                'x' => return Err("the option x is supported in $options only"),
                'm' => self.multi_line = true,
                _ => {}
            }
        }
        Ok(())
    }

    /// A class in brackets, of which the first is read already.
    fn class(&mut self) -> Result<(), &'static str> {
        self.out.push('[');
        if self.characters.next_if_eq(&'^').is_some() {
            self.out.push('^');
        }
        // A closing bracket that comes first is a character.
        if self.characters.next_if_eq(&']').is_some() {
            self.out.push_str("\\]");
        }
        // No range begins or ends with what stands for many characters.
        let mut after_many = false;
        while let Some(character) = self.characters.next() {
            let was_many = std::mem::take(&mut after_many);
            match character {
                '\\' => {
                    after_many = self.stands_for_many();
                    self.escape(true)?;
                }
                // A class like `[:alpha:]` stays, a bare bracket is a character.
                '[' if self.characters.peek() == Some(&':') => {
                    self.out.push('[');
                    for inner in self.characters.by_ref() {
                        self.out.push(inner);
                        if inner == ']' {
                            break;
                        }
                    }
                    after_many = true;
                }
                '[' => self.out.push_str("\\["),
                '-' if was_many || self.many_follow() => self.out.push_str("\\-"),
                '&' | '~' | '-' if self.characters.peek() == Some(&character) => {
                    self.out.push('\\');
                    self.out.push(character);
                }
                ']' => {
                    self.out.push(']');
                    return Ok(());
                }
                character => self.out.push(character),
            }
        }
        Ok(())
    }

    /// Whether the next character, after a backslash, stands for many.
    fn stands_for_many(&mut self) -> bool {
        self.characters
            .peek()
            .is_some_and(|escaped| "dDwWsShHpP".contains(*escaped))
    }

    fn many_follow(&self) -> bool {
        let mut ahead = self.characters.clone();
        ahead.next() == Some('\\') && ahead.next().is_some_and(|next| "dDwWsShHpP".contains(next))
    }

    /// What follows a backslash.
    fn escape(&mut self, in_class: bool) -> Result<(), &'static str> {
        let Some(escaped) = self.characters.next() else {
            return Err("ends with a backslash");
        };
        if escaped == '0' && self.characters.peek().is_some_and(char::is_ascii_digit) {
            return Err("octal escapes are not supported");
        }
        self.out.push_str(&escape(escaped, in_class)?);
        Ok(())
    }
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
