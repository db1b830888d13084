//! Tables and columns of `CREATE TABLE`.

use sqlparser::ast::{
    self, CharacterLength, ColumnOption, DataType, EnumMember, ExactNumberInfo, Expr,
    TableConstraint, UnaryOperator, Value,
};

use super::{foreign_key, index_columns, last, refuse, unique_index};
use crate::data::catalog::{Column, DefaultValue, ForeignKey, Index, Kind, Table};
use crate::data::error::DataError;

/// What the definition of a column says about keys.
#[derive(Default)]
pub(super) struct Extra {
    primary: bool,
    unique: bool,
    checks: Vec<String>,
    references: Option<ForeignKey>,
}

impl Extra {
    pub(super) fn is_key(&self) -> bool {
        self.primary || self.unique || self.references.is_some()
    }
}

/// Puts a table together.
pub(super) fn table(create: ast::CreateTable) -> Result<Table, DataError> {
    let mut table = Table {
        name: last(&create.name)?,
        database: None,
        columns: Vec::new(),
        primary_key: Vec::new(),
        unique: Vec::new(),
        indexes: Vec::new(),
        foreign_keys: Vec::new(),
        checks: Vec::new(),
    };
    for definition in create.columns {
        let name = format!("column `{}`", definition.name.value);
        let (column, extra) = column(definition).map_err(|error| error.within(&name))?;
        if extra.primary {
            table.primary_key.push(column.name.clone());
        }
        if extra.unique {
            let columns = vec![column.name.clone()];
            table.unique.push(Index {
                name: column.name.clone(),
                columns,
            });
        }
        table.checks.extend(extra.checks);
        table.foreign_keys.extend(extra.references);
        table.columns.push(column);
    }
    for constraint in create.constraints {
        match constraint {
            TableConstraint::PrimaryKey(key) => table.primary_key = index_columns(&key.columns)?,
            TableConstraint::Unique(unique) => table.unique.push(unique_index(unique)?),
            TableConstraint::Index(index) => {
                let columns = index_columns(&index.columns)?;
                let name = index
                    .name
                    .map_or_else(|| columns.join("_"), |name| name.value);
                table.indexes.push(Index { name, columns });
            }
            TableConstraint::ForeignKey(key) => {
                table.foreign_keys.push(foreign_key(&table.name, &[], key)?);
            }
            TableConstraint::Check(check) => table.checks.push(check.expr.to_string()),
            other => return Err(refuse(&format!("`{other}`"))),
        }
    }
    finish(&mut table)?;
    Ok(table)
}

/// Fills in what MySQL fills in by itself, and checks the names.
fn finish(table: &mut Table) -> Result<(), DataError> {
    for name in table.primary_key.clone() {
        let found = table
            .columns
            .iter_mut()
            .find(|column| column.name.eq_ignore_ascii_case(&name));
        let Some(column) = found else {
            return Err(DataError::invalid_request(format!(
                "schema: Key column '{name}' doesn't exist in table '{}'",
                table.name
            )));
        };
        column.nullable = false;
    }
    let name = table.name.clone();
    for (number, key) in table.foreign_keys.iter_mut().enumerate() {
        if key.name.is_empty() {
            key.name = format!("{name}_ibfk_{}", number + 1);
        }
    }
    Ok(())
}

/// One column, and what its definition says about keys.
pub(super) fn column(definition: ast::ColumnDef) -> Result<(Column, Extra), DataError> {
    let kind = kind(&definition.data_type)?;
    let mut column = Column {
        name: definition.name.value,
        nullable: true,
        default: None,
        auto_increment: false,
        generated: false,
        touch: false,
        binary: false,
        narrow: false,
        kind,
    };
    let mut extra = Extra::default();
    for option in definition.options {
        match option.option {
            ColumnOption::Null => column.nullable = true,
            ColumnOption::NotNull => column.nullable = false,
            ColumnOption::Default(expression) => {
                column.default = Some(constant(&expression).ok_or_else(|| {
                    refuse(&format!("DEFAULT {expression} of column '{}'", column.name))
                })?);
            }
            ColumnOption::PrimaryKey(_) => {
                extra.primary = true;
                column.nullable = false;
            }
            ColumnOption::Unique(_) => extra.unique = true,
            ColumnOption::ForeignKey(key) => {
                // MySQL 8 reads a REFERENCES next to a column and forgets it; MariaDB and
                // MySQL 9 keep it, which is what its author meant.
                let name = std::slice::from_ref(&column.name);
                extra.references = Some(foreign_key("", name, key)?);
            }
            ColumnOption::Check(check) => extra.checks.push(check.expr.to_string()),
            ColumnOption::OnUpdate(_) => column.touch = true,
            ColumnOption::Collation(name) => column.binary = is_binary(&name.to_string())?,
            ColumnOption::CharacterSet(name) => {
                column.binary = column.binary || name.to_string().eq_ignore_ascii_case("binary");
            }
            ColumnOption::Comment(_) | ColumnOption::Invisible => {}
            ColumnOption::DialectSpecific(tokens)
                if tokens
                    .iter()
                    .any(|t| t.to_string().eq_ignore_ascii_case("AUTO_INCREMENT")) =>
            {
                column.auto_increment = true;
                column.nullable = false;
            }
            other => return Err(refuse(&format!("column '{}' with `{other}`", column.name))),
        }
    }
    Ok((column, extra))
}

fn is_binary(collation: &str) -> Result<bool, DataError> {
    let collation = collation
        .trim_matches(['`', '\'', '"'])
        .to_ascii_lowercase();
    if collation == "binary" || collation.ends_with("_bin") {
        Ok(true)
    } else if collation.ends_with("_ai_ci")
        || collation.ends_with("general_ci")
        || collation.ends_with("unicode_ci")
        || collation.ends_with("unicode_520_ci")
    {
        Ok(false)
    } else {
        Err(refuse(&format!("collation {collation}")))
    }
}

/// A constant, NULL or CURRENT_TIMESTAMP; `None` for anything else.
pub(super) fn constant(expression: &Expr) -> Option<DefaultValue> {
    let text = |text: &str| Some(DefaultValue::Constant(Some(text.to_owned())));
    match expression {
        Expr::Value(value) => match &value.value {
            Value::Null => Some(DefaultValue::Constant(None)),
            Value::Number(number, _) => text(number),
            Value::Boolean(value) => text(if *value { "1" } else { "0" }),
            Value::SingleQuotedString(value) | Value::DoubleQuotedString(value) => text(value),
            _ => None,
        },
        Expr::UnaryOp {
            op: UnaryOperator::Minus,
            expr,
        } => match constant(expr) {
            Some(DefaultValue::Constant(Some(number))) => text(&format!("-{number}")),
            _ => None,
        },
        Expr::Nested(inner) => constant(inner),
        Expr::Function(call) => {
            let name = call.name.to_string().to_ascii_uppercase();
            matches!(
                name.as_str(),
                "CURRENT_TIMESTAMP" | "NOW" | "LOCALTIME" | "LOCALTIMESTAMP"
            )
            .then_some(DefaultValue::Now)
        }
        Expr::Identifier(name) if name.value.eq_ignore_ascii_case("CURRENT_TIMESTAMP") => {
            Some(DefaultValue::Now)
        }
        _ => None,
    }
}

fn kind(data_type: &DataType) -> Result<Kind, DataError> {
    let int = |bits, unsigned| Kind::Int { bits, unsigned };
    let length = |length: &Option<CharacterLength>, absent: u32| match length {
        Some(CharacterLength::IntegerLength { length, .. }) => {
            u32::try_from(*length).unwrap_or(absent)
        }
        _ => absent,
    };
    let fraction = |digits: &Option<u64>| digits.map_or(0, |digits| digits.min(6) as u8);
    let decimal = |info: &ExactNumberInfo, unsigned| match info {
        ExactNumberInfo::None => Kind::Decimal {
            precision: 10,
            scale: 0,
            unsigned,
        },
        ExactNumberInfo::Precision(precision) => Kind::Decimal {
            precision: *precision as u32,
            scale: 0,
            unsigned,
        },
        ExactNumberInfo::PrecisionAndScale(precision, scale) => Kind::Decimal {
            precision: *precision as u32,
            scale: u32::try_from(*scale).unwrap_or(0),
            unsigned,
        },
    };
    Ok(match data_type {
        DataType::Bool | DataType::Boolean | DataType::TinyInt(_) => int(8, false),
        DataType::TinyIntUnsigned(_) => int(8, true),
        DataType::SmallInt(_) | DataType::Int2(_) => int(16, false),
        DataType::SmallIntUnsigned(_) | DataType::Int2Unsigned(_) => int(16, true),
        DataType::MediumInt(_) => int(24, false),
        DataType::MediumIntUnsigned(_) => int(24, true),
        DataType::Int(_) | DataType::Integer(_) | DataType::Int4(_) => int(32, false),
        DataType::IntUnsigned(_) | DataType::IntegerUnsigned(_) | DataType::Int4Unsigned(_) => {
            int(32, true)
        }
        DataType::BigInt(_) | DataType::Int8(_) => int(64, false),
        DataType::BigIntUnsigned(_) | DataType::Int8Unsigned(_) => int(64, true),
        DataType::Bit(bits) => Kind::Bit(bits.unwrap_or(1).min(63) as u8),
        DataType::Decimal(info) | DataType::Numeric(info) | DataType::Dec(info) => {
            decimal(info, false)
        }
        DataType::DecimalUnsigned(info) | DataType::DecUnsigned(info) => decimal(info, true),
        DataType::Float(_) | DataType::Float4 => Kind::Float,
        DataType::Double(_) | DataType::DoublePrecision | DataType::Real | DataType::Float8 => {
            Kind::Double
        }
        DataType::Char(size) | DataType::Character(size) => Kind::Char(length(size, 1)),
        DataType::Varchar(size) | DataType::CharacterVarying(size) | DataType::Nvarchar(size) => {
            Kind::VarChar(length(size, 16_383))
        }
        DataType::TinyText => Kind::Text(255),
        DataType::Text => Kind::Text(65_535),
        DataType::MediumText => Kind::Text(16_777_215),
        DataType::LongText => Kind::Text(4_294_967_295),
        DataType::Binary(size) => Kind::Binary(size.unwrap_or(1) as u32),
        DataType::Varbinary(size) => Kind::Blob(match size {
            Some(ast::BinaryLength::IntegerLength { length }) => *length,
            _ => 65_535,
        }),
        DataType::TinyBlob => Kind::Blob(255),
        DataType::Blob(_) => Kind::Blob(65_535),
        DataType::MediumBlob => Kind::Blob(16_777_215),
        DataType::LongBlob => Kind::Blob(4_294_967_295),
        DataType::Date => Kind::Date,
        DataType::Datetime(digits) => Kind::DateTime {
            fraction: fraction(digits),
        },
        DataType::Timestamp(digits, _) => Kind::Timestamp {
            fraction: fraction(digits),
        },
        DataType::Time(digits, _) => Kind::Time {
            fraction: fraction(digits),
        },
        DataType::JSON => Kind::Json,
        DataType::Enum(members, _) => Kind::Enum(
            members
                .iter()
                .map(|member| match member {
                    EnumMember::Name(name) | EnumMember::NamedValue(name, _) => name.clone(),
                })
                .collect(),
        ),
        DataType::Custom(name, _) if name.to_string().eq_ignore_ascii_case("YEAR") => Kind::Year,
        other => return Err(refuse(&format!("the column type {other}"))),
    })
}
