//! The tables that hold the records of a model.

use super::{FieldKind, Model, Storage};
use crate::data::catalog::{Column, Index, Kind, Table, TextOptions};

impl Model {
    /// The table that holds the records.
    pub(crate) fn table(&self, preview: bool) -> Table {
        let mut columns = vec![
            column("_id", Kind::VarChar(64), false),
            column("owner", Kind::VarChar(64), true),
            column(
                "createdAt",
                Kind::Int {
                    bits: 64,
                    unsigned: false,
                },
                true,
            ),
            column(
                "updatedAt",
                Kind::Int {
                    bits: 64,
                    unsigned: false,
                },
                true,
            ),
            column("createBy", Kind::VarChar(64), true),
            column("updateBy", Kind::VarChar(64), true),
            column("_openid", Kind::VarChar(64), true),
        ];
        let (mut indexes, mut unique) = (Vec::new(), Vec::new());
        for field in &self.fields {
            let kind = match &field.kind {
                // A key needs a length.
                FieldKind::Text if field.unique => Kind::VarChar(255),
                FieldKind::Text => Kind::Text(4_294_967_295),
                FieldKind::Number => Kind::Double,
                FieldKind::Integer => Kind::Int {
                    bits: 64,
                    unsigned: false,
                },
                FieldKind::Boolean => Kind::Int {
                    bits: 8,
                    unsigned: false,
                },
                FieldKind::Json => Kind::Json,
                FieldKind::Relation(relation) if relation.storage == Storage::Column => {
                    indexes.push(Index {
                        name: field.name.clone(),
                        columns: vec![field.name.clone()],
                    });
                    Kind::VarChar(64)
                }
                FieldKind::Relation(_) => continue,
            };
            if field.unique {
                unique.push(Index {
                    name: field.name.clone(),
                    columns: vec![field.name.clone()],
                });
            }
            columns.push(column(&field.name, kind, true));
        }
        Table {
            name: self.table_name(preview),
            database: None,
            columns,
            primary_key: vec!["_id".to_owned()],
            unique,
            indexes,
            foreign_keys: Vec::new(),
            checks: Vec::new(),
            text: TextOptions::default(),
        }
    }
}

pub(super) fn link_table(name: String) -> Table {
    Table {
        name,
        database: None,
        columns: vec![
            column("left_id", Kind::VarChar(64), false),
            column("right_id", Kind::VarChar(64), false),
        ],
        primary_key: vec!["left_id".to_owned(), "right_id".to_owned()],
        unique: Vec::new(),
        indexes: vec![Index {
            name: "right".to_owned(),
            columns: vec!["right_id".to_owned()],
        }],
        foreign_keys: Vec::new(),
        checks: Vec::new(),
        text: TextOptions::default(),
    }
}

fn column(name: &str, kind: Kind, nullable: bool) -> Column {
    Column {
        name: name.to_owned(),
        kind,
        nullable,
        default: None,
        auto_increment: false,
        generated: false,
        touch: false,
        binary: false,
        collation: crate::data::collation::Collation::default(),
        narrow: false,
        positive: false,
        digits: None,
    }
}
