//! What cargo-mutants proposes: one change of the code each.

use std::ops::Range;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use xshell::cmd;

use super::text::Lines;
use crate::project::Project;

/// The sources that are mutated: what a silent mistake would cost most.
const FILES: &[&str] = &[
    "crates/cloudbase-core/src/**/*.rs",
    "crates/cloudbase-auth/src/flows/session.rs",
    "crates/cloudbase-auth/src/flows/session/**/*.rs",
    "crates/cloudbase-auth/src/token.rs",
    "crates/cloudbase-auth/src/token/**/*.rs",
    "crates/cloudbase-auth/src/store.rs",
    "crates/cloudbase-auth/src/store/**/*.rs",
    "crates/cloudbase-data/src/mysql.rs",
    "crates/cloudbase-data/src/mysql/**/*.rs",
    "crates/cloudbase-storage/src/upload.rs",
    "crates/cloudbase-storage/src/upload/**/*.rs",
    "crates/cloudbase-storage/src/download.rs",
    "crates/cloudbase-storage/src/download/**/*.rs",
];

/// Tests that cargo-mutants does not know as such.
const TESTS: &str = "**/tests.rs";

/// `Debug` is for people; that it shows no secret has tests of its own, and a mutant shows less.
const EXCLUDED: &str = "impl (fmt::)?Debug for";

/// One change of the code.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Mutant {
    /// `file:line:column: change`.
    pub(super) name: String,
    pub(super) file: String,
    pub(super) package: String,
    pub(super) genre: Genre,
    /// What takes the place of the span.
    pub(super) replacement: String,
    span: Span,
}

/// What kind of change it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) enum Genre {
    /// A function returns something else at once; the span is what stands in its body.
    FnValue,
    BinaryOperator,
    UnaryOperator,
    /// An arm of a `match` is deleted.
    MatchArm,
    MatchArmGuard,
    /// A field is left to the base of a struct expression.
    StructField,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Span {
    start: Position,
    end: Position,
}

/// Both count from 1, columns in characters.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Position {
    line: usize,
    column: usize,
}

impl Mutant {
    /// What is changed, and in which function.
    pub(super) fn change(&self) -> &str {
        self.name.splitn(4, ':').nth(3).unwrap_or_default().trim()
    }

    /// Whether it returns another type than the function, which names none: only a build of its own has room for it.
    pub(super) fn is_of_opaque_type(&self) -> bool {
        self.genre == Genre::FnValue && self.name.contains("-> impl ")
    }

    /// The text of its file with the change.
    pub(super) fn applied(&self, text: &str) -> String {
        let mut changed = text.to_owned();
        changed.replace_range(self.range(&Lines::new(text)), &self.replacement);
        changed
    }

    /// The bytes of its file that it replaces.
    pub(super) fn range(&self, lines: &Lines<'_>) -> Range<usize> {
        let offset = |position: &Position| lines.offset(position.line, position.column - 1);
        offset(&self.span.start)..offset(&self.span.end)
    }
}

/// Every mutant of the sources, in the order of their names.
pub(super) fn list(project: &Project) -> Result<Vec<Mutant>> {
    let root = project.root();
    let files = FILES.iter().flat_map(|file| ["--file", file]);
    let listing = cmd!(
        project.sh,
        "cargo mutants --no-config --dir {root} --workspace --list --json {files...} --exclude {TESTS} --exclude-re {EXCLUDED}"
    )
    .quiet()
    .read()
    .context("cargo-mutants cannot list the mutants")?;
    let mut mutants: Vec<Mutant> = serde_json::from_str(&listing)
        .context("the list of cargo-mutants is not what this version of it writes")?;
    ensure!(!mutants.is_empty(), "there is nothing to mutate");
    mutants.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(mutants)
}

#[cfg(test)]
impl Mutant {
    /// The mutant of `file` that replaces what stands from `start` to `end` of the line.
    pub(super) fn sample(
        file: &str,
        genre: Genre,
        line: usize,
        columns: Range<usize>,
        replacement: &str,
    ) -> Self {
        let position = |column| Position { line, column };
        Self {
            name: format!(
                "{file}:{line}:{}: replace it with {replacement}",
                columns.start
            ),
            file: file.to_owned(),
            package: "a".to_owned(),
            genre,
            replacement: replacement.to_owned(),
            span: Span {
                start: position(columns.start),
                end: position(columns.end),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mutant_is_read_from_the_list() {
        let mutant: Mutant = serde_json::from_str(
            r#"{
                "name": "crates/a/src/b.rs:2:5: replace c -> u8 with 0",
                "file": "crates/a/src/b.rs",
                "package": "a",
                "genre": "FnValue",
                "replacement": "0",
                "span": {"start": {"line": 2, "column": 5}, "end": {"line": 2, "column": 6}},
                "function": null
            }"#,
        )
        .unwrap();
        assert_eq!(mutant.change(), "replace c -> u8 with 0");
        assert_eq!(
            mutant.range(&Lines::new("fn c() -> u8 {\n    7\n}\n")),
            19..20
        );
    }
}
