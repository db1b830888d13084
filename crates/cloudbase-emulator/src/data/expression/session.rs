//! What the statements of a script leave behind for those after them: the SQL mode, variables, the last id.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use sqlparser::ast::Expr;

use super::{DataError, SqlValue, arithmetic, evaluate, invalid};

/// The seconds that MySQL knows as a timestamp: the last is that of the year 3000, west of Greenwich.
pub(super) const TIMESTAMPS: RangeInclusive<f64> = 0.0..=32_536_771_199.0;

/// The state of a session.
#[derive(Debug, Clone)]
pub(crate) struct SqlSession {
    clock_ms: i64,
    /// Set by `SET timestamp = …`.
    fixed_ms: Option<i64>,
    pub(crate) mode: SqlMode,
    /// The first id that the last `INSERT` with a generated one was given.
    pub(crate) last_insert_id: i64,
    /// By name, in small letters. Absent: a value that is not known here, as of most system variables.
    variables: BTreeMap<String, Option<SqlValue>>,
}

impl SqlSession {
    pub(crate) fn new(now_ms: i64) -> Self {
        Self {
            clock_ms: now_ms,
            fixed_ms: None,
            mode: SqlMode::default(),
            last_insert_id: 0,
            variables: BTreeMap::new(),
        }
    }

    /// What `NOW()` shows.
    pub(crate) fn now_ms(&self) -> i64 {
        self.fixed_ms.unwrap_or(self.clock_ms)
    }

    /// What the clock shows, whatever was set.
    pub(super) fn clock_ms(&self) -> i64 {
        self.clock_ms
    }

    /// `SET name = expression, …`. No value depends on another that is set with it.
    pub(crate) fn set(&mut self, assignments: &[(String, Expr)]) -> Result<(), DataError> {
        let values: Vec<_> = assignments
            .iter()
            // Where nothing depends on a value, it does not have to be known.
            .map(|(name, expression)| match bare_mode(name, expression) {
                Some(mode) => Some(SqlValue::Text(mode)),
                None => evaluate(expression, self).ok(),
            })
            .collect();
        for ((name, _), value) in assignments.iter().zip(values) {
            self.assign(&name.to_ascii_lowercase().replace('`', ""), value)?;
        }
        Ok(())
    }

    fn assign(&mut self, name: &str, value: Option<SqlValue>) -> Result<(), DataError> {
        if let Some(variable) = name.strip_prefix('@').filter(|name| !name.starts_with('@')) {
            self.variables.insert(variable.to_owned(), value);
            return Ok(());
        }
        match name.rsplit(['.', '@']).next().unwrap_or_default() {
            "sql_mode" => {
                self.mode = match value.and_then(|value| value.to_text()) {
                    Some(names) => SqlMode::named(&names).supported()?,
                    // An earlier mode that nothing kept.
                    None => SqlMode::default(),
                };
            }
            "timestamp" => {
                let seconds = match value {
                    Some(value) => arithmetic::number(&value)?,
                    None => None,
                };
                let seconds = seconds.map_or(0.0, |seconds| seconds.to_f64());
                if !TIMESTAMPS.contains(&seconds) {
                    return Err(invalid(format!(
                        "Variable 'timestamp' can't be set to the value of '{seconds}': it takes 0 to 32536771199 seconds"
                    )));
                }
                // 0 is the clock's own time.
                self.fixed_ms = Some((seconds * 1000.0) as i64).filter(|ms| *ms > 0);
            }
            _ => {}
        }
        Ok(())
    }

    /// `@name`, or a system variable as `@@name`.
    pub(super) fn variable(&self, name: &str) -> Result<SqlValue, DataError> {
        let lower = name.to_ascii_lowercase();
        if lower == "@sql_mode" {
            return Ok(SqlValue::Text(self.mode.0.join(",")));
        }
        let unknown = || DataError::not_on_sqlite(format!("the value of `@{name}`"));
        if lower.starts_with('@') {
            return Err(unknown());
        }
        match self.variables.get(&lower) {
            Some(Some(value)) => Ok(value.clone()),
            Some(None) => Err(unknown()),
            // One that nothing set is NULL.
            None => Ok(SqlValue::Null),
        }
    }
}

/// The word of `SET sql_mode = ANSI`, which is a text there.
fn bare_mode(name: &str, value: &Expr) -> Option<String> {
    let is_mode = name.to_ascii_lowercase().ends_with("sql_mode") && !is_variable(name);
    match value {
        Expr::Identifier(word) if is_mode && !word.value.starts_with('@') => {
            Some(word.value.clone()).filter(|word| !word.eq_ignore_ascii_case("DEFAULT"))
        }
        _ => None,
    }
}

/// Whether a name is that of a user's variable.
fn is_variable(name: &str) -> bool {
    name.starts_with('@') && !name.starts_with("@@")
}

/// The names of an SQL mode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SqlMode(Vec<String>);

impl Default for SqlMode {
    /// MySQL 8's own.
    fn default() -> Self {
        Self::named(
            "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,\
             ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION",
        )
    }
}

impl SqlMode {
    fn named(names: &str) -> Self {
        let names = names
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty());
        Self(names.map(str::to_ascii_uppercase).collect())
    }

    /// The mode, unless it changes what quotes and backslashes are: the script is read before it is carried out.
    fn supported(self) -> Result<Self, DataError> {
        let is_other = |name: &&String| {
            let is_sum = *name != "0" && name.bytes().all(|byte| byte.is_ascii_digit());
            is_sum || ["NO_BACKSLASH_ESCAPES", "ANSI_QUOTES", "ANSI"].contains(&name.as_str())
        };
        match self.0.iter().find(is_other) {
            Some(name) => Err(DataError::not_on_sqlite(format!("the SQL mode {name}"))),
            None => Ok(self),
        }
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|own| own == name || own == "TRADITIONAL")
    }

    fn is_strict(&self) -> bool {
        self.has("STRICT_TRANS_TABLES") || self.has("STRICT_ALL_TABLES")
    }

    /// `0000-00-00` is a date.
    pub(crate) fn takes_zero_dates(&self) -> bool {
        !(self.is_strict() && self.has("NO_ZERO_DATE"))
    }

    /// `2024-00-00` is a date.
    pub(crate) fn takes_zeros_in_dates(&self) -> bool {
        !(self.is_strict() && self.has("NO_ZERO_IN_DATE"))
    }

    /// 0 asks for the next id of an `AUTO_INCREMENT` column, as NULL does.
    pub(crate) fn zero_is_next_id(&self) -> bool {
        !self.0.iter().any(|own| own == "NO_AUTO_VALUE_ON_ZERO")
    }
}
