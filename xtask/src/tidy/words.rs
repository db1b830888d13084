//! SDK and emulator speak the vocabulary of their field: CONTRIBUTING.md has the glossary, this file the words that it retired.
//!
//! They are rejected in identifiers, in the names of files and in docs, tests and examples included, and in the texts of
//! the sources: error messages, panics, traces.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use proc_macro2::{TokenStream, TokenTree};

use self::Place::{All, Names, Prose};
use super::{
    Finding, pending,
    rust_source::{self, EMULATOR, RustSource, SDK, flat},
};
use crate::project::Project;

/// Where a retired word is looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In names and in prose.
    All,
    /// A good word in prose, with a meaning of its own as a name.
    Names,
    /// A phrase, which no name can be.
    Prose,
}

struct Retired {
    word: &'static str,
    /// All forms of it, in lower case.
    forms: &'static [&'static str],
    place: Place,
    instead: &'static str,
}

const fn retired(
    word: &'static str,
    forms: &'static [&'static str],
    place: Place,
    instead: &'static str,
) -> Retired {
    Retired {
        word,
        forms,
        place,
        instead,
    }
}

const RETIRED: &[Retired] = &[
    retired(
        "answer",
        &["answer", "answers", "answered", "answering"],
        All,
        "response",
    ),
    retired(
        "refuse",
        &[
            "refuse", "refuses", "refused", "refusing", "refusal", "refusals",
        ],
        All,
        "reject; invalid; not supported",
    ),
    retired(
        "renew",
        &[
            "renew", "renews", "renewed", "renewing", "renewal", "renewals",
        ],
        All,
        "refresh",
    ),
    retired(
        "tell",
        &["tell", "tells", "told", "telling"],
        All,
        "report, notify, return, say",
    ),
    retired("patience", &["patience"], All, "max wait"),
    retired("turn", &["turn", "turns"], Names, "permit"),
    retired("rest", &["rests", "rested", "resting"], All, "cooldown"),
    retired(
        "spare",
        &["spare", "spares", "spared"],
        All,
        "saved request",
    ),
    retired(
        "wanted",
        &["wanted", "unwanted"],
        All,
        "cancel, or what is meant",
    ),
    retired("farewell", &["farewell"], All, "expiry"),
    retired("home", &["HOME"], Names, "gateway alias"),
    retired(
        "shorten",
        &["shorten", "shortens", "shortened"],
        All,
        "resolve",
    ),
    retired(
        "lengthen",
        &["lengthen", "lengthens", "lengthened"],
        All,
        "resolve",
    ),
    retired(
        "stand still",
        &[
            "stand still",
            "stands still",
            "standing still",
            "stood still",
        ],
        Prose,
        "stall",
    ),
    retired("is none", &["is none"], Prose, "plain words"),
    retired("anew", &["anew"], All, "again"),
    retired("whoever", &["whoever"], All, "callers that, the one that"),
    retired("somebody", &["somebody"], All, "a user, a caller"),
    retired("for so long", &["for so long"], Prose, "for that time"),
    retired("by which", &["by which"], Prose, "that, with which"),
];

/// Names that other crates and standards gave.
const FOREIGN: &[&str] = &["ConnectionRefused", "REFUSED_STREAM"];

/// What a person answers is an answer: the words of a captcha.
const CAPTCHA: &str = "captcha";

/// One retired word in one place.
#[derive(Debug, PartialEq, Eq)]
struct Use {
    word: &'static str,
    instead: &'static str,
    line: usize,
}

pub(super) fn check(
    project: &Project,
    files: &[PathBuf],
    sources: &[RustSource],
) -> Result<Vec<Finding>> {
    let mut found: BTreeMap<(&str, &str), Vec<Finding>> = BTreeMap::new();
    let mut add = |krate, path: &Path, uses: Vec<Use>| {
        for Use {
            word,
            instead,
            line,
        } in uses
        {
            let finding = Finding::at(path, line, format!("`{word}` is retired: {instead}"));
            found.entry((krate, word)).or_default().push(finding);
        }
    };
    for path in files {
        let Some(krate) = crate_of(path) else {
            continue;
        };
        let tokens: TokenStream = project
            .read(path)?
            .parse()
            .map_err(|error| anyhow::anyhow!("{error}"))
            .with_context(|| path.display().to_string())?;
        add(krate, path, names_and_docs(path, tokens));
    }
    let emulator = rust_source::read(project, files, &[EMULATOR])?;
    for source in sources.iter().chain(&emulator) {
        add(
            &source.krate,
            &source.path,
            texts(&source.path, source.tokens()),
        );
    }
    Ok(settle(found, pending::WORDS))
}

/// The crate of a Rust file of the SDK or the emulator, its tests and examples included.
fn crate_of(path: &Path) -> Option<&str> {
    let mut parts = path.iter().filter_map(|part| part.to_str());
    let is_crate = parts.next()? == "crates";
    let krate = parts.next()?;
    let is_ours = SDK.contains(&krate) || krate == EMULATOR;
    (is_crate && is_ours && path.extension()? == "rs").then_some(krate)
}

/// The findings beyond what `pending` allows of each word in each crate, and what `pending` allows without need.
fn settle<'a>(
    mut found: BTreeMap<(&'a str, &'a str), Vec<Finding>>,
    pending: &[(&'a str, &'a str, usize)],
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for &(krate, word, allowed) in pending {
        let name = format!("{krate}: `{word}`");
        let uses = found.remove(&(krate, word)).unwrap_or_default();
        if uses.is_empty() {
            findings.push(Finding::new(
                name,
                "is not used any more: take it off its list in xtask/src/tidy/pending.rs",
            ));
        } else if uses.len() > allowed {
            findings.push(Finding::new(
                name,
                format!(
                    "{} uses of a retired word, {allowed} are pending: use another in what is new",
                    uses.len()
                ),
            ));
        }
    }
    findings.extend(found.into_values().flatten());
    findings
}

/// The retired words in the names and docs of a file.
fn names_and_docs(path: &Path, tokens: TokenStream) -> Vec<Use> {
    let stem = path.file_stem().and_then(|stem| stem.to_str());
    let mut uses = uses(path, 1, stem.unwrap_or_default(), true);
    literals(tokens, &mut |token, is_doc| match token {
        TokenTree::Ident(name) => {
            let text = name.to_string();
            if !FOREIGN.contains(&text.as_str()) {
                uses.extend(self::uses(path, name.span().start().line, &text, true));
            }
        }
        TokenTree::Literal(text) if is_doc => {
            let line = text.span().start().line;
            uses.extend(self::uses(path, line, &text.to_string(), false));
        }
        _ => {}
    });
    uses
}

/// The retired words in the texts of a file, which are literals of several words: a single one may be the service's.
fn texts(path: &Path, tokens: TokenStream) -> Vec<Use> {
    let mut uses = Vec::new();
    literals(tokens, &mut |token, is_doc| {
        if let TokenTree::Literal(text) = token
            && !is_doc
            && text.to_string().contains(' ')
        {
            let line = text.span().start().line;
            uses.extend(self::uses(path, line, &text.to_string(), false));
        }
    });
    uses
}

/// Visits each token, and says whether it is the text of a doc comment, the attribute `doc = "…"`.
fn literals(tokens: TokenStream, visit: &mut impl FnMut(&TokenTree, bool)) {
    let (mut is_after_doc, mut is_text) = (false, false);
    flat(tokens, &mut |token| {
        visit(token, is_text);
        is_text = is_after_doc && matches!(token, TokenTree::Punct(mark) if mark.as_char() == '=');
        is_after_doc = matches!(token, TokenTree::Ident(name) if name == "doc");
    });
}

/// The retired words in one name or piece of prose.
fn uses(path: &Path, line: usize, text: &str, is_name: bool) -> Vec<Use> {
    let is_captcha =
        path.to_string_lossy().contains(CAPTCHA) || text.to_lowercase().contains(CAPTCHA);
    let words = if is_name {
        words_of_name(text)
    } else {
        text.to_lowercase()
    };
    let mut uses = Vec::new();
    for retired in RETIRED {
        let is_here = match retired.place {
            All => true,
            Names => is_name,
            Prose => !is_name,
        };
        if !is_here || (retired.word == "answer" && is_captcha) {
            continue;
        }
        for form in retired.forms {
            // `None` is a word of Rust, so phrases are taken as they are written.
            let words = if retired.place == Prose { text } else { &words };
            let Retired { word, instead, .. } = *retired;
            uses.extend((0..occurrences(words, text, form)).map(|_| Use {
                word,
                instead,
                line,
            }));
        }
    }
    uses
}

/// How often `form` stands in `words` as a whole; one in capitals is the whole of `name`.
fn occurrences(words: &str, name: &str, form: &str) -> usize {
    if form.starts_with(char::is_uppercase) {
        return usize::from(name == form);
    }
    words
        .match_indices(form)
        .filter(|(at, _)| {
            let before = words[..*at].chars().next_back();
            let after = words[at + form.len()..].chars().next();
            [before, after]
                .iter()
                .all(|c| c.is_none_or(|c| !c.is_alphanumeric()))
        })
        .count()
}

/// `someName`, `SomeName` and `some_name` as `some name`.
fn words_of_name(name: &str) -> String {
    let mut words = String::new();
    let mut last_is_lower = false;
    for c in name.chars() {
        if c == '_' || (c.is_uppercase() && last_is_lower) {
            words.push(' ');
        }
        if c != '_' {
            words.extend(c.to_lowercase());
        }
        last_is_lower = c.is_lowercase() || c.is_numeric();
    }
    words
}

#[cfg(test)]
mod tests;
