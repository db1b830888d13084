//! `INSERT` and `REPLACE`.

use sqlparser::ast::{
    self, Assignment, AssignmentTarget, Expr, FunctionArg, FunctionArgExpr, FunctionArguments,
    InsertAliases, MysqlInsertPriority, OnInsert, Query, SetExpr, TableObject, Values,
};

use super::{last, unsupported};
use crate::data::error::DataError;

/// Rows to insert.
pub(crate) struct Insert {
    pub(crate) table: String,
    /// Empty: all columns in order.
    pub(crate) columns: Vec<String>,
    /// A row of nothing, without columns, consists of defaults.
    pub(crate) rows: Vec<Vec<Expr>>,
    pub(crate) on_duplicate: OnDuplicate,
}

/// What becomes of a row whose key is there already.
pub(crate) enum OnDuplicate {
    Fail,
    Skip,
    /// The row that is there goes.
    Replace,
    /// The row that is there gets these values.
    Update(Vec<(String, NewValue)>),
}

/// What a column of a row that is there gets.
pub(crate) enum NewValue {
    /// What the new row has for the same column: `VALUES(name)`.
    OfNewRow,
    /// What it has.
    Same,
    Expression(Box<Expr>),
}

impl std::fmt::Debug for Insert {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Insert")
            .field("table", &self.table)
            .finish_non_exhaustive()
    }
}

/// Understands a statement of the parser's.
pub(super) fn insert(insert: ast::Insert) -> Result<Insert, DataError> {
    let ast::Insert {
        insert_token: _,
        // For a server's planner.
        optimizer_hints: _,
        or,
        ignore,
        into: _,
        table,
        table_alias,
        columns,
        overwrite,
        source,
        assignments,
        // Where the rows are kept.
        partitioned: _,
        after_columns,
        has_table_keyword,
        on,
        returning,
        output,
        replace_into,
        priority,
        insert_alias,
        settings,
        format_clause,
        multi_table_insert_type,
        multi_table_into_clauses,
        multi_table_when_clauses,
        multi_table_else_clause,
    } = insert;
    match priority {
        // Nobody else is there to wait for.
        None
        | Some(
            MysqlInsertPriority::LowPriority
            | MysqlInsertPriority::Delayed
            | MysqlInsertPriority::HighPriority,
        ) => {}
    }
    let is_foreign = or.is_some()
        || overwrite
        || table_alias.is_some()
        || !after_columns.is_empty()
        || has_table_keyword
        || output.is_some()
        || settings.is_some()
        || format_clause.is_some()
        || multi_table_insert_type.is_some()
        || !multi_table_into_clauses.is_empty()
        || !multi_table_when_clauses.is_empty()
        || multi_table_else_clause.is_some();
    if is_foreign {
        return Err(unsupported("a form of INSERT that is not MySQL's"));
    }
    if returning.is_some() {
        return Err(unsupported("INSERT … RETURNING"));
    }
    let TableObject::TableName(name) = &table else {
        return Err(unsupported("INSERT into anything but a table"));
    };
    let table = last(name)?;
    let (columns, rows) = match source {
        Some(source) => {
            let columns = columns.iter().map(last).collect::<Result<_, _>>()?;
            (columns, rows(*source)?)
        }
        None => {
            let (columns, values) = pairs(assignments)?.into_iter().unzip();
            (columns, vec![values])
        }
    };
    let on_duplicate = match on {
        None if replace_into => OnDuplicate::Replace,
        None if ignore => OnDuplicate::Skip,
        None => OnDuplicate::Fail,
        Some(OnInsert::DuplicateKeyUpdate(assignments)) => update(assignments, insert_alias)?,
        Some(_) => return Err(unsupported("ON CONFLICT")),
    };
    Ok(Insert {
        table,
        columns,
        rows,
        on_duplicate,
    })
}

fn rows(source: Query) -> Result<Vec<Vec<Expr>>, DataError> {
    let Query {
        with: None,
        body,
        order_by: None,
        limit_clause: None,
        fetch: None,
        locks,
        for_clause: None,
        settings: None,
        format_clause: None,
        pipe_operators,
    } = source
    else {
        return Err(unsupported("INSERT … SELECT"));
    };
    let SetExpr::Values(Values {
        // `VALUES ROW(1, 2)` and `VALUE (1, 2)` mean the same.
        explicit_row: _,
        value_keyword: _,
        rows,
    }) = *body
    else {
        return Err(unsupported("INSERT … SELECT"));
    };
    if !locks.is_empty() || !pipe_operators.is_empty() {
        return Err(unsupported("INSERT … SELECT"));
    }
    Ok(rows.into_iter().map(|row| row.content).collect())
}

/// `a = 1, b = 2` as columns and values.
fn pairs(assignments: Vec<Assignment>) -> Result<Vec<(String, Expr)>, DataError> {
    assignments
        .into_iter()
        .map(|Assignment { target, value }| match target {
            AssignmentTarget::ColumnName(name) => Ok((last(&name)?, value)),
            AssignmentTarget::Tuple(_) => {
                Err(unsupported("an assignment to several columns at once"))
            }
        })
        .collect()
}

fn update(
    assignments: Vec<Assignment>,
    alias: Option<InsertAliases>,
) -> Result<OnDuplicate, DataError> {
    let row = match alias {
        None => None,
        Some(InsertAliases {
            row_alias,
            col_aliases,
        }) if col_aliases.as_ref().is_none_or(Vec::is_empty) => Some(last(&row_alias)?),
        Some(_) => return Err(unsupported("names for the columns of new rows")),
    };
    let assignments = pairs(assignments)?
        .into_iter()
        .map(|(column, value)| {
            let value = if is_of_new_row(&value, &column, row.as_deref()) {
                NewValue::OfNewRow
            } else if matches!(&value, Expr::Identifier(name) if name.value.eq_ignore_ascii_case(&column)) {
                NewValue::Same
            } else {
                NewValue::Expression(Box::new(value))
            };
            (column, value)
        })
        .collect();
    Ok(OnDuplicate::Update(assignments))
}

/// Whether an expression is `VALUES(column)`, or `row.column` where the new row has a name.
fn is_of_new_row(expression: &Expr, column: &str, row: Option<&str>) -> bool {
    match expression {
        Expr::Function(call) if call.name.to_string().eq_ignore_ascii_case("VALUES") => {
            let FunctionArguments::List(list) = &call.args else {
                return false;
            };
            matches!(
                list.args.as_slice(),
                [FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Identifier(name)))]
                    if name.value.eq_ignore_ascii_case(column)
            )
        }
        Expr::CompoundIdentifier(names) => match names.as_slice() {
            [of, name] => {
                row.is_some_and(|row| of.value.eq_ignore_ascii_case(row))
                    && name.value.eq_ignore_ascii_case(column)
            }
            _ => false,
        },
        _ => false,
    }
}
