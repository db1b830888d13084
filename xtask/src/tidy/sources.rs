//! Rules for the text of files, mostly Rust sources.

use std::path::Path;

use super::{
    Finding,
    pending::{self, ByName},
    rust_source::{is_test, sdk_source},
};
use crate::budget::{FILE_LINES, SDK_FILE_LINES};

/// What must not be in any file. Each is cut in two here, so that this file does not find itself.
const BANNED: &[(&str, &str, &str)] = &[
    ("#[ig", "nore", "no test is switched off"),
    (
        "```ig",
        "nore",
        "an example that is not compiled is wrong sooner or later",
    ),
    (
        "```rust,ig",
        "nore",
        "an example that is not compiled is wrong sooner or later",
    ),
    ("index.crates", ".io", "no registry's host"),
    ("static.crates", ".io", "no registry's host"),
    ("crates.io", "-index", "no registry's host"),
    ("registry.npm", "js.org", "no registry's host"),
    ("registry.npm", "mirror", "no registry's host"),
    ("deb.deb", "ian.org", "no registry's host"),
    ("arti", "factory", "no registry's host"),
    ("../sha", "red/", "a path outside the repository"),
];

/// Directories of one machine.
const MACHINE: &[(&str, &str)] = &[("/wo", "rk/"), ("/ro", "ot/"), ("/ho", "me/")];

/// File names that say nothing about what is in the file.
const NAMELESS: &[&str] = &[
    "common.rs",
    "helpers.rs",
    "misc.rs",
    "mod.rs",
    "util.rs",
    "utils.rs",
];

pub(super) fn check(path: &Path, text: &str) -> Vec<Finding> {
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    if name == "Cargo.lock" {
        return Vec::new();
    }
    let mut findings = banned(path, text);
    if name.ends_with(".rs") {
        findings.extend(rust(path, name, text));
    }
    findings
}

/// The sources of the SDK that are longer than one thing is.
#[derive(Default)]
pub(super) struct Lengths(ByName);

impl Lengths {
    pub(super) fn add(&mut self, path: &Path, text: &str) {
        let is_source = sdk_source(path).is_some_and(|(_, inside)| !is_test(inside));
        let lines = text.lines().count();
        if is_source && lines > SDK_FILE_LINES {
            let rule = format!("{lines} lines, at most {SDK_FILE_LINES}: is it still one thing?");
            let name = path.display().to_string();
            self.0.insert(name, vec![Finding::at(path, lines, rule)]);
        }
    }

    pub(super) fn check(self) -> Vec<Finding> {
        pending::settle(self.0, pending::LONG_FILES)
    }
}

fn banned(path: &Path, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in numbered(text) {
        for (head, tail, rule) in BANNED {
            if line.contains(&format!("{head}{tail}")) {
                findings.push(Finding::at(path, number, *rule));
            }
        }
        for (head, tail) in MACHINE {
            if names_directory(line, &format!("{head}{tail}")) {
                findings.push(Finding::at(path, number, "no path of one machine"));
            }
        }
    }
    findings
}

/// Whether an absolute path starts here: the directory is not the middle of a longer path or address.
fn names_directory(line: &str, directory: &str) -> bool {
    line.match_indices(directory).any(|(at, _)| {
        line[..at]
            .chars()
            .next_back()
            .is_none_or(|before| !before.is_alphanumeric() && !"./-_}%*~$<>".contains(before))
    })
}

fn rust(path: &Path, name: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    if NAMELESS.contains(&name) && !is_shared_by_tests(path) {
        findings.push(Finding::new(
            path.display().to_string(),
            "name the file after what it is",
        ));
    }
    if !text.starts_with("//! ") {
        findings.push(Finding::at(
            path,
            1,
            "start with a `//!` sentence: what is this file for?",
        ));
    }
    let lines = text.lines().count();
    if lines > FILE_LINES {
        findings.push(Finding::at(
            path,
            lines,
            format!("{lines} lines, at most {FILE_LINES}: is it still one thing?"),
        ));
    }
    let is_tool = path.starts_with("xtask");
    for (number, line) in numbered(text) {
        let comment = line.split_once("//").map_or("", |(_, comment)| comment);
        if ["TO", "FIX"].iter().any(|head| {
            let tail = if *head == "TO" { "DO" } else { "ME" };
            comment
                .trim_start_matches(['/', '!', ' '])
                .starts_with(&format!("{head}{tail}"))
        }) {
            findings.push(Finding::at(
                path,
                number,
                "finish it, or file it; no note in the code",
            ));
        }
        if !is_tool && line.contains("thread::sleep(") {
            findings.push(Finding::at(
                path,
                number,
                "wait for a signal or pause the clock",
            ));
        }
        if line.trim_end() != line {
            findings.push(Finding::at(path, number, "blanks at the end of the line"));
        }
    }
    findings
}

/// What several test programs share can only be `tests/<name>/mod.rs`: as a file it would be a test program itself.
fn is_shared_by_tests(path: &Path) -> bool {
    path.ends_with("mod.rs")
        && path
            .ancestors()
            .nth(2)
            .is_some_and(|directory| directory.ends_with("tests"))
}

fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(path: &str, text: &str) -> Vec<String> {
        check(Path::new(path), text)
            .into_iter()
            .map(|finding| finding.to_string())
            .collect()
    }

    #[test]
    fn a_good_file_passes() {
        assert_eq!(
            rules(
                "crates/a/src/lib.rs",
                "//! What it is for.\n\nfn main() {}\n"
            ),
            [""; 0]
        );
    }

    #[test]
    fn a_rust_file_says_what_it_is_for_and_is_short() {
        let long = format!("//! Long.\n{}", "\n".repeat(FILE_LINES));
        assert_eq!(rules("a.rs", &long).len(), 1);
        assert_eq!(rules("a.rs", "fn main() {}\n").len(), 1);
        assert_eq!(rules("a/mod.rs", "//! A.\n").len(), 1);
        assert_eq!(rules("a/tests/wire/mod.rs", "//! A.\n"), [""; 0]);
        assert_eq!(rules("a.md", "# Not Rust\n"), [""; 0]);
    }

    #[test]
    fn a_source_of_the_sdk_is_shorter_still() {
        let long = "\n".repeat(SDK_FILE_LINES + 1);
        let too_long = |path: &str, text: &str| {
            let mut lengths = Lengths::default();
            lengths.add(Path::new(path), text);
            lengths.0.len()
        };
        let source = "crates/cloudbase-core/src/a.rs";
        assert_eq!(too_long(source, &long), 1);
        assert_eq!(too_long(source, &long[1..]), 0);
        for free in [
            "crates/cloudbase-core/src/a/tests.rs",
            "crates/cloudbase-core/tests/a.rs",
            "crates/cloudbase-emulator/src/a.rs",
            "xtask/src/a.rs",
        ] {
            assert_eq!(too_long(free, &long), 0, "{free}");
        }
    }

    #[test]
    fn machines_and_registries_are_not_named() {
        for (head, tail) in MACHINE {
            let directory = format!("{head}{tail}");
            assert_eq!(rules("a.md", &format!("see `{directory}x`\n")).len(), 1);
            assert_eq!(
                rules("a.md", &format!("GET https://host{directory}x\n")),
                [""; 0]
            );
        }
        for (head, tail, _) in BANNED {
            assert_eq!(rules("a.md", &format!("{head}{tail}\n")).len(), 1, "{head}");
            assert_eq!(rules("Cargo.lock", &format!("{head}{tail}\n")), [""; 0]);
        }
    }

    #[test]
    fn tests_do_not_sleep() {
        let text = "//! A.\nstd::thread::sleep(d);\n";
        assert_eq!(
            rules("tests/a.rs", text),
            ["tests/a.rs:2: wait for a signal or pause the clock"]
        );
        assert_eq!(rules("xtask/a.rs", text), [""; 0]);
    }

    #[test]
    fn notes_for_later_are_found_in_comments_only() {
        let note = ["TO", "DO"].concat();
        assert_eq!(
            rules("a.rs", &format!("//! A.\n// {note}: later\n")).len(),
            1
        );
        assert_eq!(
            rules("a.rs", &format!("//! A.\nlet a = \"{note}\";\n")),
            [""; 0]
        );
    }
}
