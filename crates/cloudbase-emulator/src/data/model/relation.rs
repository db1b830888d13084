//! Writing relations: which records lead where.

use sea_query::{Alias, Expr, ExprTrait as _, OnConflict, Query};
use serde_json::Value;

use super::Call;
use super::error::ModelError;
use super::schema::{Relation, Storage, with_preview};
use crate::data::engine::Session;

/// The ids in `{"_id": …}`, an id, null, or an array of these.
pub(super) fn ids(field: &str, value: &Value) -> Result<Vec<String>, ModelError> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Array(list) => {
            let mut all = Vec::with_capacity(list.len());
            for one in list {
                all.extend(ids(field, one)?);
            }
            Ok(all)
        }
        Value::String(id) => Ok(vec![id.clone()]),
        Value::Object(object) => match object.get("_id") {
            Some(Value::String(id)) => Ok(vec![id.clone()]),
            _ => Err(ModelError::value(format!(
                "relation {field:?} takes {{\"_id\": …}}"
            ))),
        },
        _ => Err(ModelError::value(format!(
            "relation {field:?} takes {{\"_id\": …}}"
        ))),
    }
}

impl Call<'_> {
    /// Makes the record `id` lead to exactly these others.
    pub(super) async fn relate(
        &self,
        session: &mut dyn Session,
        relation: &Relation,
        id: &str,
        others: &[String],
    ) -> Result<(), ModelError> {
        let dialect = self.dialect();
        let target = self
            .models
            .get(&relation.target)
            .ok_or_else(|| ModelError::no_source(&relation.target))?;
        match &relation.storage {
            // Written with the record itself.
            Storage::Column => {}
            Storage::Inverse(field) => {
                let table = self.source(target.table_name(self.preview));
                let mut release = Query::update();
                release.table(table.clone());
                release.value(Alias::new(field), Expr::val(Option::<String>::None));
                release.and_where(Expr::col(Alias::new(field)).eq(id));
                session.execute(dialect.build(&release)).await?;
                if !others.is_empty() {
                    let mut bind = Query::update();
                    bind.table(table).value(Alias::new(field), id);
                    bind.and_where(
                        Expr::col(Alias::new("_id")).is_in(others.iter().map(String::as_str)),
                    );
                    session.execute(dialect.build(&bind)).await?;
                }
            }
            Storage::Link { table, here, there } => {
                let table = self.source(with_preview(table, self.preview));
                let mut release = Query::delete();
                release.from_table(table.clone());
                release.and_where(Expr::col(Alias::new(*here)).eq(id));
                session.execute(dialect.build(&release)).await?;
                for other in others {
                    let mut bind = Query::insert();
                    bind.into_table(table.clone());
                    bind.columns([Alias::new(*here), Alias::new(*there)]);
                    bind.values([Expr::val(id), Expr::val(other.as_str())])
                        .map_err(|error| ModelError::value(error.to_string()))?;
                    let mut same = OnConflict::new();
                    same.do_nothing_on([Alias::new(*here)]);
                    // Named twice is named once.
                    if dialect == crate::data::engine::Dialect::Sqlite {
                        let mut same = OnConflict::new();
                        same.do_nothing();
                        bind.on_conflict(same);
                    } else {
                        bind.on_conflict(same);
                    }
                    session.execute(dialect.build(&bind)).await?;
                }
            }
        }
        Ok(())
    }

    /// Forgets everything that led from or to records that are gone.
    pub(super) async fn unrelate(
        &self,
        session: &mut dyn Session,
        gone: &[String],
    ) -> Result<(), ModelError> {
        let dialect = self.dialect();
        let is_gone =
            |column: &str| Expr::col(Alias::new(column)).is_in(gone.iter().map(String::as_str));
        for (_, relation) in self.model.relations() {
            if let Storage::Link { table, here, .. } = &relation.storage {
                let mut release = Query::delete();
                release.from_table(self.source(with_preview(table, self.preview)));
                release.and_where(is_gone(here));
                session.execute(dialect.build(&release)).await?;
            }
        }
        for other in self.models.iter() {
            for (field, relation) in other
                .relations()
                .filter(|(_, r)| r.target == self.model.name)
            {
                match &relation.storage {
                    Storage::Column => {
                        let mut release = Query::update();
                        release.table(self.source(other.table_name(self.preview)));
                        release.value(Alias::new(field), Expr::val(Option::<String>::None));
                        release.and_where(is_gone(field));
                        session.execute(dialect.build(&release)).await?;
                    }
                    Storage::Link { table, there, .. } => {
                        let mut release = Query::delete();
                        release.from_table(self.source(with_preview(table, self.preview)));
                        release.and_where(is_gone(there));
                        session.execute(dialect.build(&release)).await?;
                    }
                    Storage::Inverse(_) => {}
                }
            }
        }
        Ok(())
    }
}
