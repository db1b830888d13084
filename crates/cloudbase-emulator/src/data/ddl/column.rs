//! Columns: their types and attributes.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sqlparser::ast::{ColumnOption, DataType};
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

use super::data_type::{digits, kind};
use super::default::{default, is_now};
use super::key::{check, references};
use super::options::text_option;
use super::unsupported;
use super::words::Words as _;
use crate::data::catalog::{Column, DefaultValue, ForeignKey, Kind, TextOptions};
use crate::data::collation::Collation;
use crate::data::error::DataError;

/// A column as it is defined, and what its definition says about keys.
#[derive(Debug)]
pub(crate) struct Definition {
    pub(crate) column: Column,
    pub(crate) primary: bool,
    pub(crate) unique: bool,
    pub(crate) checks: Vec<String>,
    pub(crate) references: Option<ForeignKey>,
    /// What it says about its text, if anything.
    pub(crate) text: TextOptions,
}

/// Reads a column from its name on, up to a comma, a closing parenthesis, or its place in the table.
pub(super) fn column(parser: &mut Parser<'_>) -> Result<Definition, DataError> {
    let name = parser.name()?;
    let place = format!("column `{name}`");
    typed(parser, name).map_err(|error| error.within(&place))
}

fn typed(parser: &mut Parser<'_>, name: String) -> Result<Definition, DataError> {
    let mut definition = Definition {
        column: Column {
            name,
            kind: Kind::Json,
            nullable: true,
            default: None,
            auto_increment: false,
            generated: false,
            touch: false,
            binary: false,
            collation: Collation::default(),
            narrow: false,
            positive: false,
            digits: None,
        },
        primary: false,
        unique: false,
        checks: Vec::new(),
        references: None,
        text: TextOptions::default(),
    };
    typed_as(parser, &mut definition)?;
    while attribute(parser, &mut definition)? {}
    Ok(definition)
}

impl Column {
    /// A column of text in the character set `binary` is one of bytes.
    fn set_bytes(&mut self, kind: Kind) {
        self.kind = kind;
        if let Some(DefaultValue::Constant(Some(text))) = &mut self.default {
            *text = STANDARD.encode(&text);
        }
    }

    /// Compares text as these options say, which are the column's own or what is around it.
    pub(crate) fn set_text(&mut self, text: &TextOptions) -> Result<(), DataError> {
        let is_text = matches!(
            self.kind,
            Kind::Char(_) | Kind::VarChar(_) | Kind::Text(_) | Kind::Enum(_) | Kind::Set(_)
        );
        if !is_text {
            return Ok(());
        }
        let chosen = Collation::chosen(text)
            .map_err(|error| error.within(&format!("column `{}`", self.name)))?;
        match (chosen, &self.kind) {
            (Some(collation), _) => self.collation = collation,
            (None, Kind::Char(length)) => self.set_bytes(Kind::Binary(*length)),
            (None, Kind::VarChar(length)) => self.set_bytes(Kind::Blob((*length).into())),
            (None, Kind::Text(length)) => self.set_bytes(Kind::Blob(*length)),
            // A list of members stays one.
            (None, _) => self.collation = Collation::Bin,
        }
        self.binary = self.collation.is_binary();
        Ok(())
    }
}

/// Reads a type with what belongs to it.
fn typed_as(parser: &mut Parser<'_>, definition: &mut Definition) -> Result<(), DataError> {
    if parser.take(&["SERIAL"]) {
        definition.column.kind = Kind::Int {
            bits: 64,
            unsigned: true,
        };
        serial(definition);
        return Ok(());
    }
    let data_type = parser.parse_data_type()?;
    definition.column.positive = matches!(
        data_type,
        DataType::FloatUnsigned(_)
            | DataType::RealUnsigned
            | DataType::DoubleUnsigned(_)
            | DataType::DoublePrecisionUnsigned
    );
    definition.column.kind = kind(&data_type)?;
    definition.column.digits = digits(&data_type)?;
    loop {
        // The blanks of a server's own output are not what JSON shows of a number, but ZEROFILL is UNSIGNED too.
        if parser.take(&["UNSIGNED"]) || parser.take(&["ZEROFILL"]) {
            match &mut definition.column.kind {
                Kind::Int { unsigned, .. } | Kind::Decimal { unsigned, .. } => *unsigned = true,
                Kind::Float | Kind::Double => definition.column.positive = true,
                _ => return Err(unsupported("UNSIGNED of a column that is no number")),
            }
        } else if parser.take(&["BINARY"]) {
            definition.text.bin = true;
        } else if !parser.take(&["SIGNED"]) {
            return Ok(());
        }
    }
}

fn serial(definition: &mut Definition) {
    definition.column.auto_increment = true;
    definition.column.nullable = false;
    definition.unique = true;
}

/// Reads one attribute of a column; false if none stands here.
fn attribute(parser: &mut Parser<'_>, definition: &mut Definition) -> Result<bool, DataError> {
    if text_option(parser, &mut definition.text)? {
        return Ok(true);
    }
    match parser.word().as_deref() {
        // How the column is stored.
        Some("COLUMN_FORMAT" | "STORAGE" | "ENGINE_ATTRIBUTE" | "SECONDARY_ENGINE_ATTRIBUTE") => {
            parser.advance_token();
            parser.value()?;
            return Ok(true);
        }
        Some("VISIBLE") => {
            parser.advance_token();
            return Ok(true);
        }
        Some("SERIAL") if parser.take(&["SERIAL", "DEFAULT", "VALUE"]) => {
            serial(definition);
            return Ok(true);
        }
        Some("REFERENCES") => {
            // MySQL 8 reads a REFERENCES next to a column and forgets it; MariaDB and
            // MySQL 9 keep it, which is what its author meant.
            let columns = vec![definition.column.name.clone()];
            definition.references = Some(references(parser, String::new(), columns)?);
            return Ok(true);
        }
        Some("CONSTRAINT" | "CHECK") => {
            if parser.take(&["CONSTRAINT"]) && !parser.sees(&["CHECK"]) {
                parser.name()?;
            }
            parser.advance_token();
            definition.checks.extend(check(parser)?);
            return Ok(true);
        }
        // Where the column stands is no attribute of it.
        Some("FIRST" | "AFTER") => return Ok(false),
        _ => {}
    }
    let Some(option) = parser.parse_optional_column_option()? else {
        return match parser.peek_token_ref().token {
            Token::Comma | Token::RParen | Token::EOF => Ok(false),
            ref other => Err(unsupported(&format!("the attribute `{other}`"))),
        };
    };
    let column = &mut definition.column;
    match option {
        ColumnOption::Null => column.nullable = true,
        ColumnOption::NotNull => column.nullable = false,
        ColumnOption::Default(expression) => {
            column.default = Some(default(column, &expression)?);
        }
        ColumnOption::PrimaryKey(_) => {
            definition.primary = true;
            column.nullable = false;
        }
        ColumnOption::Unique(_) => definition.unique = true,
        ColumnOption::OnUpdate(expression) => {
            if !is_now(&expression) {
                return Err(unsupported(&format!("ON UPDATE {expression}")));
            }
            column.touch = true;
        }
        ColumnOption::Comment(_) => {}
        ColumnOption::DialectSpecific(tokens)
            if tokens
                .iter()
                .any(|token| token.to_string().eq_ignore_ascii_case("AUTO_INCREMENT")) =>
        {
            column.auto_increment = true;
            column.nullable = false;
        }
        // Read above, as MySQL writes them.
        other @ (ColumnOption::CharacterSet(_)
        | ColumnOption::Collation(_)
        | ColumnOption::ForeignKey(_)
        | ColumnOption::Check(_)
        // Its value would have to follow other columns.
        | ColumnOption::Generated { .. }
        // An INSERT without a list of columns and `SELECT *` leave it out.
        | ColumnOption::Invisible
        // Not of MySQL, or not of this engine.
        | ColumnOption::DialectSpecific(_)
        | ColumnOption::Materialized(_)
        | ColumnOption::Ephemeral(_)
        | ColumnOption::Alias(_)
        | ColumnOption::Options(_)
        | ColumnOption::Identity(_)
        | ColumnOption::OnConflict(_)
        | ColumnOption::Policy(_)
        | ColumnOption::Tags(_)
        | ColumnOption::Srid(_)) => return Err(unsupported(&format!("`{other}`"))),
    }
    Ok(true)
}
