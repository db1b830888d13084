//! Cuts a script into statements as the `mysql` client does: quotes, comments, version comments, `DELIMITER`.

/// Version comments (`/*!80016 … */`) up to this version of MySQL are part of the statement.
const VERSION: u32 = 80_099;

/// A statement of a script.
#[derive(Debug, PartialEq)]
pub(crate) struct Piece<'a> {
    /// The line of its first word, from 1.
    pub(crate) line: usize,
    /// As it was written, comments included: what a MySQL server is sent.
    pub(crate) raw: &'a str,
    /// Without comments and with the content of version comments, each line still on its line; or why it cannot be read.
    pub(crate) text: Result<String, String>,
}

/// Cuts a script into its statements. Those of nothing but plain comments are left out.
pub(crate) fn split(script: &str) -> Vec<Piece<'_>> {
    let mut splitter = Splitter {
        // Editors on Windows put a byte order mark there, and the client skips it.
        rest: script.strip_prefix('\u{feff}').unwrap_or(script),
        line: 1,
        delimiter: ";",
    };
    let mut pieces = Vec::new();
    while !splitter.rest.is_empty() {
        pieces.extend(splitter.piece());
    }
    pieces
}

struct Splitter<'a> {
    rest: &'a str,
    /// The line that `rest` begins in.
    line: usize,
    delimiter: &'a str,
}

/// What a script consists of.
pub(super) enum Lexeme {
    /// A comment; of these, servers of other kinds or versions run some.
    Comment {
        is_conditional: bool,
    },
    /// The beginning of a comment whose content is part of the statement, such as `/*!80016`.
    VersionComment {
        length: usize,
    },
    /// A string or a quoted name.
    Quoted(char),
    Character(char),
}

impl<'a> Splitter<'a> {
    /// The statement up to the next delimiter; none if only plain comments or a command of the client stand there.
    fn piece(&mut self) -> Option<Piece<'a>> {
        let start = self.rest;
        let mut line = self.line;
        let mut text = String::new();
        // The line of the version comment that has not ended yet.
        let mut open = None;
        let mut is_conditional = false;
        let raw = loop {
            if text.trim_ascii().is_empty() {
                text.clear();
                line = self.line;
                if let Some(outcome) = self.client_command() {
                    let problem = outcome.err()?;
                    return Some(Piece {
                        line,
                        raw: "",
                        text: Err(problem),
                    });
                }
            }
            let raw = &start[..start.len() - self.rest.len()];
            if self.rest.is_empty() {
                break raw;
            }
            if let Some(length) = self.delimiter() {
                self.take(length);
                break raw;
            }
            if open.is_some() && self.rest.starts_with("*/") {
                self.take(2);
                text.push(' ');
                open = None;
                continue;
            }
            let begun = self.line;
            let length = match lexeme(self.rest) {
                Lexeme::Comment {
                    is_conditional: for_others,
                } => {
                    is_conditional |= for_others;
                    comment(self.rest)
                }
                Lexeme::VersionComment { length } => {
                    open = Some(self.line);
                    is_conditional = true;
                    self.take(length);
                    text.push(' ');
                    continue;
                }
                Lexeme::Quoted(quote) => match quoted(self.rest, quote) {
                    Some(length) => {
                        text.push_str(self.take(length));
                        continue;
                    }
                    None => None,
                },
                Lexeme::Character(c) => {
                    text.push_str(self.take(c.len_utf8()));
                    continue;
                }
            };
            let Some(length) = length else {
                let sign: String = self.rest.chars().take(2).collect();
                self.take(self.rest.len());
                return Some(Piece {
                    line,
                    raw: start,
                    text: Err(format!(
                        "what begins with {sign} in line {begun} has no end"
                    )),
                });
            };
            let lines = self.take(length).matches('\n').count();
            text.push(' ');
            text.extend(std::iter::repeat_n('\n', lines));
        };
        text.truncate(text.trim_ascii_end().len());
        if text.is_empty() && open.is_none() && !is_conditional {
            return None;
        }
        let text = match open {
            Some(line) => Err(format!("the comment of line {line} has no end")),
            None => Ok(text),
        };
        Some(Piece { line, raw, text })
    }

    /// Carries out `DELIMITER`, which no server knows. Called where a statement may begin.
    fn client_command(&mut self) -> Option<Result<(), String>> {
        let line = self.rest.lines().next()?;
        let mut words = line.split_ascii_whitespace();
        let command = words.next()?;
        if !line.starts_with(command) {
            return None;
        }
        let outcome = if command.eq_ignore_ascii_case("delimiter") {
            match words.next() {
                Some(delimiter) if !delimiter.contains('\\') => {
                    self.delimiter = delimiter;
                    Ok(())
                }
                _ => Err("DELIMITER must be followed by the delimiter".to_owned()),
            }
        } else if command.eq_ignore_ascii_case("source") || command.starts_with("\\.") {
            Err(format!(
                "`{}` is a command of the mysql client; name that file as a schema of its own",
                line.trim_ascii_end()
            ))
        } else {
            return None;
        };
        self.take(line.len());
        Some(outcome)
    }

    /// The length of the delimiter that stands here.
    fn delimiter(&self) -> Option<usize> {
        [self.delimiter, "\\g", "\\G"]
            .into_iter()
            .find(|delimiter| self.rest.starts_with(delimiter))
            .map(str::len)
    }

    /// Goes on by so many bytes, and returns them.
    fn take(&mut self, length: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(length);
        self.line += taken.bytes().filter(|byte| *byte == b'\n').count();
        self.rest = rest;
        taken
    }
}

/// What `rest` begins with.
pub(super) fn lexeme(rest: &str) -> Lexeme {
    let mut chars = rest.chars();
    let first = chars.next().unwrap_or_default();
    match first {
        '\'' | '"' | '`' => Lexeme::Quoted(first),
        '#' => Lexeme::Comment {
            is_conditional: false,
        },
        // `5--3` is a number minus a negative one.
        '-' if rest.starts_with("--") && rest[2..].chars().next().is_none_or(|c| c <= ' ') => {
            Lexeme::Comment {
                is_conditional: false,
            }
        }
        '/' if rest.starts_with("/*!") => {
            let digits: String = rest[3..]
                .chars()
                .take_while(char::is_ascii_digit)
                .take(6)
                .collect();
            // Fewer digits than five are no version.
            let digits = if digits.len() < 5 { "" } else { &digits };
            match digits.parse::<u32>() {
                Ok(version) if version > VERSION => Lexeme::Comment {
                    is_conditional: true,
                },
                _ => Lexeme::VersionComment {
                    length: 3 + digits.len(),
                },
            }
        }
        // `/*M!` is MariaDB's own.
        '/' if rest.starts_with("/*") => Lexeme::Comment {
            is_conditional: rest.starts_with("/*M!"),
        },
        other => Lexeme::Character(other),
    }
}

/// The length of the comment that `text` begins with; its line's end is not part of it.
pub(super) fn comment(text: &str) -> Option<usize> {
    if let Some(content) = text.strip_prefix("/*") {
        return content.find("*/").map(|at| at + 4);
    }
    Some(text.find('\n').unwrap_or(text.len()))
}

/// The length of the string or name that `text` begins with.
pub(super) fn quoted(text: &str, quote: char) -> Option<usize> {
    let mut bytes = text.bytes().enumerate().skip(1);
    while let Some((at, byte)) = bytes.next() {
        if byte == b'\\' && quote != '`' {
            bytes.next();
        } else if u32::from(byte) == u32::from(quote) {
            // Doubled it stands for itself: what follows is then read as another of the kind.
            return Some(at + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(script: &str) -> Vec<(usize, String)> {
        split(script)
            .into_iter()
            .map(|piece| {
                (
                    piece.line,
                    piece.text.unwrap_or_else(|error| format!("! {error}")),
                )
            })
            .collect()
    }

    #[test]
    fn quotes_and_comments_hide_delimiters() {
        let script = "-- a comment; with one\n\nSELECT ';', \"a\\\";\", `b;``c`;;\n\
                      # x;\n SELECT 5--3 /* a;\nb */ + 1; SELECT 'it''s;'";
        assert_eq!(
            texts(script),
            [
                (3, "SELECT ';', \"a\\\";\", `b;``c`".to_owned()),
                (5, "SELECT 5--3  \n + 1".to_owned()),
                (6, "SELECT 'it''s;'".to_owned()),
            ]
        );
    }

    #[test]
    fn version_comments_are_opened_by_version() {
        let script = "/*!40101 SET a=1 */;\nCREATE TABLE t (id INT /*!80023 INVISIBLE */) /*!50100 PARTITION BY /* x */ KEY() */;\n\
                      /*!100616 SET b=1 */;/*M!100616 SET c=1 */;/*M!999999\\- enable the sandbox mode */ \n/*! SET d=1*/;/*+ hint */;";
        let read: Vec<String> = texts(script)
            .into_iter()
            .map(|(_, text)| text.split_ascii_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        assert_eq!(
            read,
            [
                "SET a=1",
                "CREATE TABLE t (id INT INVISIBLE ) PARTITION BY KEY()",
                "",
                "",
                "SET d=1",
            ]
        );
        // A server of another kind gets them all.
        let raw: Vec<_> = split(script).into_iter().map(|piece| piece.raw).collect();
        assert_eq!(raw[2], "\n/*!100616 SET b=1 */");
    }

    #[test]
    fn delimiters_change_as_in_the_client() {
        let script = "delimiter ;;\nCREATE TRIGGER g BEGIN SET a=1; SET b=2; END;;\nDELIMITER ;\nSELECT 1; DELIMITER //\nSELECT 2//\nSELECT 3\\G";
        assert_eq!(
            texts(script),
            [
                (2, "CREATE TRIGGER g BEGIN SET a=1; SET b=2; END".to_owned()),
                (4, "SELECT 1".to_owned()),
                (5, "SELECT 2".to_owned()),
                (6, "SELECT 3".to_owned()),
            ]
        );
    }

    #[test]
    fn byte_order_mark_and_windows_line_ends() {
        assert_eq!(
            texts("\u{feff}SELECT\r\n1;\r\nDELIMITER $$\r\nSELECT 2$$\r\n"),
            [(1, "SELECT\r\n1".to_owned()), (4, "SELECT 2".to_owned())]
        );
    }

    #[test]
    fn what_has_no_end_is_named_by_its_line() {
        for (script, sign) in [
            ("SELECT 1;\nSELECT '\\'x;", "'\\"),
            ("\nSELECT 1 /* x", "/*"),
        ] {
            let last = texts(script).pop().unwrap();
            assert_eq!(
                last,
                (2, format!("! what begins with {sign} in line 2 has no end"))
            );
        }
        let last = texts("SELECT 1 /*!50100 + 1;\n").pop().unwrap();
        assert_eq!(last, (1, "! the comment of line 1 has no end".to_owned()));
        assert!(
            texts("source other.sql\nSELECT 1;")[0]
                .1
                .contains("a command of the mysql client")
        );
        assert!(texts("DELIMITER\n")[0].1.contains("must be followed"));
    }
}
