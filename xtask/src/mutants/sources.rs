//! The mutated sources: which mutants stand in them, and which had to leave because they do not compile.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{DefaultHasher, Hash as _, Hasher as _},
    ops::Range,
};

use anyhow::{Context, Result, bail};
use cargo_metadata::{Artifact, camino::Utf8Path, diagnostic::Diagnostic};

use super::{
    compile::{self, Build},
    guard::{Guard, Guarded},
    mutant::Mutant,
    syntax::Syntax,
    tree::Tree,
    unguarded::Unguarded,
};
use crate::project::Project;

/// The module that each mutated crate has besides its own, and its declaration.
const SWITCH: &str = include_str!("switch.rs");
const SWITCH_FILE: &str = "mutant.rs";
const SWITCH_DECLARED: &str = "\nmod mutant;\n";

/// The file with which a crate begins.
const ROOT: &str = "lib.rs";

/// The compiler's error for what a constant cannot contain; a guard is.
const NOT_CONSTANT: &str = "E0015";

pub(super) struct Sources<'a> {
    mutants: &'a [Mutant],
    files: BTreeMap<String, Source>,
    pub(super) unguarded: Unguarded,
}

struct Source {
    text: String,
    guards: BTreeMap<usize, Guard>,
    guarded: Guarded,
    /// Whether it is the root of its crate.
    is_root: bool,
}

impl Source {
    fn guard(&mut self) {
        let guards: Vec<_> = self.guards.values().cloned().collect();
        self.guarded = Guarded::new(&self.text, &guards);
    }

    /// The text for the copy.
    fn copy(&self) -> String {
        self.guarded.text.clone() + self.switch()
    }

    fn switch(&self) -> &'static str {
        if self.is_root { SWITCH_DECLARED } else { "" }
    }
}

impl<'a> Sources<'a> {
    /// Reads the files of `mutants` and puts the guards into them.
    pub(super) fn read(project: &Project, mutants: &'a [Mutant]) -> Result<Self> {
        let mut sources = Self {
            mutants,
            files: BTreeMap::new(),
            unguarded: Unguarded::default(),
        };
        let mut by_file: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (number, mutant) in mutants.iter().enumerate() {
            let root = source_of(&mutant.package, ROOT);
            by_file.entry(root).or_default();
            by_file.entry(mutant.file.clone()).or_default().push(number);
        }
        for (file, numbers) in by_file {
            let text = project.read(&file)?;
            let syntax = Syntax::parse(&text).with_context(|| format!("cannot parse {file}"))?;
            let mut guards = BTreeMap::new();
            for number in numbers {
                match Guard::new(number, &mutants[number], &text, &syntax) {
                    Some(guard) => {
                        guards.insert(number, guard);
                    }
                    // A chain of conditions that binds with `let` can have no other operator than `&&`.
                    None => {
                        sources.unguarded.unviable.insert(number);
                    }
                }
            }
            let mut source = Source {
                text,
                guards,
                guarded: Guarded::default(),
                is_root: file.ends_with(ROOT),
            };
            source.guard();
            sources.files.insert(file, source);
        }
        Ok(sources)
    }

    /// The texts that differ from the sources, by file.
    pub(super) fn copies(&self) -> BTreeMap<String, String> {
        let files = self.files.iter();
        let switches = self.packages().into_iter().map(|package| {
            let file = source_of(package, SWITCH_FILE);
            (file, SWITCH.to_owned())
        });
        files
            .map(|(file, source)| (file.clone(), source.copy()))
            .chain(switches)
            .collect()
    }

    /// The mutated packages.
    pub(super) fn packages(&self) -> BTreeSet<&'a str> {
        self.mutants
            .iter()
            .map(|mutant| mutant.package.as_str())
            .collect()
    }

    /// Builds the tests of `packages` without the mutants that do not compile. The compiler finds errors of one kind in
    /// one package at a time, so it takes several attempts.
    pub(super) fn build(
        &mut self,
        tree: &Tree,
        packages: &BTreeSet<&str>,
    ) -> Result<Vec<Artifact>> {
        loop {
            let errors = match compile::build(tree, packages)? {
                Build::Done(programs) => {
                    self.unguarded.write(&tree.home, self.fingerprint())?;
                    return Ok(programs);
                }
                Build::Failed(errors) => errors,
            };
            let mut out = BTreeSet::new();
            for error in errors {
                let Some(number) = self.cause(&error) else {
                    bail!(
                        "no mutant is the cause of this error in the copy:\n{}",
                        error.rendered.unwrap_or(error.message)
                    );
                };
                out.insert(number);
                let by_guard = error.code.is_some_and(|code| code.code == NOT_CONSTANT)
                    || self.mutants[number].is_of_opaque_type();
                match by_guard {
                    true => self.unguarded.alone.insert(number),
                    false => self.unguarded.unviable.insert(number),
                };
            }
            for file in self.take_out(&out) {
                tree.write(&file, self.files[&file].copy().as_bytes())?;
            }
        }
    }

    /// Takes out what a run on the same sources and mutants has taken out.
    pub(super) fn recall(&mut self, home: &Utf8Path) {
        if let Some(unguarded) = Unguarded::read(home, self.fingerprint()) {
            self.take_out(&unguarded.unviable);
            self.take_out(&unguarded.alone);
            self.unguarded = unguarded;
        }
    }

    fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for mutant in self.mutants {
            mutant.name.hash(&mut hasher);
        }
        for source in self.files.values() {
            source.text.hash(&mut hasher);
        }
        hasher.finish()
    }

    /// The mutant because of which the compiler reports an error.
    fn cause(&self, error: &Diagnostic) -> Option<usize> {
        let related = error.children.iter().flat_map(|child| &child.spans);
        let spans: Vec<_> = error.spans.iter().chain(related).collect();
        self.files.iter().find_map(|(file, source)| {
            let spans: Vec<Range<usize>> = spans
                .iter()
                .filter(|span| span.file_name == *file)
                .map(|span| span.byte_start as usize..span.byte_end as usize)
                .collect();
            source.guarded.cause(&spans)
        })
    }

    /// The files from which mutants have been taken.
    fn take_out(&mut self, out: &BTreeSet<usize>) -> Vec<String> {
        let mut files = Vec::new();
        for (file, source) in &mut self.files {
            let before = source.guards.len();
            source.guards.retain(|number, _| !out.contains(number));
            if source.guards.len() < before {
                source.guard();
                files.push(file.clone());
            }
        }
        files
    }

    /// The mutants that a guard switches on.
    pub(super) fn guarded(&self) -> Vec<usize> {
        let guards = self.files.values().flat_map(|source| source.guards.keys());
        guards.copied().collect()
    }

    /// Changes the copy as a mutant does that has no guard.
    pub(super) fn apply(&self, tree: &Tree, mutant: &Mutant) -> Result<()> {
        let source = &self.files[&mutant.file];
        let text = mutant.applied(&source.text) + source.switch();
        tree.write(&mutant.file, text.as_bytes())
    }

    /// Undoes what [`apply`](Self::apply) does.
    pub(super) fn undo(&self, tree: &Tree, mutant: &Mutant) -> Result<()> {
        let source = &self.files[&mutant.file];
        tree.write(&mutant.file, source.copy().as_bytes())
    }
}

fn source_of(package: &str, file: &str) -> String {
    format!("crates/{package}/src/{file}")
}
