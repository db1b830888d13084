//! What breaks a rule today and is going to be mended. Each list may only shrink: an entry that nothing needs any
//! more is itself a broken rule.

use std::collections::BTreeMap;

use super::Finding;

/// Pairs of folders, the one that uses first, against the order of folders.
pub(super) const FOLDER_ORDER: &[&str] = &[];

/// Types of other crates in the public API, by the crate of ours that shows them.
pub(super) const EXTERNAL_TYPES: &[&str] = &[];

/// Retired words by crate, with how often they may still be used; fewer are fine.
pub(super) const WORDS: &[(&str, &str, usize)] = &[];

/// Sources of the SDK that are too long.
pub(super) const LONG_FILES: &[&str] = &[];

/// Findings by the name under which a list may excuse them.
pub(super) type ByName = BTreeMap<String, Vec<Finding>>;

/// The findings that `pending` does not excuse, and the entries of `pending` that excuse nothing.
pub(super) fn settle(mut found: ByName, pending: &[&str]) -> Vec<Finding> {
    let mut stale = Vec::new();
    for name in pending {
        if found.remove(*name).is_none() {
            stale.push(Finding::new(
                *name,
                "is mended: take it off its list in xtask/src/tidy/pending.rs",
            ));
        }
    }
    found.into_values().flatten().chain(stale).collect()
}

/// How many entries all lists have.
pub(super) fn entries() -> usize {
    FOLDER_ORDER.len() + EXTERNAL_TYPES.len() + WORDS.len() + LONG_FILES.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(names: &[&str]) -> ByName {
        names
            .iter()
            .map(|name| ((*name).to_owned(), vec![Finding::new(*name, "breaks")]))
            .collect()
    }

    #[test]
    fn a_list_excuses_what_it_names_and_nothing_else() {
        assert_eq!(settle(found(&["a"]), &["a"]), []);
        assert_eq!(
            settle(found(&["a", "b"]), &["a"]),
            [Finding::new("b", "breaks")]
        );
    }

    #[test]
    fn an_entry_without_a_fault_must_go() {
        let findings = settle(found(&[]), &["a"]);
        assert_eq!(findings.len(), 1);
        assert!(
            findings[0].to_string().contains("take it off"),
            "{}",
            findings[0]
        );
    }
}
