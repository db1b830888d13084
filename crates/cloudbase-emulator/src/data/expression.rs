//! Expressions of seed rows and defaults, computed as MySQL computes them.

mod arithmetic;
mod functions;
mod literal;
mod session;
mod value;

use sqlparser::ast::{self, BinaryOperator, CastKind, DataType, Expr, UnaryOperator};
use sqlparser::dialect::MySqlDialect;
use sqlparser::parser::Parser;

use super::error::{Cause, DataError};
use super::temporal;

pub(crate) use session::{SqlMode, SqlSession};
pub(crate) use value::SqlValue;

/// The value of an expression.
///
/// # Errors
///
/// By name, what MySQL computes and this does not; and what MySQL in strict mode rejects.
pub(crate) fn evaluate(expression: &Expr, session: &SqlSession) -> Result<SqlValue, DataError> {
    let value = |expression: &Expr| evaluate(expression, session);
    match expression {
        Expr::Value(literal) => literal::plain(&literal.value),
        Expr::Prefixed { prefix, value } => literal::introduced(&prefix.value, value),
        Expr::TypedString(typed) => literal::typed(typed),
        Expr::Nested(inner) => value(inner),
        Expr::Collate { expr, .. } => value(expr),
        Expr::Identifier(name) if name.quote_style.is_none() => {
            match name.value.strip_prefix('@') {
                Some(variable) => session.variable(variable),
                None => functions::call(&name.value, &[], session),
            }
        }
        Expr::CompoundIdentifier(names) if names[0].value.starts_with("@@") => {
            let last = names.last().map_or("", |name| &name.value);
            session.variable(&format!("@{last}"))
        }
        Expr::UnaryOp { op, expr } => match op {
            UnaryOperator::Plus => value(expr),
            UnaryOperator::Minus => literal::negative(value(expr)?),
            _ => Err(unknown(expression)),
        },
        Expr::BinaryOp { left, op, right } => match (left.as_ref(), op, right.as_ref()) {
            (_, BinaryOperator::Plus, Expr::Interval(interval)) => {
                shifted(&value(left)?, interval, 1, session)
            }
            (_, BinaryOperator::Minus, Expr::Interval(interval)) => {
                shifted(&value(left)?, interval, -1, session)
            }
            (Expr::Interval(interval), BinaryOperator::Plus, _) => {
                shifted(&value(right)?, interval, 1, session)
            }
            _ => arithmetic::apply(op, &value(left)?, &value(right)?)?
                .ok_or_else(|| unknown(expression)),
        },
        Expr::Floor { expr, .. } => arithmetic::floor(&value(expr)?),
        Expr::Ceil { expr, .. } => arithmetic::ceiling(&value(expr)?),
        Expr::Cast {
            kind: CastKind::Cast,
            expr,
            data_type: DataType::JSON,
            ..
        } => value(expr)?.parsed_json(),
        Expr::Function(call) => {
            let ast::FunctionArguments::List(list) = &call.args else {
                return functions::call(&call.name.to_string(), &[], session);
            };
            let mut arguments = Vec::with_capacity(list.args.len());
            for argument in &list.args {
                match argument {
                    ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(argument)) => {
                        arguments.push(argument);
                    }
                    _ => return Err(unknown(expression)),
                }
            }
            if !list.clauses.is_empty() || list.duplicate_treatment.is_some() {
                return Err(unknown(expression));
            }
            functions::call(&call.name.to_string(), &arguments, session)
        }
        _ => Err(unknown(expression)),
    }
}

/// An expression as text that [`parse`] reads again.
pub(crate) fn to_sql(expression: &Expr) -> String {
    // Backslashes stand in strings only, and are printed as themselves.
    expression.to_string().replace('\\', "\\\\")
}

/// Reads an expression of the catalog.
pub(crate) fn parse(sql: &str) -> Result<Expr, DataError> {
    Parser::new(&MySqlDialect {})
        .try_with_sql(sql)
        .and_then(|mut parser| parser.parse_expr())
        .map_err(|error| DataError::internal(format!("the expression `{sql}`: {error}")))
}

/// Whether an expression is the word `DEFAULT`.
pub(crate) fn is_default(expression: &Expr) -> bool {
    matches!(expression, Expr::Identifier(name)
        if name.quote_style.is_none() && name.value.eq_ignore_ascii_case("default"))
}

/// A moment some time later, or earlier with a negative `sign`.
fn shifted(
    moment: &SqlValue,
    interval: &ast::Interval,
    sign: i64,
    session: &SqlSession,
) -> Result<SqlValue, DataError> {
    let unit = interval
        .leading_field
        .as_ref()
        .filter(|_| interval.last_field.is_none())
        .map(ToString::to_string)
        .unwrap_or_default()
        .to_ascii_uppercase();
    let unit = temporal::Unit::named(&unit)
        .ok_or_else(|| DataError::not_on_sqlite(format!("`{interval}`")))?;
    let amount = evaluate(&interval.value, session)?;
    let (Some(moment), Some(amount)) = (moment.to_text(), arithmetic::number(&amount)?) else {
        return Ok(SqlValue::Null);
    };
    temporal::shift(&moment, unit, sign as f64 * amount.to_f64())
        .map(SqlValue::Moment)
        .ok_or_else(|| {
            invalid(format!(
                "Incorrect datetime value: '{moment}', or a moment out of range"
            ))
        })
}

fn unknown(expression: &Expr) -> DataError {
    DataError::not_on_sqlite(format!("the expression `{expression}`"))
}

/// What MySQL in strict mode rejects.
fn invalid(message: impl Into<String>) -> DataError {
    DataError::database(Cause::Other, message)
}

#[cfg(test)]
mod tests;
