//! A row of `constructs.json` and what it says about the embedded engine.

use std::collections::BTreeMap;

use cloudbase_emulator::Emulator;
use serde::Deserialize;
use serde_json::{Value, json};

/// What becomes of a construct.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Right {
    Loads,
    /// Taken, without an effect.
    Harmless,
    Reject,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Construct {
    pub(crate) name: String,
    sql: String,
    right: Right,
    /// Until it loads, rejecting it by name will do.
    until: Option<Right>,
    /// What MySQL does; for readers.
    #[serde(rename = "note")]
    _note: Option<String>,
    /// `no`: MariaDB does not take it.
    mariadb: Option<String>,
    /// SQL that follows, and shows what was loaded.
    #[serde(default)]
    then: String,
    /// What queries find afterwards.
    #[serde(default)]
    pub(crate) rows: BTreeMap<String, Value>,
    /// Of texts in rows only the shape counts: each hexadecimal digit stands for any.
    #[serde(default)]
    pub(crate) shape: bool,
    /// What a rejection must name, besides its line.
    #[serde(default)]
    names: Vec<String>,
    /// SQL that must be rejected afterwards, and what the rejection must name.
    #[serde(default)]
    fails: Vec<(String, String)>,
}

impl Construct {
    pub(crate) fn all() -> Vec<Self> {
        serde_json::from_str(include_str!("constructs.json")).unwrap()
    }

    /// Whether MariaDB takes it too.
    pub(crate) fn is_for_mariadb(&self) -> bool {
        self.right != Right::Reject && self.mariadb.as_deref() != Some("no")
    }

    /// Whether rejecting it will do.
    pub(crate) fn may_be_rejected(&self) -> bool {
        self.until == Some(Right::Reject)
    }

    /// The whole script.
    pub(crate) fn script(&self) -> String {
        format!("{}\n{}", self.sql, self.then)
    }

    /// Runs it on the embedded engine.
    pub(crate) async fn check(&self) -> Result<(), String> {
        match (load(&self.script()).await, self.right, self.until) {
            (Ok(_), Right::Reject, _) => Err("is taken".to_owned()),
            (Ok(emulator), Right::Loads | Right::Harmless, _) => self.meaning(&emulator).await,
            (Err(report), Right::Reject, _) | (Err(report), Right::Loads, Some(Right::Reject)) => {
                self.is_named(&report)
            }
            (Err(report), ..) => Err(format!("is rejected: {report}")),
        }
    }

    fn is_named(&self, report: &str) -> Result<(), String> {
        let place = "line ".to_owned();
        let folded = report.to_lowercase();
        match std::iter::once(&place)
            .chain(&self.names)
            .find(|name| !folded.contains(&name.to_lowercase()))
        {
            Some(missing) => Err(format!("`{missing}` is not in: {report}")),
            None if report.contains("sql parser error") => {
                Err(format!("the parser's words: {report}"))
            }
            None => Ok(()),
        }
    }

    async fn meaning(&self, emulator: &Emulator) -> Result<(), String> {
        for (query, expected) in &self.rows {
            let found = rows(emulator, query, self.shape).await?;
            if found != *expected {
                return Err(format!("`{query}` finds {found}, not {expected}"));
            }
        }
        for (sql, name) in &self.fails {
            match load(&format!("{}\n{sql}", self.script())).await {
                Ok(_) => return Err(format!("`{sql}` is taken")),
                Err(report) if report.contains(name) => {}
                Err(report) => return Err(format!("`{name}` is not in: {report}")),
            }
        }
        Ok(())
    }
}

/// An embedded engine with this schema, or why it cannot be had.
pub(crate) async fn load(sql: &str) -> Result<Emulator, String> {
    Emulator::builder()
        .schema_sql(sql)
        .start()
        .await
        .map_err(|error| chain(&error))
}

/// The same from a file.
pub(crate) async fn load_file(path: &std::path::Path) -> Result<Emulator, String> {
    let started = Emulator::builder().schema_file(path).start().await;
    started.map_err(|error| chain(&error))
}

fn chain(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", chain(source)),
        None => error.to_string(),
    }
}

/// The rows of a query; with `shape`, their texts without what the moment decides.
pub(crate) async fn rows(emulator: &Emulator, query: &str, shape: bool) -> Result<Value, String> {
    let rows = emulator
        .sql(query, &[])
        .await
        .map_err(|error| format!("`{query}`: {error}"))?;
    let mut rows = json!(rows);
    for cell in rows
        .as_array_mut()
        .into_iter()
        .flatten()
        .filter_map(Value::as_object_mut)
        .flat_map(|row| row.values_mut())
        .filter(|_| shape)
    {
        *cell = match &*cell {
            Value::String(text) => text
                .chars()
                .map(|c| if c.is_ascii_hexdigit() { '9' } else { c })
                .collect::<String>()
                .into(),
            Value::Number(_) => 9.into(),
            other => other.clone(),
        };
    }
    Ok(rows)
}
