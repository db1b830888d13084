//! Patterns that name operations: a method and a path with wildcards.

use http::Method;

/// `METHOD /path`, where the method may be `*` and a `*` in the path stands for any text, also none.
/// A pattern without a method fits every method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pattern {
    method: String,
    path: String,
}

impl Pattern {
    /// A pattern that a test wrote.
    ///
    /// # Panics
    ///
    /// If it can match nothing, and would pass for a fault that did not strike or a call that was not made.
    #[track_caller]
    #[expect(
        clippy::panic,
        reason = "a test's own mistake, which must not pass unnoticed"
    )]
    pub(crate) fn new(text: &str) -> Self {
        match Self::parse(text) {
            Ok(pattern) => pattern,
            Err(rule) => panic!("{rule}"),
        }
    }

    /// A pattern; an error names the rule that one which can match nothing breaks.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        const METHODS: [&str; 8] = [
            "*", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS",
        ];
        let pattern = Self::split(text);
        let is_path = pattern.path.starts_with(['/', '*'])
            && !pattern
                .path
                .contains(|c: char| c.is_whitespace() || c == '?' || c == '#');
        if is_path && METHODS.contains(&&*pattern.method) {
            return Ok(pattern);
        }
        Err(format!(
            "the pattern `{text}` can match nothing; expected `METHOD /path` without a query, where the method may be left \
             out or `*`, and `*` in the path stands for any text"
        ))
    }

    fn split(text: &str) -> Self {
        match text.trim().split_once(char::is_whitespace) {
            Some((method, path)) => Self {
                method: method.to_ascii_uppercase(),
                path: path.trim().to_owned(),
            },
            None => Self {
                method: "*".to_owned(),
                path: text.trim().to_owned(),
            },
        }
    }

    pub(crate) fn fits(&self, method: &Method, path: &str) -> bool {
        (self.method == "*" || self.method == method.as_str()) && glob(&self.path, path)
    }
}

/// Matches greedily piece by piece: linear in the path for each piece, without recursion.
fn glob(pattern: &str, text: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(head) else {
        return false;
    };
    let mut pieces = tail.split('*').peekable();
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return text.ends_with(piece);
        }
        match text.find(piece) {
            Some(at) => text = &text[at + piece.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fits_method_and_path() {
        let pattern = Pattern::new("post /v1/functions/*");
        assert!(pattern.fits(&Method::POST, "/v1/functions/hello"));
        assert!(!pattern.fits(&Method::GET, "/v1/functions/hello"));
        assert!(!pattern.fits(&Method::POST, "/v1/function"));
        assert!(Pattern::new("/auth/v1/token").fits(&Method::POST, "/auth/v1/token"));
        assert!(!Pattern::new("/auth/v1/token").fits(&Method::POST, "/auth/v1/token/introspect"));
        assert!(Pattern::new("* *").fits(&Method::PUT, "/"));
    }

    #[test]
    fn what_can_match_nothing_is_no_pattern() {
        for text in [
            "* *",
            "*",
            "GET *",
            "get /v1/*",
            "/v1/x",
            " DELETE  /a ",
            "*/token",
            "PATCH */a*",
        ] {
            assert!(Pattern::parse(text).is_ok(), "{text}");
        }
        for text in [
            "",
            "nonsense pattern",
            "nonsense",
            "GET v1/x",
            "PSOT /v1/x",
            "GET /a?b=c",
            "GET /a b",
            "GET",
            "/a#b",
        ] {
            assert!(Pattern::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn stars_take_any_text() {
        for (pattern, text, fits) in [
            ("/a/*/c", "/a/b/c", true),
            ("/a/*/c", "/a/b/x/c", true),
            ("/a/*/c", "/a/b/d", false),
            ("*b*b", "ab", false),
            ("*b*b", "abab", true),
            ("/a*", "/a", true),
        ] {
            assert_eq!(glob(pattern, text), fits, "{pattern} {text}");
        }
    }
}
