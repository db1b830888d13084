//! Creating, changing and deleting records.

use sea_query::{Alias, Expr, ExprTrait as _, Query};
use serde_json::{Map, Value, json};

use super::Call;
use super::error::ModelError;
use super::filter::as_object;
use super::read::order;
use super::relation::ids;
use super::schema::{Field, FieldKind, Relation, SYSTEM, Storage};
use crate::data::engine::Session;
use crate::data::fetch::KEYS_PER_STATEMENT;
use crate::data::permission::{Access, OWNER, Reach};
use crate::data::value::{Cell, Given, to_cell};

/// Values for columns, and what leads where.
struct Draft<'a> {
    columns: Vec<(String, Cell)>,
    relations: Vec<(&'a Relation, Vec<String>)>,
}

impl<'a> Call<'a> {
    pub(super) async fn create(&self, body: &Value) -> Result<Value, ModelError> {
        let data = required_object(body, "data")?;
        self.reach(self.model, Access::Write)?;
        let mut session = self.engine.session().await?;
        session.begin().await?;
        let id = self.insert(session.as_mut(), data, true).await?;
        session.commit().await?;
        Ok(json!({ "id": id }))
    }

    pub(super) async fn create_many(&self, body: &Value) -> Result<Value, ModelError> {
        let list = match body.get("data") {
            Some(Value::Array(list)) => list,
            Some(_) => return Err(ModelError::parameter("data must be an array")),
            None => return Err(ModelError::missing("data")),
        };
        self.reach(self.model, Access::Write)?;
        let mut session = self.engine.session().await?;
        session.begin().await?;
        let mut ids = Vec::with_capacity(list.len());
        for data in list {
            ids.push(
                self.insert(session.as_mut(), as_object(data, "data")?, false)
                    .await?,
            );
        }
        session.commit().await?;
        Ok(json!({ "idList": ids }))
    }

    pub(super) async fn update(&self, body: &Value) -> Result<Value, ModelError> {
        let data = required_object(body, "data")?;
        let mut session = self.engine.session().await?;
        session.begin().await?;
        let (legal, _) = self.targets(session.as_mut(), body, Some(1)).await?;
        if let Some(id) = legal.first() {
            self.change(session.as_mut(), std::slice::from_ref(id), data, true)
                .await?;
        }
        session.commit().await?;
        Ok(json!({ "count": legal.len() }))
    }

    pub(super) async fn update_many(&self, body: &Value) -> Result<Value, ModelError> {
        let data = required_object(body, "data")?;
        let mut session = self.engine.session().await?;
        session.begin().await?;
        let (legal, illegal) = self.targets(session.as_mut(), body, None).await?;
        self.change(session.as_mut(), &legal, data, false).await?;
        session.commit().await?;
        Ok(json!({ "count": legal.len(), "legalIdList": legal, "illegalIdList": illegal }))
    }

    /// Either half may be left out: then there is nothing to do in its case.
    pub(super) async fn upsert(&self, body: &Value) -> Result<Value, ModelError> {
        let (create, update) = (
            optional_object(body, "create")?,
            optional_object(body, "update")?,
        );
        if create.is_none() && update.is_none() {
            return Err(ModelError::missing("create or update"));
        }
        let mut session = self.engine.session().await?;
        session.begin().await?;
        let (legal, illegal) = self.targets(session.as_mut(), body, Some(1)).await?;
        let exists = !legal.is_empty() || !illegal.is_empty();
        let data = match (legal.first(), update, create) {
            (Some(id), Some(update), _) => {
                self.change(session.as_mut(), std::slice::from_ref(id), update, false)
                    .await?;
                json!({ "count": 1, "id": "" })
            }
            (None, _, Some(create)) if !exists => {
                let id = self.insert(session.as_mut(), create, false).await?;
                json!({ "count": 0, "id": id })
            }
            _ => json!({ "count": 0, "id": "" }),
        };
        session.commit().await?;
        Ok(data)
    }

    pub(super) async fn delete(&self, body: &Value) -> Result<Value, ModelError> {
        let mut session = self.engine.session().await?;
        session.begin().await?;
        let (legal, _) = self.targets(session.as_mut(), body, Some(1)).await?;
        self.remove(session.as_mut(), &legal).await?;
        session.commit().await?;
        Ok(json!({ "count": legal.len() }))
    }

    pub(super) async fn delete_many(&self, body: &Value) -> Result<Value, ModelError> {
        let mut session = self.engine.session().await?;
        session.begin().await?;
        let (legal, illegal) = self.targets(session.as_mut(), body, None).await?;
        self.remove(session.as_mut(), &legal).await?;
        session.commit().await?;
        Ok(json!({ "count": legal.len(), "legalIdList": legal, "illegalIdList": illegal }))
    }

    /// Ids of the records that the filter finds: those that the caller may write, and those that
    /// it may only read.
    async fn targets(
        &self,
        session: &mut dyn Session,
        body: &Value,
        limit: Option<u64>,
    ) -> Result<(Vec<String>, Vec<String>), ModelError> {
        let filter = body
            .get("filter")
            .ok_or_else(|| ModelError::missing("filter"))?;
        if filter.get("where").is_none() && filter.get("relateWhere").is_none() {
            return Err(ModelError::missing("filter.where"));
        }
        let write = self.reach(self.model, Access::Write)?;
        let read = self
            .reach(self.model, Access::Read)
            .unwrap_or_else(|_| write.clone());
        let mut select = self.from(self.model);
        select.column((Alias::new("t"), Alias::new("_id")));
        select.column((Alias::new("t"), Alias::new(OWNER)));
        // A single target is one that may be written, if there is any.
        let reach = if limit.is_some() { &write } else { &read };
        for condition in self.conditions(self.model, Some(filter), "t", reach)? {
            select.and_where(condition);
        }
        order(self.model, None, &mut select)?;
        if let Some(limit) = limit {
            select.limit(limit);
        }
        let rows = session.query(self.dialect().build(&select)).await?.rows;
        let (mut legal, mut illegal) = (Vec::new(), Vec::new());
        for row in rows {
            let mut cells = row.into_iter();
            let (Some(Cell::Text(id)), owner) = (cells.next(), cells.next()) else {
                continue;
            };
            match &write {
                Reach::Own(me) if owner.as_ref() != Some(&Cell::Text(me.clone())) => {
                    illegal.push(id)
                }
                _ => legal.push(id),
            }
        }
        Ok((legal, illegal))
    }

    async fn insert(
        &self,
        session: &mut dyn Session,
        data: &Map<String, Value>,
        relations: bool,
    ) -> Result<String, ModelError> {
        let mut data = data.clone();
        for field in &self.model.fields {
            if let Some(default) = &field.default {
                data.entry(field.name.clone())
                    .or_insert_with(|| default.clone());
            }
            if field.required && data.get(&field.name).is_none_or(Value::is_null) {
                return Err(ModelError::missing(&field.name));
            }
        }
        let id = match data.get("_id") {
            None | Some(Value::Null) => new_id(),
            Some(Value::String(id)) if (1..=64).contains(&id.len()) => id.clone(),
            Some(_) => return Err(ModelError::value("_id is a text of 1 to 64 bytes")),
        };
        let draft = self.draft(&data, relations)?;
        let owner = self.actor.owner().unwrap_or_default().to_owned();
        let mut columns = vec![("_id".to_owned(), Cell::Text(id.clone()))];
        for name in ["owner", "createBy", "updateBy", OWNER] {
            columns.push((name.to_owned(), Cell::Text(owner.clone())));
        }
        for name in ["createdAt", "updatedAt"] {
            columns.push((name.to_owned(), Cell::Int(self.now_ms)));
        }
        columns.extend(draft.columns);
        let mut insert = Query::insert();
        insert.into_table(self.source(self.model.table_name(self.preview)));
        insert.columns(columns.iter().map(|(name, _)| Alias::new(name)));
        let values: Vec<Expr> = columns
            .into_iter()
            .map(|(_, cell)| Expr::val(sea_query::Value::from(cell)))
            .collect();
        insert
            .values(values)
            .map_err(|error| ModelError::value(error.to_string()))?;
        session.execute(self.dialect().build(&insert)).await?;
        for (relation, others) in draft.relations {
            self.relate(session, relation, &id, &others).await?;
        }
        Ok(id)
    }

    async fn change(
        &self,
        session: &mut dyn Session,
        targets: &[String],
        data: &Map<String, Value>,
        relations: bool,
    ) -> Result<(), ModelError> {
        for field in self.model.fields.iter().filter(|field| field.required) {
            if data.get(&field.name).is_some_and(Value::is_null) {
                return Err(ModelError::value(format!(
                    "{} is required and cannot be null",
                    field.name
                )));
            }
        }
        let draft = self.draft(data, relations)?;
        let owner = self.actor.owner().unwrap_or_default();
        for chunk in targets.chunks(KEYS_PER_STATEMENT) {
            let mut update = Query::update();
            update.table(self.source(self.model.table_name(self.preview)));
            for (name, cell) in &draft.columns {
                update.value(
                    Alias::new(name),
                    Expr::val(sea_query::Value::from(cell.clone())),
                );
            }
            update.value(Alias::new("updatedAt"), self.now_ms);
            update.value(Alias::new("updateBy"), owner);
            update.and_where(Expr::col(Alias::new("_id")).is_in(chunk.iter().map(String::as_str)));
            session.execute(self.dialect().build(&update)).await?;
        }
        for id in targets {
            for (relation, others) in &draft.relations {
                self.relate(session, relation, id, others).await?;
            }
        }
        Ok(())
    }

    async fn remove(
        &self,
        session: &mut dyn Session,
        targets: &[String],
    ) -> Result<(), ModelError> {
        for chunk in targets.chunks(KEYS_PER_STATEMENT) {
            let mut delete = Query::delete();
            delete.from_table(self.source(self.model.table_name(self.preview)));
            delete.and_where(Expr::col(Alias::new("_id")).is_in(chunk.iter().map(String::as_str)));
            session.execute(self.dialect().build(&delete)).await?;
            self.unrelate(session, chunk).await?;
        }
        Ok(())
    }

    /// Checks the data against the schema. What the system fills in is its own to write.
    fn draft(&self, data: &Map<String, Value>, relations: bool) -> Result<Draft<'a>, ModelError> {
        let model = self.model;
        let table = model.table(self.preview);
        let mut draft = Draft {
            columns: Vec::new(),
            relations: Vec::new(),
        };
        for (name, value) in data {
            if SYSTEM.contains(&name.as_str()) {
                continue;
            }
            let field: &'a Field = model.field(name).ok_or_else(|| {
                ModelError::parameter(format!("model {} has no field {name:?}", model.name))
            })?;
            if let FieldKind::Relation(relation) = &field.kind {
                if !relations {
                    return Err(ModelError::unsupported(format!(
                        "relation {name:?} cannot be written in a batch or an upsert"
                    )));
                }
                let others = ids(name, value)?;
                if relation.storage != Storage::Column {
                    draft.relations.push((relation, others));
                    continue;
                }
                if others.len() > 1 {
                    return Err(ModelError::value(format!(
                        "relation {name:?} leads to one record"
                    )));
                }
                let cell = others.into_iter().next().map_or(Cell::Null, Cell::Text);
                draft.columns.push((name.clone(), cell));
                continue;
            }
            check(field, value)?;
            let column = table.column(name, "field list")?;
            let cell = to_cell(column, Given::from_value(value), 1)?;
            draft.columns.push((name.clone(), cell));
        }
        Ok(draft)
    }
}

/// Whether a value is of its field's type.
fn check(field: &Field, value: &Value) -> Result<(), ModelError> {
    let (fits, expected) = match field.kind {
        FieldKind::Text => (value.is_string(), "a text"),
        FieldKind::Number => (value.is_number(), "a number"),
        FieldKind::Integer => (value.is_i64() || value.is_u64(), "a whole number"),
        FieldKind::Boolean => (value.is_boolean(), "true or false"),
        FieldKind::Json | FieldKind::Relation(_) => (true, ""),
    };
    if fits || value.is_null() {
        return Ok(());
    }
    Err(ModelError::value(format!(
        "field {:?} takes {expected}",
        field.name
    )))
}

fn optional_object<'v>(
    body: &'v Value,
    name: &str,
) -> Result<Option<&'v Map<String, Value>>, ModelError> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => as_object(value, name).map(Some),
    }
}

fn required_object<'v>(body: &'v Value, name: &str) -> Result<&'v Map<String, Value>, ModelError> {
    as_object(
        body.get(name).ok_or_else(|| ModelError::missing(name))?,
        name,
    )
}

/// Ten capital letters and digits, as the service gives out.
fn new_id() -> String {
    const LETTERS: &[u8; 36] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let mut random = uuid::Uuid::new_v4().as_u128();
    (0..10)
        .map(|_| {
            let letter = LETTERS[(random % 36) as usize];
            random /= 36;
            char::from(letter)
        })
        .collect()
}
