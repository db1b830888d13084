//! `get` and `list`: records with the fields and relations that were selected.

use std::collections::{BTreeSet, HashMap};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use sea_query::{Alias, Expr, ExprTrait as _, Order, Query, SelectStatement};
use serde_json::{Map, Value, json};

use super::Call;
use super::error::ModelError;
use super::filter::as_object;
use super::schema::{FieldKind, Model, Relation, SYSTEM, Storage, with_preview};
use crate::data::engine::Session;
use crate::data::fetch::KEYS_PER_STATEMENT;
use crate::data::permission::{Access, OWNER, Reach};
use crate::data::value::Cell;

const DEFAULT_PAGE: u64 = 10;
const LARGEST_PAGE: u64 = 200;
const MOST_ORDERS: usize = 3;

/// A record, and the key that led to it.
type Keyed = (Cell, Map<String, Value>);

/// What to show of a model's records.
#[derive(Debug, Default)]
pub(super) struct Selection {
    /// Fields and system fields, by name.
    fields: BTreeSet<String>,
    relations: Vec<(String, Selection)>,
}

impl Call<'_> {
    pub(super) async fn get(&self, body: &Value) -> Result<Value, ModelError> {
        let selection = self.selection(self.model, body.get("select"))?;
        let reach = self.reach(self.model, Access::Read)?;
        let mut select = self.from(self.model);
        for condition in self.conditions(self.model, body.get("filter"), "t", &reach)? {
            select.and_where(condition);
        }
        order(self.model, body.get("orderBy"), &mut select)?;
        select.limit(1);
        let mut session = self.engine.session().await?;
        let records = self
            .fetch(session.as_mut(), self.model, &selection, select, None)
            .await?;
        let record = records
            .into_iter()
            .next()
            .map(|(_, record)| record)
            .unwrap_or_default();
        Ok(json!({ "record": record }))
    }

    pub(super) async fn list(&self, body: &Value) -> Result<Value, ModelError> {
        let selection = self.selection(self.model, body.get("select"))?;
        let reach = self.reach(self.model, Access::Read)?;
        let conditions = self.conditions(self.model, body.get("filter"), "t", &reach)?;
        let (size, number) = page(body)?;
        let mut select = self.from(self.model);
        for condition in &conditions {
            select.and_where(condition.clone());
        }
        order(self.model, body.get("orderBy"), &mut select)?;
        // Both engines count rows in signed 64 bits.
        let skipped = (number - 1).saturating_mul(size).clamp(0, i64::MAX as u64);
        select.limit(size).offset(skipped);
        let mut session = self.engine.session().await?;
        let records = self
            .fetch(session.as_mut(), self.model, &selection, select, None)
            .await?;
        let records: Vec<Value> = records
            .into_iter()
            .map(|(_, record)| Value::Object(record))
            .collect();
        let mut data = json!({ "records": records });
        if flag(body, "getCount")? {
            let mut count = self.from(self.model);
            count.expr(Expr::cust("COUNT(*)"));
            for condition in conditions {
                count.and_where(condition);
            }
            let total = session.query(self.dialect().build(&count)).await?.count();
            data["total"] = total.into();
        }
        Ok(data)
    }

    /// `FROM model AS t`
    pub(super) fn from(&self, model: &Model) -> SelectStatement {
        let mut select = Query::select();
        select.from_as(self.source(model.table_name(self.preview)), Alias::new("t"));
        select
    }

    fn selection(&self, model: &Model, select: Option<&Value>) -> Result<Selection, ModelError> {
        let mut selection = Selection::default();
        let everything = json!({"$master": true});
        let select = match select {
            None | Some(Value::Null | Value::Bool(true)) => &everything,
            Some(select) => select,
        };
        for (name, selected) in as_object(select, "select")? {
            if selected == &Value::Bool(false) {
                continue;
            }
            if name == "$master" {
                selection
                    .fields
                    .extend(SYSTEM.iter().map(|name| (*name).to_owned()));
                selection.fields.extend(model.fields.iter().filter_map(
                    |field| match &field.kind {
                        FieldKind::Relation(relation) if relation.storage != Storage::Column => {
                            None
                        }
                        _ => Some(field.name.clone()),
                    },
                ));
                continue;
            }
            match model.field(name).map(|field| &field.kind) {
                Some(FieldKind::Relation(relation)) => {
                    let target = self
                        .models
                        .get(&relation.target)
                        .ok_or_else(|| ModelError::no_source(&relation.target))?;
                    selection
                        .relations
                        .push((name.clone(), self.selection(target, Some(selected))?));
                }
                Some(_) => {
                    selection.fields.insert(name.clone());
                }
                None if SYSTEM.contains(&name.as_str()) => {
                    selection.fields.insert(name.clone());
                }
                None => {
                    return Err(ModelError::parameter(format!(
                        "model {} has no field {name:?} to select",
                        model.name
                    )));
                }
            }
        }
        // A relation that is selected itself takes the place of its bare id.
        let Selection { fields, relations } = &mut selection;
        fields.retain(|field| !relations.iter().any(|(name, _)| name == field));
        Ok(selection)
    }

    /// Runs `select` over the table called `t` and returns the records, each with the value of
    /// `key`, if one is asked for.
    fn fetch<'s>(
        &'s self,
        session: &'s mut dyn Session,
        model: &'s Model,
        selection: &'s Selection,
        mut select: SelectStatement,
        key: Option<Expr>,
    ) -> BoxFuture<'s, Result<Vec<Keyed>, ModelError>> {
        async move {
            select.expr(key.unwrap_or_else(|| Expr::val(1i64)));
            let column = |name: &str| Expr::col((Alias::new("t"), Alias::new(name)));
            select.expr(column("_id"));
            for field in &selection.fields {
                select.expr(column(field));
            }
            let to_one: Vec<&str> = selection
                .relations
                .iter()
                .filter(|(name, _)| {
                    relation(model, name).is_some_and(|r| r.storage == Storage::Column)
                })
                .map(|(name, _)| name.as_str())
                .collect();
            for name in &to_one {
                select.expr(column(name));
            }
            let rows = session.query(self.dialect().build(&select)).await?.rows;
            let mut records = Vec::with_capacity(rows.len());
            let mut ids = Vec::with_capacity(rows.len());
            let mut leads: Vec<Vec<Cell>> = vec![Vec::new(); to_one.len()];
            for row in rows {
                let mut cells = row.into_iter();
                let key = cells.next().unwrap_or(Cell::Null);
                ids.push(cells.next().unwrap_or(Cell::Null));
                let mut record = Map::new();
                for field in &selection.fields {
                    let cell = cells.next().unwrap_or(Cell::Null);
                    record.insert(field.clone(), to_json(model, field, cell));
                }
                for (place, cell) in cells.enumerate() {
                    leads[place].push(cell);
                }
                records.push((key, record));
            }
            for (name, inner) in &selection.relations {
                let Some(relation) = relation(model, name) else {
                    continue;
                };
                let keys = match to_one.iter().position(|known| known == name) {
                    Some(place) => &leads[place],
                    None => &ids,
                };
                let mut found = self.related_records(session, relation, keys, inner).await?;
                let one = matches!(relation.format.as_str(), "many-one" | "one-one");
                for ((_, record), key) in records.iter_mut().zip(keys) {
                    let Cell::Text(key) = key else {
                        record.insert(name.clone(), if one { Value::Null } else { json!([]) });
                        continue;
                    };
                    // Several records may lead to the same one.
                    let members = if one {
                        found.get(key).cloned().unwrap_or_default()
                    } else {
                        found.remove(key).unwrap_or_default()
                    };
                    record.insert(
                        name.clone(),
                        if one {
                            members.into_iter().next().unwrap_or(Value::Null)
                        } else {
                            members.into()
                        },
                    );
                }
            }
            Ok(records)
        }
        .boxed()
    }

    /// The records that a relation leads to from `keys`, by the key that leads there.
    async fn related_records(
        &self,
        session: &mut dyn Session,
        relation: &Relation,
        keys: &[Cell],
        selection: &Selection,
    ) -> Result<HashMap<String, Vec<Value>>, ModelError> {
        let target = self
            .models
            .get(&relation.target)
            .ok_or_else(|| ModelError::no_source(&relation.target))?;
        let reach = self.reach(target, Access::Read)?;
        let keys: BTreeSet<&String> = keys
            .iter()
            .filter_map(|cell| match cell {
                Cell::Text(text) => Some(text),
                _ => None,
            })
            .collect();
        let keys: Vec<&String> = keys.into_iter().collect();
        let mut found: HashMap<String, Vec<Value>> = HashMap::new();
        for chunk in keys.chunks(KEYS_PER_STATEMENT) {
            let mut select = self.from(target);
            let of_target = |name: &str| Expr::col((Alias::new("t"), Alias::new(name)));
            let key = match &relation.storage {
                Storage::Column => of_target("_id"),
                Storage::Inverse(other) => of_target(other),
                Storage::Link { table, here, there } => {
                    let of_link = |name: &str| Expr::col((Alias::new("l"), Alias::new(name)));
                    select.from_as(
                        self.source(with_preview(table, self.preview)),
                        Alias::new("l"),
                    );
                    select.and_where(of_link(there).eq(of_target("_id")));
                    of_link(here)
                }
            };
            select.and_where(
                key.clone()
                    .is_in(chunk.iter().map(|key| Expr::val(key.as_str()))),
            );
            if let Reach::Own(owner) = &reach {
                select.and_where(of_target(OWNER).eq(owner.as_str()));
            }
            order(target, None, &mut select)?;
            for (key, record) in self
                .fetch(session, target, selection, select, Some(key))
                .await?
            {
                if let Cell::Text(key) = key {
                    found.entry(key).or_default().push(Value::Object(record));
                }
            }
        }
        Ok(found)
    }
}

fn relation<'m>(model: &'m Model, name: &str) -> Option<&'m Relation> {
    model
        .relations()
        .find(|(field, _)| *field == name)
        .map(|(_, relation)| relation)
}

/// A stored value as the interface shows it.
fn to_json(model: &Model, field: &str, cell: Cell) -> Value {
    match (model.field(field).map(|field| &field.kind), cell) {
        (_, Cell::Null) => Value::Null,
        (Some(FieldKind::Boolean), Cell::Int(value)) => Value::Bool(value != 0),
        (Some(FieldKind::Json), Cell::Text(text)) => {
            serde_json::from_str(&text).unwrap_or(Value::Null)
        }
        (Some(FieldKind::Relation(_)), Cell::Text(id)) => json!({ "_id": id }),
        (_, Cell::Text(text)) => Value::String(text),
        (_, Cell::Int(value)) => value.into(),
        (_, Cell::UInt(value)) => value.into(),
        (_, Cell::Real(value)) if value.fract() == 0.0 && value.abs() < 1e15 => {
            (value as i64).into()
        }
        (_, Cell::Real(value)) => value.into(),
        (_, Cell::Bytes(bytes)) => Value::String(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

/// Page size and number; they count only together.
fn page(body: &Value) -> Result<(u64, u64), ModelError> {
    let number = |name: &str| match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value
            .as_u64()
            .filter(|number| *number >= 1)
            .map(Some)
            .ok_or_else(|| ModelError::value(format!("{name} takes a whole number from 1"))),
    };
    let (size, page) = (number("pageSize")?, number("pageNumber")?);
    if size.is_some_and(|size| size > LARGEST_PAGE) {
        return Err(ModelError::value(format!(
            "pageSize is at most {LARGEST_PAGE}"
        )));
    }
    Ok(match (size, page) {
        (Some(size), Some(page)) => (size, page),
        _ => (DEFAULT_PAGE, 1),
    })
}

fn flag(body: &Value, name: &str) -> Result<bool, ModelError> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(value)) => Ok(*value),
        Some(_) => Err(ModelError::value(format!("{name} takes true or false"))),
    }
}

/// `[{"createdAt":"desc"}]`, and the oldest first where that leaves a choice.
pub(super) fn order(
    model: &Model,
    order_by: Option<&Value>,
    select: &mut SelectStatement,
) -> Result<(), ModelError> {
    let column = |name: &str| Expr::col((Alias::new("t"), Alias::new(name)));
    let keys: &[Value] = match order_by {
        None | Some(Value::Null) => &[],
        Some(Value::Array(keys)) => keys,
        Some(_) => return Err(ModelError::parameter("orderBy takes an array")),
    };
    if keys.len() > MOST_ORDERS {
        return Err(ModelError::value(format!(
            "orderBy takes at most {MOST_ORDERS} fields"
        )));
    }
    for key in keys {
        let single = as_object(key, "orderBy")?;
        let mut entries = single.iter();
        let (Some((name, direction)), None) = (entries.next(), entries.next()) else {
            return Err(ModelError::parameter(
                "each element of orderBy names one field",
            ));
        };
        let known = SYSTEM.contains(&name.as_str())
            || model.field(name).is_some_and(|field| match &field.kind {
                FieldKind::Json => false,
                FieldKind::Relation(relation) => relation.storage == Storage::Column,
                _ => true,
            });
        if !known {
            return Err(ModelError::parameter(format!("cannot order by {name:?}")));
        }
        let direction = match direction.as_str().map(str::to_ascii_lowercase).as_deref() {
            Some("asc") => Order::Asc,
            Some("desc") => Order::Desc,
            _ => return Err(ModelError::value("orderBy takes \"asc\" or \"desc\"")),
        };
        select.order_by_expr(column(name), direction);
    }
    select.order_by_expr(column("createdAt"), Order::Asc);
    select.order_by_expr(column("_id"), Order::Asc);
    Ok(())
}
