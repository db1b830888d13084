//! Who may do what with which table.

use std::collections::HashMap;

use super::catalog::Table;
use super::error::DataError;
use crate::identity::Caller;

/// The column that names the owner of a row.
pub(crate) const OWNER: &str = "_openid";

/// What callers may do with a table, as the console's permission page offers it. The
/// administrator (API key) may always do everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TablePermission {
    /// Everybody with a token reads and writes every row. The default of tables without an
    /// `_openid` column.
    Open,
    /// Everybody reads; a row is written by its owner (console: `READONLY`).
    ReadAllWriteOwner,
    /// A row is read and written by its owner only (console: `PRIVATE`). The default of tables with
    /// an `_openid` column.
    OwnerOnly,
    /// Everybody reads, only the administrator writes (console: `ADMINWRITE`).
    ReadAllWriteAdmin,
    /// Only the administrator reads and writes (console: `ADMINONLY`).
    AdminOnly,
}

/// Read or write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
}

/// Which rows a caller may touch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    All,
    /// Rows whose `_openid` is this.
    Own(String),
}

/// The permissions of all tables.
#[derive(Debug, Default, Clone)]
pub(crate) struct Permissions(HashMap<String, TablePermission>);

impl Permissions {
    pub(crate) fn set(&mut self, table: String, permission: TablePermission) {
        self.0.insert(table, permission);
    }

    /// The tables that have a permission.
    pub(crate) fn tables(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Sets a permission that nobody has set yet.
    pub(crate) fn set_default(&mut self, table: String, permission: TablePermission) {
        self.0.entry(table).or_insert(permission);
    }

    /// Gives a table the permission of another, unless it has one.
    pub(crate) fn copy(&mut self, from: &str, to: String) {
        if let Some(permission) = self.0.get(from).copied() {
            self.set_default(to, permission);
        }
    }

    /// What the caller may reach, or the gateway's rejection.
    pub(crate) fn reach(
        &self,
        caller: &Actor,
        table: &Table,
        access: Access,
    ) -> Result<Reach, DataError> {
        let owner = match caller {
            Actor::Admin => return Ok(Reach::All),
            Actor::User(id) => Some(id),
            Actor::Anonymous => None,
        };
        let owned = table.find(OWNER).is_some();
        let permission = self.0.get(&table.name).copied().unwrap_or(if owned {
            TablePermission::OwnerOnly
        } else {
            TablePermission::Open
        });
        let name = &table.name;
        let own = || match owner {
            Some(_) if !owned => Err(DataError::invalid_request(format!(
                "table '{name}' has no permission column {OWNER}, which its permission needs"
            ))),
            Some(id) => Ok(Reach::Own(id.clone())),
            None => Err(DataError::not_identified(format!(
                "Permission denied: table '{name}' is for signed-in users, and this is an access key"
            ))),
        };
        match (permission, access) {
            (TablePermission::Open, _)
            | (
                TablePermission::ReadAllWriteOwner | TablePermission::ReadAllWriteAdmin,
                Access::Read,
            ) => Ok(Reach::All),
            (TablePermission::ReadAllWriteOwner, Access::Write)
            | (TablePermission::OwnerOnly, _) => own(),
            (TablePermission::ReadAllWriteAdmin, Access::Write)
            | (TablePermission::AdminOnly, _) => Err(DataError::forbidden(format!(
                "Permission denied: only the administrator may {} table '{name}'",
                if access == Access::Read {
                    "read"
                } else {
                    "write to"
                }
            ))),
        }
    }
}

/// Who calls, as far as rows are concerned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Actor {
    Admin,
    User(String),
    /// The publishable key: nobody in particular.
    Anonymous,
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
    pub(crate) fn owner(&self) -> Option<&str> {
        match self {
            Self::User(id) => Some(id),
            Self::Admin | Self::Anonymous => None,
        }
    }
}
