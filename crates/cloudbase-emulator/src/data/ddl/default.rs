//! Defaults of columns: a constant in the form of its column, the present moment, or an expression for each row.

use sqlparser::ast::Expr;

use crate::data::catalog::{Column, DefaultValue, Kind};
use crate::data::error::{Cause, DataError};
use crate::data::expression::{SqlSession, SqlValue, evaluate, to_sql};
use crate::data::temporal;
use crate::data::value::{Cell, to_cell, to_text};

/// What `DEFAULT expression` of `column` means.
pub(crate) fn default(column: &Column, expression: &Expr) -> Result<DefaultValue, DataError> {
    if is_now(expression) && matches!(column.kind, Kind::DateTime { .. } | Kind::Timestamp { .. }) {
        return Ok(DefaultValue::Now);
    }
    // Computed once to know whether that is possible; what it was does not matter.
    let value = evaluate(expression, &SqlSession::new(0))?;
    let is_literal = matches!(
        expression,
        Expr::Value(_) | Expr::Prefixed { .. } | Expr::UnaryOp { .. } | Expr::TypedString(_)
    );
    if value == SqlValue::Null && is_literal {
        return Ok(DefaultValue::Constant(None));
    }
    if !is_literal || column.kind == Kind::Json {
        return Ok(DefaultValue::Computed(to_sql(expression)));
    }
    constant(column, value)
        .map(|text| DefaultValue::Constant(Some(text)))
        .map_err(|_| invalid(column))
}

fn constant(column: &Column, value: SqlValue) -> Result<String, DataError> {
    if let SqlValue::Text(text) = &value
        && let Some((date, _)) = temporal::zero(&column.kind, text)
    {
        // Whether the SQL mode takes it is seen when the table is made.
        return Ok(date);
    }
    Ok(match to_cell(column, value.given(column)?, 1)? {
        Cell::Null => String::new(),
        cell => to_text(&cell),
    })
}

/// MySQL's error 1067.
pub(crate) fn invalid(column: &Column) -> DataError {
    DataError::database(
        Cause::Other,
        format!("Invalid default value for '{}'", column.name),
    )
}

/// Whether this is the present moment.
pub(super) fn is_now(expression: &Expr) -> bool {
    let name = match expression {
        Expr::Function(call) => call.name.to_string(),
        Expr::Identifier(name) => name.value.clone(),
        Expr::Nested(inner) => return is_now(inner),
        _ => return false,
    };
    let names = ["CURRENT_TIMESTAMP", "NOW", "LOCALTIME", "LOCALTIMESTAMP"];
    names.iter().any(|now| now.eq_ignore_ascii_case(&name))
}
