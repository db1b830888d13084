//! The catalog of a MySQL server, read from its information schema.

use std::collections::{BTreeMap, BTreeSet};

use mysql_async::Conn;
use mysql_async::prelude::{FromRow, Queryable as _};

use super::translate;
use crate::data::catalog::{
    Action, Catalog, Column, DefaultValue, ForeignKey, Index, Kind, Table, TextOptions,
};
use crate::data::collation::Collation;
use crate::data::error::DataError;

/// Reads all tables of `database`.
pub(super) async fn load(connection: &mut Conn, database: &str) -> Result<Catalog, DataError> {
    let names: Vec<String> = read(
        connection,
        "SELECT table_name FROM information_schema.tables \
         WHERE table_schema = ? AND table_type = 'BASE TABLE'",
        database,
    )
    .await?;
    let mut tables: BTreeMap<String, Table> = names
        .into_iter()
        .map(|name| {
            let table = Table {
                name: name.clone(),
                database: Some(database.to_owned()),
                columns: Vec::new(),
                primary_key: Vec::new(),
                unique: Vec::new(),
                indexes: Vec::new(),
                foreign_keys: Vec::new(),
                checks: Vec::new(),
                text: TextOptions::default(),
            };
            (name, table)
        })
        .collect();
    columns(connection, database, &mut tables).await?;
    keys(connection, database, &mut tables).await?;
    foreign_keys(connection, database, &mut tables).await?;
    let mut catalog = Catalog::default();
    tables.into_values().for_each(|table| catalog.insert(table));
    Ok(catalog)
}

async fn read<T>(connection: &mut Conn, sql: &str, database: &str) -> Result<Vec<T>, DataError>
where
    T: FromRow + Send + 'static,
{
    connection.exec(sql, (database,)).await.map_err(translate)
}

async fn columns(
    connection: &mut Conn,
    database: &str,
    tables: &mut BTreeMap<String, Table>,
) -> Result<(), DataError> {
    let json = json_columns(connection, database).await?;
    type Definition = (
        String,
        String,
        String,
        String,
        Option<String>,
        String,
        Option<String>,
        Option<String>,
        Option<u64>,
    );
    let rows: Vec<Definition> = read(
        connection,
        "SELECT table_name, column_name, column_type, is_nullable, column_default, extra, \
         collation_name, character_set_name, character_octet_length FROM information_schema.columns \
         WHERE table_schema = ? ORDER BY table_name, ordinal_position",
        database,
    )
    .await?;
    for (table, name, column_type, nullable, default, extra, collation, charset, octets) in rows {
        let extra = extra.to_ascii_lowercase();
        let kind = if json.contains(&(table.clone(), name.clone())) {
            Kind::Json
        } else {
            kind(&column_type, octets)
        };
        let Some(table) = tables.get_mut(&table) else {
            continue;
        };
        table.columns.push(Column {
            name,
            kind,
            nullable: nullable == "YES",
            default: default.and_then(|text| default_value(&text, &extra)),
            auto_increment: extra.contains("auto_increment"),
            generated: extra.contains("generated") && !extra.contains("default_generated"),
            touch: extra.contains("on update"),
            binary: collation
                .as_deref()
                .is_some_and(|name| name.ends_with("_bin")),
            // Most of a server's own pad.
            collation: collation.map_or(Collation::Uca, |name| {
                Collation::named(&name).unwrap_or(Collation::UcaPadded)
            }),
            narrow: charset.is_some_and(|name| !name.starts_with("utf") && name != "ucs2"),
            positive: false,
            digits: None,
        });
    }
    Ok(())
}

/// MariaDB knows JSON only as text with a check.
async fn json_columns(
    connection: &mut Conn,
    database: &str,
) -> Result<BTreeSet<(String, String)>, DataError> {
    let version: Option<String> = connection
        .query_first("SELECT VERSION()")
        .await
        .map_err(translate)?;
    if !version.is_some_and(|version| version.contains("MariaDB")) {
        return Ok(BTreeSet::new());
    }
    let checks: Vec<(String, String)> = read(
        connection,
        "SELECT table_name, check_clause FROM information_schema.check_constraints \
         WHERE constraint_schema = ?",
        database,
    )
    .await?;
    Ok(checks
        .into_iter()
        .filter_map(|(table, clause)| {
            let column = clause.strip_prefix("json_valid(`")?.strip_suffix("`)")?;
            Some((table, column.to_owned()))
        })
        .collect())
}

/// MariaDB quotes a text default, MySQL does not.
fn default_value(text: &str, extra: &str) -> Option<DefaultValue> {
    let upper = text.to_ascii_uppercase();
    if upper == "NULL" {
        return None;
    }
    if upper.starts_with("CURRENT_TIMESTAMP") || upper.starts_with("NOW(") {
        return Some(DefaultValue::Now);
    }
    if extra.contains("default_generated") {
        return Some(DefaultValue::Expression);
    }
    let quoted = text
        .strip_prefix('\'')
        .and_then(|text| text.strip_suffix('\''));
    Some(DefaultValue::Constant(Some(
        quoted.map_or_else(|| text.to_owned(), |q| q.replace("''", "'")),
    )))
}

async fn keys(
    connection: &mut Conn,
    database: &str,
    tables: &mut BTreeMap<String, Table>,
) -> Result<(), DataError> {
    let rows: Vec<(String, String, i64, Option<String>)> = read(
        connection,
        "SELECT table_name, index_name, CAST(non_unique AS SIGNED), column_name \
         FROM information_schema.statistics WHERE table_schema = ? \
         ORDER BY table_name, index_name, seq_in_index",
        database,
    )
    .await?;
    for (table, name, non_unique, column) in rows {
        let (Some(table), Some(column)) = (tables.get_mut(&table), column) else {
            continue;
        };
        if name == "PRIMARY" {
            table.primary_key.push(column);
            continue;
        }
        let list = if non_unique == 0 {
            &mut table.unique
        } else {
            &mut table.indexes
        };
        match list.last_mut().filter(|index| index.name == name) {
            Some(index) => index.columns.push(column),
            None => list.push(Index {
                name,
                columns: vec![column],
            }),
        }
    }
    Ok(())
}

async fn foreign_keys(
    connection: &mut Conn,
    database: &str,
    tables: &mut BTreeMap<String, Table>,
) -> Result<(), DataError> {
    let rows: Vec<(String, String, String, String, String, String, String)> = read(
        connection,
        "SELECT k.table_name, k.constraint_name, k.column_name, k.referenced_table_name, \
         k.referenced_column_name, r.delete_rule, r.update_rule \
         FROM information_schema.key_column_usage k \
         JOIN information_schema.referential_constraints r \
         ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name \
         AND r.table_name = k.table_name \
         WHERE k.table_schema = ? AND k.referenced_table_name IS NOT NULL \
         ORDER BY k.table_name, k.constraint_name, k.ordinal_position",
        database,
    )
    .await?;
    for (table, name, column, target, referenced, on_delete, on_update) in rows {
        let Some(table) = tables.get_mut(&table) else {
            continue;
        };
        match table.foreign_keys.last_mut().filter(|key| key.name == name) {
            Some(key) => {
                key.columns.push(column);
                key.references.push(referenced);
            }
            None => table.foreign_keys.push(ForeignKey {
                name,
                columns: vec![column],
                table: target,
                references: vec![referenced],
                on_delete: action(&on_delete),
                on_update: action(&on_update),
            }),
        }
    }
    Ok(())
}

fn action(rule: &str) -> Action {
    match rule {
        "CASCADE" => Action::Cascade,
        "SET NULL" => Action::SetNull,
        _ => Action::Restrict,
    }
}

/// Reads `column_type`, such as `decimal(10,2) unsigned`.
fn kind(column_type: &str, octets: Option<u64>) -> Kind {
    let lower = column_type.to_ascii_lowercase();
    let unsigned = lower.contains("unsigned");
    let name = lower.split(['(', ' ']).next().unwrap_or_default();
    let inside = column_type
        .split_once('(')
        .and_then(|(_, rest)| rest.rsplit_once(')'))
        .map_or("", |(inside, _)| inside);
    let mut numbers = inside
        .split(',')
        .map(|number| number.trim().parse::<u32>().ok());
    let first = numbers.next().flatten();
    let second = numbers.next().flatten();
    let fraction = first.map_or(0, |digits| digits.min(6) as u8);
    let int = |bits| Kind::Int { bits, unsigned };
    match name {
        "tinyint" => int(8),
        "smallint" => int(16),
        "mediumint" => int(24),
        "int" => int(32),
        "bigint" => int(64),
        "bit" => Kind::Bit(first.unwrap_or(1).min(63) as u8),
        "decimal" => Kind::Decimal {
            precision: first.unwrap_or(10),
            scale: second.unwrap_or(0),
            unsigned,
        },
        "float" => Kind::Float,
        "double" => Kind::Double,
        "char" => Kind::Char(first.unwrap_or(1)),
        "varchar" => Kind::VarChar(first.unwrap_or(0)),
        "tinytext" | "text" | "mediumtext" | "longtext" => Kind::Text(octets.unwrap_or(u64::MAX)),
        "binary" => Kind::Binary(first.unwrap_or(1)),
        "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" => {
            Kind::Blob(octets.unwrap_or(u64::MAX))
        }
        "date" => Kind::Date,
        "datetime" => Kind::DateTime { fraction },
        "timestamp" => Kind::Timestamp { fraction },
        "time" => Kind::Time { fraction },
        "year" => Kind::Year,
        "json" => Kind::Json,
        "enum" => Kind::Enum(members(inside)),
        "set" => Kind::Set(members(inside)),
        _ => Kind::Other(column_type.to_owned()),
    }
}

/// `'a','it''s'` as its members.
fn members(list: &str) -> Vec<String> {
    let mut members = Vec::new();
    let mut chars = list.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\'' {
            continue;
        }
        let mut member = String::new();
        while let Some(c) = chars.next() {
            match c {
                '\'' if chars.peek() == Some(&'\'') => {
                    chars.next();
                    member.push('\'');
                }
                '\'' => break,
                c => member.push(c),
            }
        }
        members.push(member);
    }
    members
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn column_types() {
        assert_eq!(
            kind("decimal(10,2) unsigned", None),
            Kind::Decimal {
                precision: 10,
                scale: 2,
                unsigned: true
            }
        );
        assert_eq!(
            kind("tinyint(1)", None),
            Kind::Int {
                bits: 8,
                unsigned: false
            }
        );
        assert_eq!(kind("datetime(3)", None), Kind::DateTime { fraction: 3 });
        assert_eq!(
            kind("enum('a','it''s','x,y')", None),
            Kind::Enum(vec!["a".into(), "it's".into(), "x,y".into()])
        );
        assert_eq!(kind("point", None), Kind::Other("point".into()));
    }

    #[test]
    fn defaults() {
        assert_eq!(
            default_value("'x''y'", ""),
            Some(DefaultValue::Constant(Some("x'y".into())))
        );
        assert_eq!(default_value("NULL", ""), None);
        assert_eq!(
            default_value("current_timestamp()", ""),
            Some(DefaultValue::Now)
        );
        assert_eq!(
            default_value("uuid()", "default_generated"),
            Some(DefaultValue::Expression)
        );
    }
}
