//! Which uses of retired words are found.

use super::*;

fn found(path: &str, text: &str) -> Vec<&'static str> {
    let uses = names_and_docs(Path::new(path), text.parse().unwrap());
    uses.into_iter().map(|found| found.word).collect()
}

#[test]
fn names_are_taken_apart() {
    for text in [
        "fn read_answer() {}",
        "struct LastAnswer;",
        "let answeredAt = 1;",
        "const ANSWER: u8 = 1;",
        "a!(b.answer)",
    ] {
        assert_eq!(found("a.rs", text), ["answer"], "{text}");
    }
    assert_eq!(found("session/answer.rs", ""), ["answer"]);
    assert_eq!(found("a.rs", "fn unanswerable() {}"), [""; 0]);
    assert_eq!(found("a.rs", "const HOME: u8 = 1; let home = 2;"), ["home"]);
}

#[test]
fn the_words_are_those_of_sdk_and_emulator() {
    let of = |path| crate_of(Path::new(path));
    assert_eq!(
        of("crates/cloudbase-core/tests/a.rs"),
        Some("cloudbase-core")
    );
    assert_eq!(of("crates/cloudbase-emulator/src/a.rs"), Some(EMULATOR));
    assert_eq!(of("crates/cloudbase-emulator/README.md"), None);
    assert_eq!(of("xtask/src/a.rs"), None);
}

#[test]
fn docs_are_read_and_comments_and_texts_are_not() {
    assert_eq!(
        found(
            "a.rs",
            "/// Renews the token\n/// that was Refused.\nfn a() {}"
        ),
        ["renew", "refuse"]
    );
    assert_eq!(found("a.rs", "//! Waits for so long.\n"), ["for so long"]);
    assert_eq!(
        found("a.rs", "// Renews.\nfn a() { b(\"renewed\") }"),
        [""; 0]
    );
    assert_eq!(
        found("a.rs", "#[doc(alias = \"renew\")] fn a() {}"),
        [""; 0]
    );
}

#[test]
fn texts_of_several_words_are_read() {
    let found = |text: &str| texts(Path::new("a.rs"), text.parse().unwrap()).len();
    assert_eq!(found("a!(\"the answer is {}\", 42);"), 1);
    assert_eq!(found("b(\"answer\", \"the last word\");"), 0);
    assert_eq!(found("/// The answer.\nfn answer() {}"), 0);
}

#[test]
fn good_words_and_names_of_others_pass() {
    for text in [
        "/// The rest, in turn; `None` is None.\nfn a() { let rest = 1; }",
        "use std::io::ErrorKind::ConnectionRefused;",
        "struct CaptchaAnswer;",
    ] {
        assert_eq!(found("a.rs", text), [""; 0], "{text}");
    }
    assert_eq!(
        found("captcha/handler.rs", "/// The answer.\nfn answer() {}"),
        [""; 0]
    );
    assert_eq!(found("captcha/handler.rs", "fn renew() {}"), ["renew"]);
}

#[test]
fn pending_words_may_only_become_fewer() {
    let settled = |uses: usize, pending: &[(&str, &str, usize)]| -> usize {
        let mut found = BTreeMap::new();
        if uses > 0 {
            let findings = (0..uses).map(|_| Finding::new("a.rs", "retired")).collect();
            found.insert(("cloudbase-core", "answer"), findings);
        }
        settle(found, pending).len()
    };
    let pending = [("cloudbase-core", "answer", 2)];
    assert_eq!(settled(2, &pending), 0);
    assert_eq!(settled(1, &pending), 0);
    assert_eq!(settled(3, &pending), 1);
    assert_eq!(settled(0, &pending), 1);
    assert_eq!(settled(3, &[]), 3);
}
