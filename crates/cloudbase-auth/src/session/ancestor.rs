//! What a change descends from that the store could not take: whether it still counts more than what
//! the store holds now.

use super::Session;

/// What the store held when memory was last in line with it.
#[derive(Clone, Default)]
pub(super) struct Ancestor {
    /// The session, if there was one.
    pub(super) session: Option<Session>,
    /// The mark of the last sign-out by then, where it is known: who signs in and out again leaves no
    /// session behind, as if nobody had.
    sign_out: Option<Mark>,
    /// The mark that has just been read.
    pub(super) seen: Option<Mark>,
}

/// What a store holds for a mark; it may hold none.
type Mark = Option<String>;

impl Ancestor {
    /// Memory and store are in line: both hold this.
    pub(super) fn is_now(&mut self, session: Option<Session>) {
        self.session = session;
        self.sign_out = self.seen.take();
    }

    /// Whether an unsaved change of this, to `ours` or to a sign-out, counts more than what the store
    /// holds now. If the store holds anything else than what the change descends from, somebody has
    /// changed it since, and the store counts.
    pub(super) fn is_still(&self, stored: Option<&Session>, ours: Option<&Session>) -> bool {
        let (known, stored) = match (&self.session, stored) {
            (None, None) => {
                let marks = self.sign_out.as_ref().zip(self.seen.as_ref());
                return marks.is_none_or(|(known, seen)| known == seen);
            }
            (Some(_), None) | (None, Some(_)) => return false,
            (Some(known), Some(stored)) => (known, stored),
        };
        // The same one; it may have been refused a refresh since, or got a newer profile.
        if known.has_access_token_of(stored) {
            return true;
        }
        // It has been refreshed since. A refresh of ours has lost against that, and another sign-in
        // or a sign-out has not.
        let lineage = known.lineage();
        lineage == stored.lineage() && ours.is_none_or(|ours| ours.lineage() != lineage)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(lineage: &str, token: &str) -> Session {
        let json = serde_json::json!({
            "access_token": token, "refresh_token": "r", "expires_in": 7200, "sub": "u", "lineage": lineage,
        });
        Session::from_json(&json.to_string()).unwrap()
    }

    #[test]
    fn an_unsaved_change_stands_only_over_what_it_descends_from() {
        let (old, refreshed) = (session("l", "old"), session("l", "refreshed"));
        let other = session("m", "other");
        let ours = session("l", "ours");
        let anew = session("n", "anew");
        for (known, stored, ours, stands) in [
            (None, None, Some(&anew), true),
            (None, Some(&other), Some(&anew), false),
            (Some(&old), None, Some(&ours), false),
            (Some(&old), None, None, false),
            (Some(&old), Some(&old), Some(&ours), true),
            (Some(&old), Some(&old), None, true),
            (Some(&old), Some(&refreshed), Some(&ours), false),
            (Some(&old), Some(&refreshed), Some(&anew), true),
            (Some(&old), Some(&refreshed), None, true),
            (Some(&old), Some(&other), Some(&ours), false),
            (Some(&old), Some(&other), Some(&anew), false),
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
        // Somebody has signed in and out meanwhile, if both marks are known.
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
            assert_eq!(ancestor.is_still(None, Some(&anew)), stands);
        }
    }
}
