//! What a change descends from that the store could not take: whether it still counts more than what
//! the store holds now.

use crate::value::session::Session;

/// How many changes are remembered that the store has not confirmed.
const TRIED: usize = 16;

/// What the store held when memory was last in line with it, and what it may hold since.
#[derive(Clone, Default)]
pub(crate) struct Ancestor {
    /// The session, if there was one.
    session: Option<Session>,
    /// The mark of the last sign-out by then, where it is known: who signs in and out again leaves no
    /// session behind, as if nobody had.
    sign_out: Option<Mark>,
    /// The mark that has just been read.
    pub(crate) seen: Option<Mark>,
    /// Changes of this process that may have been made: a store can fail after it has done its work.
    tried: Vec<Tried>,
}

/// What a store holds for a mark; it may hold none.
type Mark = Option<String>;

#[derive(Clone)]
enum Tried {
    Session(Session),
    SignOut(String),
}

impl Ancestor {
    /// Memory and store are in line: both hold this.
    pub(crate) fn is_now(&mut self, session: Option<Session>) {
        self.session = session;
        self.sign_out = self.seen.take();
        self.tried.clear();
    }

    /// The store cannot be read, but for the mark of the last sign-out.
    pub(crate) fn is_marked_as_seen(&mut self) {
        self.sign_out = self.seen.take().or(self.sign_out.take());
    }

    /// The store may hold this session from now on.
    pub(crate) fn may_be(&mut self, session: &Session) {
        self.remember(Tried::Session(session.clone()));
    }

    /// The store may hold nothing but this mark of a sign-out from now on.
    pub(crate) fn may_be_marked(&mut self, mark: &str) {
        self.remember(Tried::SignOut(mark.to_owned()));
    }

    fn remember(&mut self, tried: Tried) {
        if self.tried.len() == TRIED {
            self.tried.remove(0);
        }
        self.tried.push(tried);
    }

    /// Whether an unsaved change of this, to `ours` or to a sign-out, counts more than what the store
    /// holds now. If the store holds anything else than what the change descends from, another process has
    /// changed it since, and the store counts.
    pub(crate) fn is_still(&self, stored: Option<&Session>, ours: Option<&Session>) -> bool {
        let Some(stored) = stored else {
            return self.is_still_empty();
        };
        let tried = self.tried.iter().filter_map(|tried| match tried {
            Tried::Session(session) => Some(session),
            Tried::SignOut(_) => None,
        });
        let mut known = self.session.iter().chain(tried);
        known.any(|known| descends(known, stored, ours))
    }

    /// Whether nobody has signed in and out since the store was empty, as far as is known.
    fn is_still_empty(&self) -> bool {
        let is_our_mark = |mark: &String| {
            let mut tried = self.tried.iter();
            tried.any(|tried| matches!(tried, Tried::SignOut(ours) if ours == mark))
        };
        if self.seen.iter().flatten().any(is_our_mark) {
            return true;
        }
        let marks = self.sign_out.as_ref().zip(self.seen.as_ref());
        self.session.is_none() && marks.is_none_or(|(known, seen)| known == seen)
    }
}

/// Whether `stored` is the known session still, as far as a change to `ours` goes.
fn descends(known: &Session, stored: &Session, ours: Option<&Session>) -> bool {
    // The same one; it may have been rejected a refresh since, or got a newer profile.
    if known.has_access_token_of(stored) {
        return true;
    }
    // It has been refreshed since. A refresh of ours has lost against that, and another sign-in or a
    // sign-out has not.
    let lineage = known.lineage();
    lineage == stored.lineage() && ours.is_none_or(|ours| ours.lineage() != lineage)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(lineage: &str, token: &str) -> Session {
        let json = serde_json::json!({
            "access_token": token, "refresh_token": "r", "expires_in": 7200, "sub": "u", "lineage": lineage,
        });
        Session::from_json(json.to_string()).unwrap()
    }

    #[test]
    fn an_unsaved_change_stands_only_over_what_it_descends_from() {
        let (old, refreshed) = (session("l", "old"), session("l", "refreshed"));
        let other = session("m", "other");
        let ours = session("l", "ours");
        let again = session("n", "again");
        for (known, stored, ours, stands) in [
            (None, None, Some(&again), true),
            (None, Some(&other), Some(&again), false),
            (Some(&old), None, Some(&ours), false),
            (Some(&old), None, None, false),
            (Some(&old), Some(&old), Some(&ours), true),
            (Some(&old), Some(&old), None, true),
            (Some(&old), Some(&refreshed), Some(&ours), false),
            (Some(&old), Some(&refreshed), Some(&again), true),
            (Some(&old), Some(&refreshed), None, true),
            (Some(&old), Some(&other), Some(&ours), false),
            (Some(&old), Some(&other), Some(&again), false),
            (Some(&old), Some(&other), None, false),
        ] {
            let mut ancestor = Ancestor::default();
            ancestor.is_now(known.cloned());
            assert_eq!(
                ancestor.is_still(stored, ours),
                stands,
                "{known:?} {stored:?} {ours:?}"
            );
        }
        // Another user has signed in and out meanwhile, if both marks are known.
        for (before, now, stands) in [
            (Some(None), Some(Some("mark".to_owned())), false),
            (
                Some(Some("old".to_owned())),
                Some(Some("mark".to_owned())),
                false,
            ),
            (
                Some(Some("mark".to_owned())),
                Some(Some("mark".to_owned())),
                true,
            ),
            (None, Some(Some("mark".to_owned())), true),
            (Some(None), None, true),
        ] {
            let mut ancestor = Ancestor {
                seen: before,
                ..Ancestor::default()
            };
            ancestor.is_now(None);
            ancestor.seen = now;
            assert_eq!(ancestor.is_still(None, Some(&again)), stands);
        }
    }

    #[test]
    fn what_was_tried_may_be_there() {
        let (old, other) = (session("l", "old"), session("m", "other"));
        let (tried, refreshed) = (session("n", "tried"), session("n", "refreshed"));
        let ours = session("o", "ours");
        let mut ancestor = Ancestor::default();
        ancestor.is_now(Some(old.clone()));
        ancestor.may_be_marked("ours");
        ancestor.may_be(&tried);
        for (stored, stands) in [
            (&old, true),
            (&tried, true),
            (&refreshed, true),
            (&other, false),
        ] {
            assert_eq!(ancestor.is_still(Some(stored), Some(&ours)), stands);
        }
        assert!(!ancestor.is_still(Some(&refreshed), Some(&session("n", "ours"))));
        for (seen, stands) in [(None, false), (Some("theirs"), false), (Some("ours"), true)] {
            ancestor.seen = Some(seen.map(str::to_owned));
            assert_eq!(ancestor.is_still(None, Some(&ours)), stands, "{seen:?}");
        }
        for n in 0..TRIED {
            ancestor.may_be(&session("p", &n.to_string()));
        }
        assert!(!ancestor.is_still(Some(&tried), Some(&ours)), "long ago");
        ancestor.is_now(Some(other));
        assert!(!ancestor.is_still(Some(&session("p", "1")), Some(&ours)));
    }
}
