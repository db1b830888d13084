//! `where` and `relateWhere`: conditions in JSON as conditions in SQL.

use sea_query::{Alias, Expr, ExprTrait as _, Query};
use serde_json::{Map, Value};

use super::Call;
use super::error::ModelError;
use super::schema::{FieldKind, Model, SYSTEM, Storage, with_preview};
use crate::data::grammar::{Comparison, Filter, IsValue, MAX_DEPTH, Test};
use crate::data::permission::{Access, OWNER, Reach};
use crate::data::sql::Scope;

impl Call<'_> {
    /// Everything that a `filter` and the caller's reach ask of records of `model`, which the
    /// statement calls `name`.
    pub(super) fn conditions(
        &self,
        model: &Model,
        filter: Option<&Value>,
        name: &str,
        reach: &Reach,
    ) -> Result<Vec<Expr>, ModelError> {
        let table = model.table(self.preview);
        let scope = Scope {
            dialect: self.dialect(),
            table: &table,
            name,
            strict: false,
        };
        let mut conditions = Vec::new();
        if let Some(filter) = filter {
            let filter = as_object(filter, "filter")?;
            for (key, value) in filter {
                match key.as_str() {
                    "where" => {
                        let tests = group(model, value, 0)?;
                        conditions.extend(scope.conditions(&[tests])?);
                    }
                    "relateWhere" => {
                        for (field, inner) in as_object(value, "relateWhere")? {
                            conditions.push(self.related(model, field, inner, name)?);
                        }
                    }
                    other => return Err(ModelError::parameter(format!("filter has no {other:?}"))),
                }
            }
        }
        if let Reach::Own(owner) = reach {
            conditions.push(scope.column(OWNER).eq(owner.as_str()));
        }
        Ok(conditions)
    }

    /// At least one related record fulfils `filter`.
    fn related(
        &self,
        model: &Model,
        field: &str,
        filter: &Value,
        name: &str,
    ) -> Result<Expr, ModelError> {
        if name.len() > 2 * MAX_DEPTH {
            return Err(ModelError::parameter("relateWhere nests too deep"));
        }
        let Some(FieldKind::Relation(relation)) = model.field(field).map(|field| &field.kind)
        else {
            return Err(ModelError::parameter(format!(
                "{field:?} is no relation of {}",
                model.name
            )));
        };
        let target = self
            .models
            .get(&relation.target)
            .ok_or_else(|| ModelError::no_source(&relation.target))?;
        let inner = format!("{name}r");
        let column = |table: &str, column: &str| Expr::col((Alias::new(table), Alias::new(column)));
        let mut exists = Query::select();
        exists.expr(Expr::val(1i64));
        exists.from_as(
            self.source(target.table_name(self.preview)),
            Alias::new(&inner),
        );
        match &relation.storage {
            Storage::Column => {
                exists.and_where(column(&inner, "_id").eq(column(name, field)));
            }
            Storage::Inverse(other) => {
                exists.and_where(column(&inner, other).eq(column(name, "_id")));
            }
            Storage::Link { table, here, there } => {
                let link = format!("{inner}l");
                exists.from_as(
                    self.source(with_preview(table, self.preview)),
                    Alias::new(&link),
                );
                exists.and_where(column(&link, here).eq(column(name, "_id")));
                exists.and_where(column(&inner, "_id").eq(column(&link, there)));
            }
        }
        let reach = self.reach(target, Access::Read)?;
        for condition in self.conditions(target, Some(filter), &inner, &reach)? {
            exists.and_where(condition);
        }
        Ok(Expr::exists(exists))
    }
}

/// `{field: {op: value}, $and: […], $or: […]}`
fn group(model: &Model, value: &Value, depth: usize) -> Result<Filter, ModelError> {
    if depth > MAX_DEPTH {
        return Err(ModelError::parameter(format!(
            "where nests deeper than {MAX_DEPTH}"
        )));
    }
    let mut members = Vec::new();
    for (key, value) in as_object(value, "where")? {
        match key.as_str() {
            "$and" | "$or" => {
                let list = value
                    .as_array()
                    .ok_or_else(|| ModelError::parameter(format!("{key} takes an array")))?;
                // What the service makes of a choice between nothing is not known.
                if key == "$or" && list.is_empty() {
                    return Err(ModelError::parameter("$or takes at least one condition"));
                }
                let inner = list
                    .iter()
                    .map(|one| group(model, one, depth + 1))
                    .collect::<Result<Vec<_>, _>>()?;
                members.push(match key.as_str() {
                    "$and" => Filter::All(inner),
                    _ => Filter::Any(inner),
                });
            }
            operator if operator.starts_with('$') => {
                return Err(ModelError::parameter(format!(
                    "{operator:?} is not an operator"
                )));
            }
            field => field_tests(model, field, value, &mut members)?,
        }
    }
    Ok(Filter::All(members))
}

fn field_tests(
    model: &Model,
    field: &str,
    value: &Value,
    members: &mut Vec<Filter>,
) -> Result<(), ModelError> {
    let kind = model.field(field).map(|field| &field.kind);
    match kind {
        None if !SYSTEM.contains(&field) => {
            return Err(ModelError::parameter(format!(
                "model {} has no field {field:?}",
                model.name
            )));
        }
        Some(FieldKind::Relation(relation)) if relation.storage != Storage::Column => {
            return Err(ModelError::parameter(format!(
                "{field:?} leads to many records; use relateWhere"
            )));
        }
        _ => {}
    }
    let Some(tests) = value.as_object() else {
        return Err(ModelError::parameter(format!(
            "the condition on {field:?} is an object such as {{\"$eq\": …}}"
        )));
    };
    // Nor what it makes of a field that is not compared with anything.
    if tests.is_empty() {
        return Err(ModelError::parameter(format!(
            "the condition on {field:?} tests nothing"
        )));
    }
    for (operator, value) in tests {
        let filter = test(field, kind, operator, value)?;
        members.push(filter);
    }
    Ok(())
}

fn test(
    field: &str,
    kind: Option<&FieldKind>,
    operator: &str,
    value: &Value,
) -> Result<Filter, ModelError> {
    let of = |test| Filter::Test {
        column: field.to_owned(),
        test,
    };
    let not = |filter| Filter::Not(Box::new(filter));
    let text = |value: &Value| scalar(field, kind, value);
    let compare = |comparison| Ok(of(Test::Compare(comparison, text(value)?)));
    match operator {
        "$eq" | "$neq" if value.is_null() => {
            let is = of(Test::Is(IsValue::Null));
            Ok(if operator == "$eq" { is } else { not(is) })
        }
        "$eq" => compare(Comparison::Equal),
        "$neq" => compare(Comparison::NotEqual),
        "$gt" => compare(Comparison::Greater),
        "$gte" => compare(Comparison::GreaterOrEqual),
        "$lt" => compare(Comparison::Less),
        "$lte" => compare(Comparison::LessOrEqual),
        "$in" | "$nin" => {
            let list = value
                .as_array()
                .ok_or_else(|| ModelError::parameter(format!("{operator} takes an array")))?;
            let list = list.iter().map(text).collect::<Result<Vec<_>, _>>()?;
            let is_in = of(Test::In(list));
            Ok(if operator == "$in" { is_in } else { not(is_in) })
        }
        "$search" => Ok(of(Test::LikeBinary(contains(&text(value)?)))),
        "$nsearch" => Ok(not(of(Test::LikeBinary(contains(&text(value)?))))),
        "$search_ci" => Ok(of(Test::ILike(contains(&text(value)?)))),
        "$nsearch_ci" => Ok(not(of(Test::ILike(contains(&text(value)?))))),
        "$empty" | "$nempty" => {
            // Code that is generated for models writes 1.
            let expected = value
                .as_bool()
                .or_else(|| match value.as_u64() {
                    Some(0) => Some(false),
                    Some(1) => Some(true),
                    _ => None,
                })
                .ok_or_else(|| {
                    ModelError::parameter(format!("{operator} takes true, false, 1 or 0"))
                })?;
            let is = of(Test::Is(IsValue::Null));
            Ok(if expected == (operator == "$empty") {
                is
            } else {
                not(is)
            })
        }
        other => Err(ModelError::parameter(format!(
            "{other:?} is not an operator"
        ))),
    }
}

/// A value as the text that a filter compares with.
fn scalar(field: &str, kind: Option<&FieldKind>, value: &Value) -> Result<String, ModelError> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(value) => Ok(value.to_string()),
        Value::Object(object) if matches!(kind, Some(FieldKind::Relation(_))) => object
            .get("_id")
            .and_then(Value::as_str)
            .map(str::to_owned)
            .ok_or_else(|| {
                ModelError::value(format!("a relation such as {field:?} is {{\"_id\": …}}"))
            }),
        _ => Err(ModelError::value(format!(
            "{field:?} cannot be compared with {value}"
        ))),
    }
}

fn contains(text: &str) -> String {
    let text = text
        .replace('\\', "\\\\")
        .replace('%', "\\%")
        .replace('_', "\\_");
    format!("%{text}%")
}

pub(super) fn as_object<'v>(
    value: &'v Value,
    name: &str,
) -> Result<&'v Map<String, Value>, ModelError> {
    value
        .as_object()
        .ok_or_else(|| ModelError::parameter(format!("{name} must be an object")))
}
