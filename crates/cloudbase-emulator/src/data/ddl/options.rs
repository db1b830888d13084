//! Options of databases and tables: each is read, known to have no effect here, or rejected.

use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;

use super::unsupported;
use super::words::Words as _;
use crate::data::catalog::TextOptions;
use crate::data::error::DataError;

/// What a table says after its columns.
#[derive(Debug, Default)]
pub(super) struct TableOptions {
    pub(super) text: TextOptions,
    /// The next number that is given out.
    pub(super) auto_increment: Option<u64>,
}

/// How and where rows are stored, and what is said about them: none of it changes what a statement means.
const HARMLESS: [&str; 28] = [
    "AUTOEXTEND_SIZE",
    "AVG_ROW_LENGTH",
    "CHECKSUM",
    "COMMENT",
    "COMPRESSION",
    "DATA DIRECTORY",
    "DELAY_KEY_WRITE",
    "ENCRYPTED",
    "ENCRYPTION",
    "ENCRYPTION_KEY_ID",
    "ENGINE_ATTRIBUTE",
    "INDEX DIRECTORY",
    "KEY_BLOCK_SIZE",
    "MAX_ROWS",
    "MIN_ROWS",
    "PACK_KEYS",
    "PAGE_CHECKSUM",
    "PAGE_COMPRESSED",
    "PAGE_COMPRESSION_LEVEL",
    "PASSWORD",
    "ROW_FORMAT",
    "SECONDARY_ENGINE_ATTRIBUTE",
    "STATS_AUTO_RECALC",
    "STATS_PERSISTENT",
    "STATS_SAMPLE_PAGES",
    "STORAGE",
    "TABLESPACE",
    "TRANSACTIONAL",
];

/// Engines that keep rows as InnoDB does, as far as a client of the gateway can see.
const ENGINES: [&str; 9] = [
    "ARIA",
    "HEAP",
    "INNODB",
    "MEMORY",
    "MYISAM",
    "NDB",
    "NDBCLUSTER",
    "ROCKSDB",
    "TOKUDB",
];

/// Reads the options of a table up to something else.
pub(super) fn table(parser: &mut Parser<'_>) -> Result<TableOptions, DataError> {
    let mut options = TableOptions::default();
    while let Some(word) = parser.word() {
        if !table_option(parser, &word, &mut options)? {
            break;
        }
        let _ = parser.consume_token(&Token::Comma);
    }
    Ok(options)
}

/// Reads one option of a table; false if none stands here.
pub(super) fn table_option(
    parser: &mut Parser<'_>,
    word: &str,
    options: &mut TableOptions,
) -> Result<bool, DataError> {
    if text_option(parser, &mut options.text)? {
        return Ok(true);
    }
    if ["PARTITION", "AS", "SELECT", "IGNORE", "REPLACE"].contains(&word) {
        return Ok(false);
    }
    parser.advance_token();
    let name = match word {
        "DATA" | "INDEX" if parser.take(&["DIRECTORY"]) => format!("{word} DIRECTORY"),
        _ => word.to_owned(),
    };
    if name == "START" && parser.take(&["TRANSACTION"]) {
        return Ok(true);
    }
    let is_known = HARMLESS.contains(&name.as_str());
    if !is_known && name != "ENGINE" && name != "AUTO_INCREMENT" {
        return Err(unsupported(&format!("the table option {name}")));
    }
    let value = parser.value()?;
    if name == "ENGINE" && !ENGINES.contains(&value.to_ascii_uppercase().as_str()) {
        return Err(unsupported(&format!("the storage engine {value}")));
    }
    if name == "AUTO_INCREMENT" {
        let number = value.parse().map_err(|_| {
            DataError::invalid_request(format!("AUTO_INCREMENT={value} is not a number"))
        })?;
        options.auto_increment = Some(number);
    }
    Ok(true)
}

/// Reads the options of a database.
pub(super) fn database(parser: &mut Parser<'_>) -> Result<TextOptions, DataError> {
    let mut text = TextOptions::default();
    loop {
        if text_option(parser, &mut text)? {
            continue;
        }
        parser.take(&["DEFAULT"]);
        match parser.word().as_deref() {
            Some("ENCRYPTION" | "COMMENT") => {
                parser.advance_token();
                parser.value()?;
            }
            Some("READ") if parser.take(&["READ", "ONLY"]) => {
                return Err(unsupported("the database option READ ONLY"));
            }
            Some(word) => return Err(unsupported(&format!("the database option {word}"))),
            None => return parser.end().map(|()| text),
        }
    }
}

/// Reads a character set or a collation; false if neither stands here.
pub(super) fn text_option(
    parser: &mut Parser<'_>,
    text: &mut TextOptions,
) -> Result<bool, DataError> {
    let has_charset = [
        &["CHARSET"][..],
        &["CHARACTER", "SET"],
        &["CHAR", "SET"],
        &["DEFAULT", "CHARSET"],
        &["DEFAULT", "CHARACTER", "SET"],
    ]
    .iter()
    .any(|words| parser.take(words));
    if has_charset {
        text.charset = Some(parser.value()?.to_ascii_lowercase());
        return Ok(true);
    }
    if parser.take(&["COLLATE"]) || parser.take(&["DEFAULT", "COLLATE"]) {
        text.collation = Some(parser.value()?.to_ascii_lowercase());
        return Ok(true);
    }
    Ok(false)
}
