//! What breaks a rule today and is going to be mended. Each list may only shrink: an entry that nothing needs any
//! more is itself a broken rule.

use std::collections::BTreeMap;

use super::Finding;

/// Pairs of folders, the one that uses first, against the order of folders.
pub(super) const FOLDER_ORDER: &[&str] = &[
    "cloudbase-auth: caller -> captcha",
    "cloudbase-auth: captcha -> auth",
    "cloudbase-auth: contact -> check",
    "cloudbase-auth: identities -> auth",
    "cloudbase-auth: introspection -> auth",
    "cloudbase-auth: oauth -> auth",
    "cloudbase-auth: password -> auth",
    "cloudbase-auth: pending -> auth",
    "cloudbase-auth: result -> session",
    "cloudbase-auth: server -> auth",
    "cloudbase-auth: session -> auth",
    "cloudbase-auth: session -> caller",
    "cloudbase-auth: session -> check",
    "cloudbase-auth: session -> oauth",
    "cloudbase-auth: session -> store",
    "cloudbase-auth: sign_in -> auth",
    "cloudbase-auth: sign_up -> auth",
    "cloudbase-auth: store -> auth",
    "cloudbase-auth: user -> auth",
    "cloudbase-auth: user -> caller",
    "cloudbase-auth: user -> check",
    "cloudbase-auth: user -> password",
    "cloudbase-auth: user -> session",
    "cloudbase-auth: user -> verification",
    "cloudbase-auth: verification -> auth",
    "cloudbase-core: body -> operation",
    "cloudbase-core: body -> service",
    "cloudbase-core: config -> transport",
    "cloudbase-core: credential -> layer",
    "cloudbase-core: error -> operation",
    "cloudbase-core: error -> response",
    "cloudbase-core: error -> service",
    "cloudbase-core: operation -> credential",
    "cloudbase-core: transport -> layer",
];

/// Types of other crates in the public API, by the crate of ours that shows them.
pub(super) const EXTERNAL_TYPES: &[&str] = &[
    "cloudbase-core: tokio::time::Instant",
    "cloudbase-core: tower::util::BoxCloneSyncService",
];

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
