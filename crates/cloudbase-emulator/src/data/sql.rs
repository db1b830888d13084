//! From the tree of a request to SQL with bound values.

use sea_query::{
    Alias, BinOper, CaseStatement, Expr, ExprTrait as _, Func, NullOrdering, Order,
    OrderedStatement,
};

use super::catalog::{Column, Kind, Table};
use super::engine::{Dialect, functions_compile};
use super::error::DataError;
use super::grammar::{Comparison, Filter, IsValue, OrderTerm, Test};
use super::value::{Cell, to_operand};

/// A table inside a statement, and how the statement calls it.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) dialect: Dialect,
    pub(crate) table: &'a Table,
    /// The table's name or alias in the statement.
    pub(crate) name: &'a str,
    /// The statement writes, so values that do not fit their column are rejected.
    pub(crate) strict: bool,
}

impl Scope<'_> {
    /// A column of the table; the name must come from the catalog.
    pub(crate) fn column(&self, name: &str) -> Expr {
        Expr::col((Alias::new(self.name), Alias::new(name)))
    }

    /// The conditions, all of which must hold.
    pub(crate) fn conditions(&self, filters: &[Filter]) -> Result<Vec<Expr>, DataError> {
        filters
            .iter()
            .map(|filter| self.condition(filter))
            .collect()
    }

    fn condition(&self, filter: &Filter) -> Result<Expr, DataError> {
        Ok(match filter {
            Filter::All(members) => self.join(members, BinOper::And)?,
            Filter::Any(members) => self.join(members, BinOper::Or)?,
            Filter::Not(inner) => self.condition(inner)?.not(),
            Filter::Test { column, test } => {
                self.test(self.table.column(column, "where clause")?, test)?
            }
        })
    }

    /// A balanced tree: thousands of members must not nest thousands deep.
    fn join(&self, members: &[Filter], operator: BinOper) -> Result<Expr, DataError> {
        match members {
            [] => Ok(constant(true)),
            [one] => self.condition(one),
            many => {
                let (left, right) = many.split_at(many.len() / 2);
                Ok(self
                    .join(left, operator)?
                    .binary(operator, self.join(right, operator)?))
            }
        }
    }

    fn test(&self, column: &Column, test: &Test) -> Result<Expr, DataError> {
        let plain = self.compared(column, test);
        Ok(match test {
            Test::Compare(comparison, text) => {
                self.comparable(
                    column,
                    matches!(comparison, Comparison::Equal | Comparison::NotEqual),
                )?;
                let value = to_operand(column, text, self.strict)?;
                let left = self.left(column, plain, &value);
                let operator = match comparison {
                    Comparison::Equal => BinOper::Equal,
                    Comparison::NotEqual => BinOper::NotEqual,
                    Comparison::Greater => BinOper::GreaterThan,
                    Comparison::GreaterOrEqual => BinOper::GreaterThanOrEqual,
                    Comparison::Less => BinOper::SmallerThan,
                    Comparison::LessOrEqual => BinOper::SmallerThanOrEqual,
                };
                left.binary(operator, self.operand(column, value))
            }
            Test::In(texts) => {
                self.comparable(column, true)?;
                if texts.is_empty() {
                    // Nothing is a member of nothing, and NOT of it holds for every row.
                    return Ok(constant(false));
                }
                let mut plain_values = Vec::new();
                let mut others: Option<Expr> = None;
                for text in texts {
                    let value = to_operand(column, text, self.strict)?;
                    if self.left(column, plain.clone(), &value) == plain {
                        plain_values.push(self.operand(column, value));
                    } else {
                        let one = self
                            .left(column, plain.clone(), &value)
                            .binary(BinOper::Equal, self.operand(column, value));
                        others = Some(match others {
                            Some(before) => before.or(one),
                            None => one,
                        });
                    }
                }
                let members = (!plain_values.is_empty()).then(|| plain.is_in(plain_values));
                match (members, others) {
                    (Some(members), Some(others)) => members.or(others),
                    (Some(one), None) | (None, Some(one)) => one,
                    (None, None) => constant(false),
                }
            }
            Test::Like(pattern) => self.like(column, plain, pattern, column.binary)?,
            Test::LikeBinary(pattern) if self.dialect == Dialect::MySql => {
                plain.binary(BinOper::Custom("LIKE BINARY"), Expr::val(pattern.as_str()))
            }
            Test::LikeBinary(pattern) => self.like(column, plain, pattern, true)?,
            Test::ILike(pattern) if self.dialect == Dialect::MySql => {
                Expr::expr(Func::lower(plain))
                    .binary(BinOper::Like, Func::lower(Expr::val(pattern.as_str())))
            }
            Test::ILike(pattern) => self.like(column, plain, pattern, false)?,
            Test::Regexp(pattern) => {
                self.searchable(column, "match")?;
                match self.dialect {
                    Dialect::MySql => {
                        plain.binary(BinOper::Custom("REGEXP"), Expr::val(pattern.as_str()))
                    }
                    Dialect::Sqlite => {
                        functions_compile(pattern, column.binary)
                            .map_err(DataError::invalid_request)?;
                        self.call(
                            if column.binary {
                                "regexp_binary"
                            } else {
                                "regexp"
                            },
                            pattern,
                            plain,
                        )
                    }
                }
            }
            Test::Is(value) => match value {
                IsValue::Null | IsValue::Unknown => plain.is_null(),
                IsValue::True => plain.binary(BinOper::Is, constant(true)),
                IsValue::False => plain.binary(BinOper::Is, constant(false)),
            },
        })
    }

    /// The column as a test sees it. A server cannot compare a column with a text that the column's
    /// character set does not have, so the column is widened; then such a text equals nothing.
    fn compared(&self, column: &Column, test: &Test) -> Expr {
        let plain = self.column(&column.name);
        if !column.narrow || test.texts().all(str::is_ascii) {
            return plain;
        }
        let wide = if column.binary {
            "CONVERT(? USING utf8mb4) COLLATE utf8mb4_bin"
        } else {
            "CONVERT(? USING utf8mb4)"
        };
        Expr::cust_with_expr(wide, plain)
    }

    fn like(
        &self,
        column: &Column,
        plain: Expr,
        pattern: &str,
        binary: bool,
    ) -> Result<Expr, DataError> {
        self.searchable(column, "like")?;
        Ok(match self.dialect {
            Dialect::Sqlite if binary => self.call("like_binary", pattern, plain),
            _ => plain.binary(BinOper::Like, Expr::val(pattern)),
        })
    }

    fn call(&self, function: &'static str, pattern: &str, column: Expr) -> Expr {
        Expr::expr(
            Func::cust(Alias::new(function))
                .arg(Expr::val(pattern))
                .arg(column),
        )
    }

    /// Values that one engine keeps as text of its own are compared only where that is truthful.
    fn comparable(&self, column: &Column, equality: bool) -> Result<(), DataError> {
        if self.dialect == Dialect::MySql {
            return Ok(());
        }
        match column.kind {
            Kind::Json => Err(DataError::not_on_sqlite(format!(
                "comparing the JSON column '{}' (other than with is.null)",
                column.name
            ))),
            Kind::Enum(_) | Kind::Set(_) if !equality => Err(DataError::not_on_sqlite(format!(
                "gt, gte, lt and lte on the ENUM or SET column '{}'",
                column.name
            ))),
            _ => Ok(()),
        }
    }

    /// Whether the printed form of the column, which a pattern looks at, is the same on both engines.
    fn searchable(&self, column: &Column, operator: &str) -> Result<(), DataError> {
        let same = !matches!(
            column.kind,
            Kind::Json
                | Kind::Float
                | Kind::Double
                | Kind::Binary(_)
                | Kind::Blob(_)
                | Kind::Bit(_)
        );
        if same || self.dialect == Dialect::MySql {
            return Ok(());
        }
        Err(DataError::not_on_sqlite(format!(
            "`{operator}` on the column '{}', which is no text,",
            column.name
        )))
    }

    /// The left side; a DATE compared with a time of day becomes a moment.
    fn left(&self, column: &Column, plain: Expr, value: &Cell) -> Expr {
        match (self.dialect, &column.kind, value) {
            (Dialect::Sqlite, Kind::Date, Cell::Text(text)) if text.len() > 10 => {
                plain.binary(BinOper::Custom("||"), Expr::cust("' 00:00:00'"))
            }
            _ => plain,
        }
    }

    /// The right side, as a bound value.
    fn operand(&self, column: &Column, value: Cell) -> Expr {
        let bound = Expr::val(sea_query::Value::from(value));
        match (self.dialect, &column.kind) {
            // A string next to a DECIMAL would be compared as a floating-point number.
            (Dialect::MySql, Kind::Decimal { .. }) => bound.cast_as(Alias::new("DECIMAL(65,30)")),
            (Dialect::MySql, Kind::Binary(_) | Kind::Blob(_)) => bound,
            _ => bound,
        }
    }

    /// Adds the sort keys, and the primary key at the end: pages must not overlap.
    pub(crate) fn order<S: OrderedStatement>(
        &self,
        statement: &mut S,
        terms: &[OrderTerm],
    ) -> Result<(), DataError> {
        for term in terms {
            let column = self.table.column(&term.column, "order clause")?;
            let order = if term.descending {
                Order::Desc
            } else {
                Order::Asc
            };
            let key = self.sort_key(column)?;
            match term.nulls_first {
                None => statement.order_by_expr(key, order),
                Some(first) => {
                    let nulls = if first {
                        NullOrdering::First
                    } else {
                        NullOrdering::Last
                    };
                    statement.order_by_expr_with_nulls(key, order, nulls)
                }
            };
        }
        for name in &self.table.primary_key {
            if !terms
                .iter()
                .any(|term| term.column.eq_ignore_ascii_case(name))
            {
                statement.order_by_expr(self.column(name), Order::Asc);
            }
        }
        Ok(())
    }

    fn sort_key(&self, column: &Column) -> Result<Expr, DataError> {
        let plain = self.column(&column.name);
        match (&column.kind, self.dialect) {
            // MySQL sorts an ENUM by the place of its members.
            (Kind::Enum(members), Dialect::Sqlite) => {
                let mut case = CaseStatement::new();
                for (place, member) in members.iter().enumerate() {
                    let place = i64::try_from(place).unwrap_or(i64::MAX);
                    case = case.case(plain.clone().eq(member.as_str()), Expr::val(place));
                }
                Ok(case.into())
            }
            (Kind::Json | Kind::Set(_), Dialect::Sqlite) => Err(DataError::not_on_sqlite(format!(
                "sorting by the JSON or SET column '{}'",
                column.name
            ))),
            _ => Ok(plain),
        }
    }
}

/// TRUE or FALSE as SQL writes them: `IS` takes no placeholder and no parentheses.
fn constant(value: bool) -> Expr {
    Expr::Constant(sea_query::Value::Bool(Some(value)))
}
