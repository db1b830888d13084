//! Security rules: the few conditions on the caller and the owner of a document.

use super::Reach;

/// A rule on the caller and the owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    Always,
    Never,
    /// Users, also those who signed in anonymously.
    SignedIn,
    Owner,
    Any(Vec<Rule>),
    All(Vec<Rule>),
}

impl Rule {
    /// Reads a rule; an error says what is not supported.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let parts = |separator| {
            text.split(separator)
                .map(Self::parse)
                .collect::<Result<_, _>>()
        };
        if text.contains("||") {
            return parts("||").map(Self::Any);
        }
        if text.contains("&&") {
            return parts("&&").map(Self::All);
        }
        let words: String = text.split_whitespace().collect();
        match words.replace("===", "==").replace("!==", "!=").as_str() {
            "true" => Ok(Self::Always),
            "false" => Ok(Self::Never),
            "auth!=null" => Ok(Self::SignedIn),
            "doc._openid==auth.openid" | "auth.openid==doc._openid" => Ok(Self::Owner),
            _ => Err(format!(
                "the emulator does not support the security rule `{}`; supported are `true`, `false`, `auth != null` and \
                 `doc._openid == auth.openid`, joined by `||` or `&&`",
                text.trim()
            )),
        }
    }

    /// What a user, or a visitor, may reach; nothing if the rule keeps them out.
    pub(super) fn reach(&self, user: Option<&str>) -> Option<Reach> {
        match self {
            Self::Always => Some(Reach::All),
            Self::Never => None,
            Self::SignedIn => user.map(|_| Reach::All),
            Self::Owner => user.map(|user| Reach::AskedFor(user.to_owned())),
            Self::Any(rules) => {
                let mut reached = rules.iter().filter_map(|rule| rule.reach(user));
                let first = reached.next()?;
                Some(if reached.any(|reach| reach == Reach::All) {
                    Reach::All
                } else {
                    first
                })
            }
            Self::All(rules) => {
                let reached: Option<Vec<_>> = rules.iter().map(|rule| rule.reach(user)).collect();
                let mut reached = reached?.into_iter();
                Some(
                    reached
                        .find(|reach| *reach != Reach::All)
                        .unwrap_or(Reach::All),
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_what_its_conditions_say() {
        let reach = |rule: &str, user| Rule::parse(rule).unwrap().reach(user);
        let own = Some(Reach::AskedFor("u".to_owned()));
        assert_eq!(reach("true", None), Some(Reach::All));
        assert_eq!(reach("false", Some("u")), None);
        assert_eq!(reach("auth != null", None), None);
        assert_eq!(reach("auth !== null", Some("u")), Some(Reach::All));
        assert_eq!(reach("doc._openid == auth.openid", Some("u")), own);
        assert_eq!(reach("doc._openid == auth.openid", None), None);
        assert_eq!(reach("auth.openid == doc._openid || false", Some("u")), own);
        assert_eq!(
            reach("auth.openid == doc._openid || true", Some("u")),
            Some(Reach::All)
        );
        assert_eq!(
            reach("auth != null && doc._openid == auth.openid", Some("u")),
            own
        );
        assert_eq!(reach("true && false", Some("u")), None);
    }

    #[test]
    fn other_rules_are_rejected() {
        for rule in [
            "",
            "doc.public == true",
            "(true)",
            "auth.uid != null",
            "true ||",
        ] {
            let error = Rule::parse(rule).unwrap_err();
            assert!(error.contains("not support"), "{rule}: {error}");
        }
    }
}
