//! `cargo xtask tidy`: the rules that no compiler checks.

pub(crate) mod documents;
mod external_types;
mod folder_order;
pub(crate) mod layers;
mod manifests;
mod pending;
mod rust_source;
mod sources;
mod words;

use std::{fmt, path::Path};

use anyhow::{Result, bail};

use crate::project::Project;

/// One broken rule: where, and what to do about it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    place: String,
    rule: String,
}

impl Finding {
    fn new(place: impl Into<String>, rule: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            rule: rule.into(),
        }
    }

    fn at(path: &Path, line: usize, rule: impl Into<String>) -> Self {
        Self::new(format!("{}:{line}", path.display()), rule)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.rule)
    }
}

pub(crate) fn run(project: &Project) -> Result<()> {
    let mut findings = layers::check(&project.members());
    findings.extend(manifests::check(project)?);
    findings.extend(documents::check(project)?);
    let files = project.files()?;
    let mut lengths = sources::Lengths::default();
    for path in &files {
        // What is not text (a picture, a recorded body) has no lines to judge.
        let Ok(text) = std::fs::read_to_string(project.root().join(path)) else {
            continue;
        };
        findings.extend(sources::check(path, &text));
        lengths.add(path, &text);
    }
    findings.extend(lengths.check());
    let rust = rust_source::read(project, &files, rust_source::SDK)?;
    findings.extend(folder_order::check(&rust));
    findings.extend(external_types::check(&project.members(), &rust));
    findings.extend(words::check(project, &files, &rust)?);
    if findings.is_empty() {
        let pending = pending::entries();
        println!(
            "{} files are tidy, {pending} exceptions are pending",
            files.len()
        );
        return Ok(());
    }
    for finding in &findings {
        println!("{finding}");
    }
    bail!("{} places are not tidy", findings.len());
}
