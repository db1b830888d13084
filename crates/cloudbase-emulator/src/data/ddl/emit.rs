//! Tables of the catalog as DDL of an engine.

use sea_query::{
    Alias, ColumnDef, Expr, ForeignKey, ForeignKeyAction, Index, IndexCreateStatement,
    MysqlQueryBuilder, SqliteQueryBuilder, Table as TableStatement,
};

use crate::data::catalog::{Action, Column, DefaultValue, Index as Key, Kind, Table, source};
use crate::data::engine::Dialect;
use crate::data::value::{Cell, Given, to_cell};

/// The function of the embedded engine that computes the default of a column, which it takes as JSON.
pub(crate) const DEFAULT_FUNCTION: &str = "mysql_default";

/// The statement that makes the table under `name`; on MySQL with its secondary keys.
pub(crate) fn create_table(table: &Table, name: &str, dialect: Dialect) -> String {
    let mut create = TableStatement::create();
    create.table(source(table.database.as_deref(), name));
    // Only a whole-number key that stands alone is SQLite's row id; any other table is clustered
    // by its primary key, as InnoDB does it.
    let row_id = row_id(table);
    let counted = counted(table);
    for column in &table.columns {
        let mut definition = match dialect {
            Dialect::MySql => mysql_column(column),
            Dialect::Sqlite if row_id.is_some_and(|key| key.name == column.name) => {
                let mut definition = ColumnDef::new(Alias::new(&column.name));
                definition.custom(Alias::new("INTEGER")).primary_key();
                if column.auto_increment {
                    definition.auto_increment();
                }
                definition
            }
            Dialect::Sqlite => {
                // A trigger fills it in.
                let is_counted = counted.is_some_and(|counted| counted.name == column.name);
                sqlite_column(column, column.nullable || is_counted)
            }
        };
        create.col(&mut definition);
    }
    let mut extra = None;
    match (dialect, row_id) {
        (Dialect::Sqlite, Some(_)) => extra = Some("STRICT"),
        // Its rows are found by their row ids until they have their numbers; the key is an index.
        (Dialect::Sqlite, None) if counted.is_some() => extra = Some("STRICT"),
        _ if table.primary_key.is_empty() => {
            if dialect == Dialect::Sqlite {
                extra = Some("STRICT");
            }
        }
        (dialect, _) => {
            let mut key = Index::create();
            for column in &table.primary_key {
                key.col(Alias::new(column));
            }
            create.primary_key(&mut key);
            if dialect == Dialect::Sqlite {
                extra = Some("STRICT, WITHOUT ROWID");
            }
        }
    }
    for key in &table.foreign_keys {
        let mut statement = ForeignKey::create();
        statement
            .name(&key.name)
            .from_tbl(Alias::new(name))
            .to_tbl(Alias::new(&key.table))
            .on_delete(action(key.on_delete))
            .on_update(action(key.on_update));
        for (here, there) in key.columns.iter().zip(&key.references) {
            statement
                .from_col(Alias::new(here))
                .to_col(Alias::new(there));
        }
        create.foreign_key(&mut statement);
    }
    for check in &table.checks {
        create.check(Expr::cust(check.clone()));
    }
    match dialect {
        Dialect::Sqlite => {
            create.extra(extra.unwrap_or_default());
            create.to_string(SqliteQueryBuilder)
        }
        Dialect::MySql => {
            for (keys, unique) in [(&table.unique, true), (&table.indexes, false)] {
                for key in keys {
                    create.index(&mut secondary(key, unique));
                }
            }
            create.character_set("utf8mb4");
            create.to_string(MysqlQueryBuilder)
        }
    }
}

/// The statement that makes a secondary key on SQLite, whose index names belong to the whole database.
pub(crate) fn create_index(table: &Table, key: &Key, unique: bool) -> String {
    let mut create = secondary(key, unique);
    create
        .table(table.source())
        .name(format!("{}.{}", table.name, key.name))
        .to_string(SqliteQueryBuilder)
}

fn secondary(key: &Key, unique: bool) -> IndexCreateStatement {
    let mut create = Index::create();
    create.name(&key.name);
    if unique {
        create.unique();
    }
    for column in &key.columns {
        create.col(Alias::new(column));
    }
    create
}

/// The statement that removes a table.
pub(crate) fn drop_table(database: Option<&str>, name: &str, dialect: Dialect) -> String {
    let mut drop = TableStatement::drop();
    drop.table(source(database, name)).if_exists();
    match dialect {
        Dialect::Sqlite => drop.to_string(SqliteQueryBuilder),
        Dialect::MySql => drop.to_string(MysqlQueryBuilder),
    }
}

/// The AUTO_INCREMENT column that is not SQLite's row id: part of a longer key, or of one that is not the primary key.
pub(crate) fn counted(table: &Table) -> Option<&Column> {
    let row_id = row_id(table).map(|column| &column.name);
    let mut columns = table.columns.iter();
    columns.find(|column| column.auto_increment && Some(&column.name) != row_id)
}

fn row_id(table: &Table) -> Option<&Column> {
    let [name] = table.primary_key.as_slice() else {
        return None;
    };
    table
        .find(name)
        .filter(|column| matches!(column.kind, Kind::Int { .. }))
}

fn action(action: Action) -> ForeignKeyAction {
    match action {
        Action::Restrict => ForeignKeyAction::Restrict,
        Action::Cascade => ForeignKeyAction::Cascade,
        Action::SetNull => ForeignKeyAction::SetNull,
    }
}

fn sqlite_column(column: &Column, nullable: bool) -> ColumnDef {
    let mut definition = ColumnDef::new(Alias::new(&column.name));
    let (kind, collation) = match &column.kind {
        Kind::Int { .. } | Kind::Bit(_) | Kind::Year => ("INTEGER", None),
        Kind::Float | Kind::Double => ("REAL", None),
        Kind::Decimal { .. } => ("TEXT", Some("mysql_decimal")),
        Kind::Binary(_) | Kind::Blob(_) => ("BLOB", None),
        Kind::Char(_) | Kind::VarChar(_) | Kind::Text(_) | Kind::Enum(_) | Kind::Set(_) => {
            let collation = column.collation.sqlite_name();
            ("TEXT", collation)
        }
        _ => ("TEXT", None),
    };
    definition.custom(Alias::new(kind));
    if let Some(collation) = collation {
        definition.extra(format!("COLLATE {collation}"));
    }
    if !nullable {
        definition.not_null();
    }
    // Inserts through the gateway carry every default themselves; these are for raw SQL.
    match &column.default {
        Some(DefaultValue::Constant(Some(text))) if kind == "BLOB" => {
            let bytes = to_cell(column, Given::String(text.clone()), 1);
            if let Ok(Cell::Bytes(bytes)) = bytes {
                definition.default(Expr::cust(format!("X'{}'", hex::encode(bytes))));
            }
        }
        Some(DefaultValue::Constant(Some(text))) => {
            let number = matches!(kind, "INTEGER" | "REAL")
                .then(|| text.parse::<f64>().ok())
                .flatten();
            match (number, text.parse::<i64>()) {
                (Some(_), Ok(whole)) => definition.default(whole),
                (Some(number), Err(_)) => definition.default(number),
                (None, _) => definition.default(text.as_str()),
            };
        }
        Some(DefaultValue::Now) => {
            definition.default(Expr::cust("CURRENT_TIMESTAMP"));
        }
        Some(DefaultValue::Computed(_)) => {
            definition.default(Expr::cust(format!("({})", computed(column))));
        }
        Some(DefaultValue::Constant(None) | DefaultValue::Expression) | None => {}
    }
    definition
}

/// The default of a column as SQL that the embedded engine computes for each row.
pub(crate) fn computed(column: &Column) -> String {
    let column = serde_json::to_string(column).unwrap_or_default();
    format!("{DEFAULT_FUNCTION}('{}')", column.replace('\'', "''"))
}

fn mysql_column(column: &Column) -> ColumnDef {
    let mut definition = ColumnDef::new(Alias::new(&column.name));
    let unsigned = |unsigned: bool| if unsigned { " UNSIGNED" } else { "" };
    let text = match &column.kind {
        Kind::Int { bits, unsigned: u } => {
            let name = match bits {
                8 => "TINYINT",
                16 => "SMALLINT",
                24 => "MEDIUMINT",
                32 => "INT",
                _ => "BIGINT",
            };
            format!("{name}{}", unsigned(*u))
        }
        Kind::Bit(bits) => format!("BIT({bits})"),
        Kind::Decimal {
            precision,
            scale,
            unsigned: u,
        } => {
            format!("DECIMAL({precision},{scale}){}", unsigned(*u))
        }
        Kind::Float => "FLOAT".to_owned(),
        Kind::Double => "DOUBLE".to_owned(),
        Kind::Char(length) => format!("CHAR({length})"),
        Kind::VarChar(length) => format!("VARCHAR({length})"),
        Kind::Text(_) => "LONGTEXT".to_owned(),
        Kind::Binary(length) => format!("BINARY({length})"),
        Kind::Blob(_) => "LONGBLOB".to_owned(),
        Kind::Date => "DATE".to_owned(),
        Kind::DateTime { fraction } => format!("DATETIME({fraction})"),
        Kind::Timestamp { fraction } => format!("TIMESTAMP({fraction})"),
        Kind::Time { fraction } => format!("TIME({fraction})"),
        Kind::Year => "YEAR".to_owned(),
        Kind::Json => "JSON".to_owned(),
        Kind::Enum(_) | Kind::Set(_) => "VARCHAR(255)".to_owned(),
        Kind::Other(name) => name.clone(),
    };
    definition.custom(Alias::new(text));
    if !column.nullable {
        definition.not_null();
    }
    if column.auto_increment {
        definition.auto_increment();
    }
    match &column.default {
        Some(DefaultValue::Constant(Some(text))) => {
            definition.default(text.as_str());
        }
        Some(DefaultValue::Now) => {
            definition.default(Expr::cust("CURRENT_TIMESTAMP"));
        }
        Some(DefaultValue::Computed(sql)) => {
            definition.default(Expr::cust(format!("({sql})")));
        }
        Some(DefaultValue::Constant(None) | DefaultValue::Expression) | None => {}
    }
    definition
}
