//! Stored SQL templates: one statement that reads or writes rows, and who may run it.

use std::collections::BTreeMap;

use sqlparser::dialect::MySqlDialect;
use sqlparser::tokenizer::{Token, Tokenizer};

use super::permission::Actor;
use crate::error::StartError;

/// What a template may begin with.
const STATEMENTS: [&str; 5] = ["SELECT", "INSERT", "REPLACE", "UPDATE", "DELETE"];

/// Who may run a SQL template. The administrator (API key) may run each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TemplatePermission {
    /// Everybody with a token, the publishable key included.
    Open,
    /// Users who are signed in, anonymously or not. The default.
    #[default]
    SignedIn,
    /// Only the administrator.
    AdminOnly,
}

/// A template as it runs.
#[derive(Debug)]
pub(crate) struct Template {
    pub(crate) sql: String,
    permission: TemplatePermission,
}

impl Template {
    pub(crate) fn permits(&self, actor: &Actor) -> bool {
        match actor {
            Actor::Admin => true,
            Actor::User(_) => self.permission != TemplatePermission::AdminOnly,
            Actor::Anonymous => self.permission == TemplatePermission::Open,
        }
    }
}

/// Checks the templates and puts the permissions to them.
pub(super) fn check(
    templates: Vec<(String, String)>,
    permissions: Vec<(String, TemplatePermission)>,
) -> Result<BTreeMap<String, Template>, StartError> {
    let mut checked = BTreeMap::new();
    for (name, sql) in templates {
        let first = first_word(&sql);
        if !first
            .as_deref()
            .is_some_and(|word| STATEMENTS.contains(&word))
        {
            return Err(StartError::new(format!(
                "SQL template `{name}` begins with {}; a template is one statement: SELECT, INSERT INTO, REPLACE INTO, \
                 UPDATE or DELETE",
                first.as_deref().unwrap_or("nothing that can be read")
            )));
        }
        let permission = TemplatePermission::default();
        checked.insert(name, Template { sql, permission });
    }
    for (name, permission) in permissions {
        let template = checked.get_mut(&name).ok_or_else(|| {
            StartError::new(format!(
                "template_permission: there is no SQL template `{name}`; add it or correct the name"
            ))
        })?;
        template.permission = permission;
    }
    Ok(checked)
}

/// The word that a statement begins with, in capitals.
fn first_word(sql: &str) -> Option<String> {
    let tokens = Tokenizer::new(&MySqlDialect {}, sql).tokenize().ok()?;
    let first = tokens
        .into_iter()
        .find(|token| !matches!(token, Token::Whitespace(_)));
    match first {
        Some(Token::Word(word)) if word.quote_style.is_none() => {
            Some(word.value.to_ascii_uppercase())
        }
        _ => None,
    }
}
