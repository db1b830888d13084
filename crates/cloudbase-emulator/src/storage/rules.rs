//! Who may read and write which object.

use serde::Deserialize;

/// The basic permission of the built-in bucket, or of the objects under a prefix.
///
/// Names and meaning are those of the console. Administrators (API keys) may always do everything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[non_exhaustive]
pub enum StorageAcl {
    /// Everyone reads; signed-in users create; only the creator replaces or deletes. The default.
    #[default]
    Readonly,
    /// Only the creator reads, replaces or deletes; signed-in users create.
    Private,
    /// Everyone reads; only administrators write.
    AdminWrite,
    /// Only administrators read and write.
    AdminOnly,
}

/// Who is asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Who {
    /// An API key or an administrator.
    Admin,
    /// A signed-in user, anonymous sign-in included.
    User(String),
    /// A publishable key: a visitor without an identity.
    Visitor,
}

impl Who {
    /// The owner recorded with an object that this caller makes.
    pub(crate) fn owner(&self) -> Option<String> {
        match self {
            Self::User(id) => Some(id.clone()),
            Self::Admin | Self::Visitor => None,
        }
    }

    fn owns(&self, owner: Option<&str>) -> bool {
        matches!(self, Self::User(id) if Some(id.as_str()) == owner)
    }
}

/// An object as far as rules care: `None` if it does not exist, `Some(owner)` otherwise.
pub(crate) type Existing<'a> = Option<Option<&'a str>>;

/// The permissions of the bucket, most specific prefix first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rules {
    default: StorageAcl,
    prefixes: Vec<(String, StorageAcl)>,
}

impl Rules {
    /// Sets the permission of the whole bucket (`prefix` empty) or of a prefix.
    pub(crate) fn set(&mut self, prefix: &str, acl: StorageAcl) {
        if prefix.is_empty() {
            self.default = acl;
            return;
        }
        self.prefixes.retain(|(known, _)| known != prefix);
        self.prefixes.push((prefix.to_owned(), acl));
        self.prefixes
            .sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
    }

    /// The permission that governs `key`.
    pub(crate) fn acl(&self, key: &str) -> StorageAcl {
        let rule = self
            .prefixes
            .iter()
            .find(|(prefix, _)| key.starts_with(prefix.as_str()));
        rule.map_or(self.default, |(_, acl)| *acl)
    }

    /// May anyone read `key`, without any signature?
    pub(crate) fn public_read(&self, key: &str) -> bool {
        matches!(self.acl(key), StorageAcl::Readonly | StorageAcl::AdminWrite)
    }

    /// May `who` get a download URL for `key`?
    pub(crate) fn may_read(&self, who: &Who, key: &str, existing: Existing<'_>) -> bool {
        match (who, self.acl(key)) {
            (Who::Admin, _) | (_, StorageAcl::Readonly | StorageAcl::AdminWrite) => true,
            (_, StorageAcl::AdminOnly) => false,
            (who, StorageAcl::Private) => {
                existing.is_none_or(|owner| who.owns(owner)) && *who != Who::Visitor
            }
        }
    }

    /// May `who` create, replace or delete `key`?
    pub(crate) fn may_write(&self, who: &Who, key: &str, existing: Existing<'_>) -> bool {
        match (who, self.acl(key)) {
            (Who::Admin, _) => true,
            (_, StorageAcl::AdminWrite | StorageAcl::AdminOnly) | (Who::Visitor, _) => false,
            (who, StorageAcl::Readonly | StorageAcl::Private) => {
                existing.is_none_or(|owner| who.owns(owner))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table() {
        use StorageAcl::{AdminOnly, AdminWrite, Private, Readonly};
        let (admin, lin, visitor) = (Who::Admin, Who::User("lin".into()), Who::Visitor);
        let (new, mine, theirs) = (None, Some(Some("lin")), Some(Some("mei")));
        for (acl, who, existing, read, write) in [
            (Readonly, &lin, new, true, true),
            (Readonly, &lin, mine, true, true),
            (Readonly, &lin, theirs, true, false),
            (Readonly, &visitor, new, true, false),
            (Private, &lin, mine, true, true),
            (Private, &lin, theirs, false, false),
            (Private, &lin, Some(None), false, false),
            (Private, &visitor, new, false, false),
            (AdminWrite, &lin, mine, true, false),
            (AdminOnly, &lin, mine, false, false),
            (AdminOnly, &admin, theirs, true, true),
            (Private, &admin, theirs, true, true),
        ] {
            let mut rules = Rules::default();
            rules.set("", acl);
            assert_eq!(
                rules.may_read(who, "k", existing),
                read,
                "{acl:?} {who:?} {existing:?}"
            );
            assert_eq!(
                rules.may_write(who, "k", existing),
                write,
                "{acl:?} {who:?} {existing:?}"
            );
        }
    }

    #[test]
    fn the_longest_prefix_wins() {
        let mut rules = Rules::default();
        rules.set("a/", StorageAcl::Private);
        rules.set("a/b/", StorageAcl::AdminOnly);
        assert_eq!(rules.acl("a/b/c"), StorageAcl::AdminOnly);
        assert_eq!(rules.acl("a/c"), StorageAcl::Private);
        assert_eq!(rules.acl("c"), StorageAcl::Readonly);
    }
}
