//! `LIKE` patterns as MySQL matches them.

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// A `LIKE` pattern, taken apart once.
#[derive(Debug)]
pub(crate) struct Pattern {
    tokens: Vec<Token>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Token {
    Literal(char),
    One,
    Many,
}

impl Pattern {
    /// `%` is any run, `_` any character, a backslash takes the next character literally.
    pub(crate) fn new(pattern: &str) -> Self {
        let mut tokens = Vec::with_capacity(pattern.len());
        let mut chars = pattern.chars();
        while let Some(c) = chars.next() {
            tokens.push(match c {
                '%' if tokens.last() == Some(&Token::Many) => continue,
                '%' => Token::Many,
                '_' => Token::One,
                '\\' => Token::Literal(chars.next().unwrap_or('\\')),
                c => Token::Literal(c),
            });
        }
        Self { tokens }
    }

    /// Whether `text` as a whole is like the pattern.
    pub(crate) fn matches(&self, text: &str, binary: bool) -> bool {
        let same = if binary {
            |a: char, b: char| a == b
        } else {
            same_letter
        };
        let mut rest = text.chars();
        let mut at = 0;
        // Where to try again: the token after the last `%`, and the text it may start at.
        let mut retry: Option<(usize, std::str::Chars<'_>)> = None;
        loop {
            let before = rest.clone();
            let advanced = match self.tokens.get(at) {
                Some(Token::Many) => {
                    at += 1;
                    retry = Some((at, before));
                    continue;
                }
                None if rest.as_str().is_empty() => return true,
                None => false,
                Some(token) => match rest.next() {
                    None => return false,
                    Some(c) => match token {
                        Token::Literal(literal) => same(*literal, c),
                        Token::One | Token::Many => true,
                    },
                },
            };
            if advanced {
                at += 1;
                continue;
            }
            let Some((token, text)) = &mut retry else {
                return false;
            };
            if text.next().is_none() {
                return false;
            }
            at = *token;
            rest = text.clone();
        }
    }
}

fn same_letter(a: char, b: char) -> bool {
    if a == b {
        return true;
    }
    if a.is_ascii() && b.is_ascii() {
        return a.eq_ignore_ascii_case(&b);
    }
    let fold = |c: char| {
        std::iter::once(c)
            .nfkd()
            .filter(|c| !is_combining_mark(*c))
            .flat_map(char::to_lowercase)
    };
    fold(a).eq(fold(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn like_follows_mysql() {
        for (pattern, text, expected) in [
            ("%milk%", "Some MILK here", true),
            ("m_lk", "milk", true),
            ("m_lk", "mlk", false),
            ("100\\%", "100%", true),
            ("100\\%", "1000", false),
            ("%", "", true),
            ("", "", true),
            ("", "a", false),
            ("%a%b%c", "xxaxxbxxc", true),
            ("%a%b%c", "xxaxxbxx", false),
            ("*", "anything", false),
            ("a\\", "a\\", true),
            ("é%", "Ecole", true),
            ("%😀", "hi 😀", true),
            ("a\0%", "a\0b", true),
        ] {
            assert_eq!(
                Pattern::new(pattern).matches(text, false),
                expected,
                "{pattern} ~ {text}"
            );
        }
        assert!(!Pattern::new("Milk").matches("milk", true));
    }

    #[test]
    fn many_wildcards_stay_quick() {
        let pattern = "%a".repeat(200) + "%b";
        assert!(!Pattern::new(&pattern).matches(&"a".repeat(20_000), false));
    }
}
