//! The condition of a `CHECK`, which SQLite computes: what it would understand otherwise than MySQL is rejected.

use sqlparser::ast::{
    BinaryOperator, Expr, FunctionArg, FunctionArgExpr, FunctionArguments, UnaryOperator, Value,
};

use super::unsupported;
use crate::data::error::DataError;

/// The condition as SQL for SQLite.
pub(super) fn condition(mut expression: Expr) -> Result<String, DataError> {
    walk(&mut expression)?;
    Ok(expression.to_string())
}

fn walk(expression: &mut Expr) -> Result<(), DataError> {
    match expression {
        Expr::Identifier(_) => Ok(()),
        Expr::Value(literal) => match &mut literal.value {
            Value::Null | Value::Boolean(_) | Value::Number(..) | Value::SingleQuotedString(_) => {
                Ok(())
            }
            // A column to SQLite.
            Value::DoubleQuotedString(text) => {
                literal.value = Value::SingleQuotedString(std::mem::take(text));
                Ok(())
            }
            _ => Err(rejected(expression)),
        },
        Expr::Nested(inner)
        | Expr::IsNull(inner)
        | Expr::IsNotNull(inner)
        | Expr::UnaryOp {
            op: UnaryOperator::Not | UnaryOperator::Minus | UnaryOperator::Plus,
            expr: inner,
        } => walk(inner),
        // SQLite binds some comparisons closer than others.
        Expr::BinaryOp { left, op, right }
            if is_alike(op) && !(compares(op) && (is_condition(left) || is_condition(right))) =>
        {
            walk(left).and_then(|()| walk(right))
        }
        Expr::InList { expr, list, .. } => {
            walk(expr)?;
            list.iter_mut().try_for_each(walk)
        }
        Expr::Between {
            expr, low, high, ..
        } => walk(expr)
            .and_then(|()| walk(low))
            .and_then(|()| walk(high)),
        Expr::Like {
            any: false,
            expr,
            pattern,
            escape_char: None,
            ..
        } if has_no_letters(pattern) => walk(expr).and_then(|()| walk(pattern)),
        Expr::Function(function) => {
            let name = function.name.to_string().to_ascii_lowercase();
            let is_known = matches!(name.as_str(), "char_length" | "json_valid");
            match &mut function.args {
                FunctionArguments::List(list) if is_known => match list.args.as_mut_slice() {
                    [FunctionArg::Unnamed(FunctionArgExpr::Expr(argument))] => walk(argument),
                    _ => Err(rejected(expression)),
                },
                _ => Err(rejected(expression)),
            }
        }
        _ => Err(rejected(expression)),
    }
}

/// Whether the operator does the same in both. `/`, `%`, `||` and the rest do not.
fn is_alike(operator: &BinaryOperator) -> bool {
    use BinaryOperator::{And, Eq, Gt, GtEq, Lt, LtEq, Minus, Multiply, NotEq, Or, Plus};
    matches!(
        operator,
        And | Or | Eq | NotEq | Gt | GtEq | Lt | LtEq | Plus | Minus | Multiply
    )
}

fn compares(operator: &BinaryOperator) -> bool {
    use BinaryOperator::{Eq, Gt, GtEq, Lt, LtEq, NotEq};
    matches!(operator, Eq | NotEq | Gt | GtEq | Lt | LtEq)
}

/// Whether this compares something, outside of parentheses.
fn is_condition(expression: &Expr) -> bool {
    match expression {
        Expr::BinaryOp { op, .. } => compares(op),
        other => matches!(
            other,
            Expr::InList { .. }
                | Expr::Between { .. }
                | Expr::Like { .. }
                | Expr::IsNull(_)
                | Expr::IsNotNull(_)
        ),
    }
}

/// A pattern that finds the same in every collation: `LIKE` does not know that of the column here.
fn has_no_letters(pattern: &Expr) -> bool {
    let Expr::Value(literal) = pattern else {
        return false;
    };
    match &literal.value {
        Value::SingleQuotedString(text) | Value::DoubleQuotedString(text) => text
            .bytes()
            .all(|byte| byte.is_ascii() && !byte.is_ascii_alphabetic()),
        _ => false,
    }
}

fn rejected(expression: &Expr) -> DataError {
    unsupported(&format!("`{expression}` in a CHECK"))
}
