//! Who may do what with a collection.

use std::collections::HashMap;

use bson::{Bson, Document};

use super::error::{DocumentError, Result};
use crate::identity::Caller;

mod rule;

use rule::Rule;

/// The field that names the owner of a document. The emulator writes it for signed-in users, and nobody changes it.
pub(super) const OWNER: &str = "_openid";

/// What callers may do with a collection of the document database, as the console's permission page offers it. The
/// administrator (API key) may always do everything.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CollectionPermission {
    /// A document is read and written by its owner only (console: `PRIVATE`). The default.
    OwnerOnly,
    /// Everybody reads; a document is written by its owner (console: `READONLY`).
    ReadAllWriteOwner,
    /// Everybody reads, only the administrator writes (console: `ADMINWRITE`).
    ReadAllWriteAdmin,
    /// Only the administrator reads and writes (console: `ADMINONLY`).
    AdminOnly,
    /// Security rules (console: `CUSTOM`): a request is let in if the rule holds for it. Rules filter nothing: where one asks for
    /// the owner (`doc._openid == auth.openid`), the request's own filter must do so.
    ///
    /// A rule is `true`, `false`, `auth != null` or `doc._openid == auth.openid`, or several joined by `||` or by `&&`; any other is
    /// an error at the start.
    Custom {
        /// The rule for reads.
        read: String,
        /// The rule for inserts, updates and removals.
        write: String,
    },
}

/// Read or write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Read,
    Write,
}

/// Who calls, as far as documents are concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Actor {
    Admin,
    User(String),
    /// The publishable key: nobody in particular.
    Anonymous,
}

/// Which documents a caller may touch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    All,
    /// Those of this owner.
    Own(String),
    /// Those of this owner, and the request must ask for no others.
    AskedFor(String),
}

/// The permissions of all collections.
#[derive(Debug, Default)]
pub(super) struct Permissions(HashMap<String, Checked>);

/// A permission whose rules can be read.
#[derive(Clone, Debug)]
enum Checked {
    Simple(CollectionPermission),
    Custom { read: Rule, write: Rule },
}

impl CollectionPermission {
    /// The permission of this name in the console, but for the one with rules.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "PRIVATE" => Self::OwnerOnly,
            "READONLY" => Self::ReadAllWriteOwner,
            "ADMINWRITE" => Self::ReadAllWriteAdmin,
            "ADMINONLY" => Self::AdminOnly,
            _ => return None,
        })
    }
}

impl Permissions {
    /// An error says what is wrong with a rule.
    pub(super) fn set(
        &mut self,
        collection: String,
        permission: CollectionPermission,
    ) -> std::result::Result<(), String> {
        let checked = match permission {
            CollectionPermission::Custom { read, write } => Checked::Custom {
                read: Rule::parse(&read)?,
                write: Rule::parse(&write)?,
            },
            simple => Checked::Simple(simple),
        };
        self.0.insert(collection, checked);
        Ok(())
    }

    /// What the caller may reach, or the service's rejection.
    pub(super) fn reach(&self, actor: &Actor, collection: &str, kind: Kind) -> Result<Reach> {
        use CollectionPermission::{OwnerOnly, ReadAllWriteAdmin, ReadAllWriteOwner};
        if *actor == Actor::Admin {
            return Ok(Reach::All);
        }
        let denied = || {
            let what = match kind {
                Kind::Read => "read",
                Kind::Write => "write to",
            };
            DocumentError::denied(format!(
                "Permission denied: the caller may not {what} collection `{collection}`"
            ))
        };
        let own = || actor.owner().map(str::to_owned).ok_or_else(denied);
        match (self.0.get(collection), kind) {
            (Some(Checked::Custom { read, write }), _) => {
                let rule = if kind == Kind::Read { read } else { write };
                rule.reach(actor.owner()).ok_or_else(denied)
            }
            (Some(Checked::Simple(ReadAllWriteOwner | ReadAllWriteAdmin)), Kind::Read) => {
                Ok(Reach::All)
            }
            (Some(Checked::Simple(ReadAllWriteOwner)), Kind::Write)
            | (None | Some(Checked::Simple(OwnerOnly)), _) => own().map(Reach::Own),
            (Some(Checked::Simple(_)), _) => Err(denied()),
        }
    }
}

impl Reach {
    /// Whether the caller may touch a document.
    pub(super) fn contains(&self, document: &Document) -> bool {
        match self {
            Self::All => true,
            Self::Own(owner) | Self::AskedFor(owner) => {
                document.get_str(OWNER).is_ok_and(|of| of == owner)
            }
        }
    }

    /// Rejects a filter that may find the documents of others, where a rule does not allow it.
    pub(super) fn check(&self, filter: &Document) -> Result<()> {
        let Self::AskedFor(owner) = self else {
            return Ok(());
        };
        let is_own = |value: &Bson| match value {
            Bson::String(asked) => asked == owner,
            Bson::Document(condition) => condition.get_str("$eq").is_ok_and(|asked| asked == owner),
            _ => false,
        };
        if filter.get(OWNER).is_some_and(is_own) {
            return Ok(());
        }
        Err(DocumentError::denied(
            "Permission denied: the security rule asks for the owner; the filter must contain `_openid` with the id of the caller",
        ))
    }
}

impl From<&Caller> for Actor {
    fn from(caller: &Caller) -> Self {
        match &caller.user_id {
            _ if caller.is_admin() => Self::Admin,
            Some(id) => Self::User(id.clone()),
            None => Self::Anonymous,
        }
    }
}

impl Actor {
    /// What goes into `_openid`.
    pub(super) fn owner(&self) -> Option<&str> {
        match self {
            Self::User(id) => Some(id),
            Self::Admin | Self::Anonymous => None,
        }
    }
}
